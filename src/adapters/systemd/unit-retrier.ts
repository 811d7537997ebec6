/** reset-failed and start of a unit that systemd has given up, after a last look at it. */
import type { DaemonSpec } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import type { RetryOutcome, UnitRetrier } from '../../ports/unit-retrier.js';
import { leftDown } from './left-down.js';
import { type Systemctl, SystemdSilent } from './systemctl.js';
import type { UnitFacts } from './unit-facts.js';
import { isUp } from './vocabulary.js';

/** ms for what systemd answers at once. */
const QUICK = 10_000;

export class SystemdRetrier implements UnitRetrier {
  constructor(private readonly systemctl: Systemctl) {}

  async retry(spec: DaemonSpec, failedAt: number): Promise<RetryOutcome> {
    try {
      return await this.#retry(spec, failedAt);
    } catch (error) {
      if (!(error instanceof SystemdSilent)) throw error;
      return { kind: 'failed', reason: `systemd does not answer: ${escapeControl(error.message, 300)}` };
    }
  }

  async forget({ unit }: DaemonSpec): Promise<string | undefined> {
    const { ok, timedOut, stderr } = await this.systemctl.act('reset-failed', [unit], QUICK);
    if (ok) return undefined;
    return timedOut ? `systemd did not answer within ${QUICK} ms` : escapeControl(stderr.trim(), 300);
  }

  async #retry({ unit }: DaemonSpec, failedAt: number): Promise<RetryOutcome> {
    const facts = await this.systemctl.showOne(unit);
    const left = leftDown(facts, undefined);
    if (left?.failedAt !== failedAt) return { kind: 'changed', reason: `${unit} is ${facts.activeState} (${facts.subState}) meanwhile` };
    if (left.barred !== undefined) return { kind: 'changed', reason: left.barred };
    const whole = await this.#stoppedWhole(facts);
    if (whole !== undefined) return { kind: 'stopped', reason: `${whole} was stopped after it had failed` };
    await this.systemctl.act('reset-failed', [unit], QUICK);
    const { ok, stderr } = await this.systemctl.enqueueStart(unit, QUICK);
    return ok ? { kind: 'asked' } : { kind: 'failed', reason: escapeControl(stderr.trim(), 300) };
  }

  /** A stop of what it is part of passes a failed unit by, but meant it, too. */
  async #stoppedWhole({ partOf, downAt }: UnitFacts): Promise<string | undefined> {
    const wholes = partOf.length === 0 ? [] : (await this.systemctl.show(partOf)).all;
    return wholes.find((whole) => !isUp(whole) && whole.downAt > downAt)?.unit;
  }
}
