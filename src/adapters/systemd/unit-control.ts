/**
 * Any unit as a resource of the cluster: started and stopped by systemd's jobs,
 * with their true results, and stopped only when its control group is empty.
 */
import { escapeControl } from '../../core/escape.js';
import { formatDuration } from '../../core/duration.js';
import { WatchkeeperError } from '../../core/errors.js';
import { failed, ok, type Outcome } from '../../core/outcome.js';
import { type Clock, sleep } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { StartedUnit, UnitControl, UnitLook, UnitStart } from '../../ports/unit-control.js';
import { lacksDropIn } from './cluster-drop-in.js';
import { heard, obeyed } from './deafness.js';
import { livesOn } from './first-breath.js';
import { lastLines, said } from './journal.js';
import { refusal, startOutcome } from './start-outcome.js';
import { isStopped, stopOutcome } from './stop-outcome.js';
import { type ActResult, type Systemctl, SystemdSilent } from './systemctl.js';
import { awaitEmpty, groupOf, isPopulated, killGroup } from './unit-group.js';
import { sinceNow, startIsSeen } from './easy-start.js';
import { endsDeliberately, type HeldUnit, heldUnit, HELD_PROPERTIES, unitLook } from './unit-look.js';
import { awaitsRestart, callRefusal, isDown, isUp } from './vocabulary.js';

/** ms for what systemd answers at once. */
const QUICK = 10_000;
/** ms that systemd may take to notice the end of a process, and between two looks. */
const NOTICE = 2_000;
const NOTICE_INTERVAL = 20;

export interface UnitControlParts {
  readonly runner: Runner;
  readonly processes: Pick<ProcessTable, 'identify' | 'isAlive'>;
  readonly clock: Clock;
  readonly systemctl: Systemctl;
}

export class SystemdUnitControl implements UnitControl {
  readonly #systemctl: Systemctl;

  constructor(private readonly parts: UnitControlParts) {
    this.#systemctl = parts.systemctl;
  }

  async look(unit: string): Promise<UnitLook> {
    return this.#lookOf(await this.#show(unit));
  }

  async isUnread(unit: string): Promise<boolean> {
    return (await this.#systemctl.isLoaded(unit)) === false;
  }

  async start(unit: string, { limit, isUnread, abort }: UnitStart): Promise<StartedUnit> {
    const began = this.parts.clock.monotonic();
    const before = isUnread ? sinceNow(unit, began) : await this.#prepared(unit);
    if (isUp(before.facts)) return this.#ended(ok(false, `${unit} is already ${before.facts.activeState}`), before);
    const hopeless = startless(before);
    if (hopeless !== undefined) return this.#ended(hopeless, before);
    const left = (): number => Math.max(1, limit - (this.parts.clock.monotonic() - began));
    // What is asked behind the order is told while its job takes its time.
    const order = () => obeyed(this.parts.clock, () => this.#systemctl.act('start', [unit], left(), abort));
    const [started, traits] = await Promise.all([order(), isUnread ? this.#systemctl.startTraits(unit) : undefined]);
    let result = started;
    // Somebody had it read just before the override was there.
    if (traits !== undefined && isStale(unit, traits)) await this.#systemctl.reloadManager(QUICK);
    if (result.ok && startIsSeen(traits?.type ?? '') && (await this.#systemctl.pulse(unit))?.activeState === 'active') return { outcome: ok(true, `${unit} is active`), look: undefined };
    let after = await this.#breathing(unit);
    if (after.facts.result === 'start-limit-hit' && isDown(after.facts)) {
      // The limit is for restarts by systemd; this start is the cluster's, which counts for itself.
      await this.#systemctl.act('reset-failed', [unit], QUICK);
      result = await order();
      after = await this.#breathing(unit);
    }
    if (isUp(after.facts)) return this.#ended(ok(true, `${unit} is ${after.facts.activeState} (${after.facts.subState})`), after);
    const refused = isUnread ? startless(after) : undefined;
    if (refused !== undefined) return this.#ended(refused, after);
    // Where it was not looked at before, the clock alone tells what belongs to this start.
    const evidence = isUnread ? { ...before, facts: { ...before.facts, invocation: after.facts.invocation } } : before;
    return this.#ended(result.timedOut ? await this.#late(after, limit) : await this.#judged(evidence, after, result, limit), undefined);
  }

  #ended(outcome: Outcome, held: HeldUnit | undefined): StartedUnit {
    return { outcome, look: held === undefined ? undefined : this.#lookOf(held) };
  }

  #lookOf(held: HeldUnit): UnitLook {
    return unitLook(held, (pid) => this.parts.processes.identify(pid));
  }

  /** Nothing of the past stands in the way: files that systemd has not read, an old failure, a restart that is due later. */
  async #prepared(unit: string): Promise<HeldUnit> {
    const seen = await this.#show(unit);
    const isOld = isStale(unit, seen);
    if (!isOld && !awaitsRestart(seen.facts) && seen.facts.activeState !== 'failed') return seen;
    if (isOld) await this.#systemctl.reloadManager(QUICK);
    if (awaitsRestart(seen.facts)) await this.#systemctl.act('stop', [unit], QUICK);
    await this.#systemctl.act('reset-failed', [unit], QUICK);
    return this.#show(unit);
  }

  /** What it is once its program has had the time to find that it can't work. */
  async #breathing(unit: string): Promise<HeldUnit> {
    const seen = await this.#show(unit);
    if (!isUp(seen.facts) || !seen.startsUnseen) return seen;
    const { clock, processes } = this.parts;
    const main = processes.identify(seen.facts.mainPid);
    if (main !== undefined && (await livesOn(main, (process) => processes.isAlive(process), clock))) return seen;
    // systemd may see its end a moment later than we do.
    const deadline = clock.monotonic() + NOTICE;
    for (;;) {
      const now = await this.#show(unit);
      if (!isUp(now.facts) || now.facts.mainPid !== seen.facts.mainPid || clock.monotonic() > deadline) return now;
      await sleep(clock, NOTICE_INTERVAL);
    }
  }

  async #judged(before: HeldUnit, { facts, isOneshot, remains }: HeldUnit, result: ActResult, limit: number): Promise<Outcome> {
    const { unit } = facts;
    if (isDown(facts) && result.ok && isOneshot && !remains) {
      return failed('unsupported', `${unit} ends by itself (Type=oneshot without RemainAfterExit=yes), so nobody could see whether it is started`, `try: systemctl edit ${unit}`);
    }
    const broken = isDown(facts) && facts.requires.length > 0 ? (await this.#systemctl.show(facts.requires)).all.filter((other) => !isUp(other)) : [];
    const outcome = startOutcome({
      spec: { executable: unit, startTimeout: limit, restart: { when: 'always' } },
      notMaster: -1,
      before: before.facts,
      after: facts,
      verdict: result.verdicts.get(unit) ?? result.verdicts.get(facts.id),
      allWell: result.ok,
      unmet: [],
      broken,
    });
    const refused = result.ok ? undefined : callRefusal(result.stderr);
    if (refused?.code === 'permission') return failed('permission', refused.reason, 'try the same as root');
    if (outcome?.kind !== 'failed') return outcome ?? failed('failed', `${unit} is ${facts.activeState} (${facts.subState}) after its start`, `try: systemctl status ${unit}`);
    return { ...outcome, reason: `${outcome.reason}${said(await lastLines(this.parts.runner, facts))}` };
  }

  /** Its time is over. Nobody waits for it any more, so it must not come up later. */
  async #late({ facts }: HeldUnit, limit: number): Promise<Outcome> {
    const { unit } = facts;
    const jobs = await this.#systemctl.jobs();
    const own = jobs.find((job) => job.unit === facts.id);
    const after = own?.state === 'waiting' ? await this.#systemctl.startsAfter(unit) : [];
    await this.#systemctl.enqueueStop(unit, QUICK);
    const time = formatDuration(limit);
    if (own?.state !== 'waiting') {
      return failed('timeout', `${unit} is still ${facts.activeState} (${facts.subState}) after ${time}${said(await lastLines(this.parts.runner, facts))}`, `try: systemctl status ${unit}`);
    }
    const awaited = jobs.filter((job) => job.unit !== facts.id && after.includes(job.unit)).map((job) => `${job.unit} (${job.type}, ${job.state})`);
    const which = awaited.length === 0 ? 'systemctl list-jobs tells them' : awaited.slice(0, 5).join(', ');
    return failed('dependency', `${unit} was not started within ${time}: its dependencies are still starting: ${which}`, 'try: systemctl list-jobs');
  }

  async stop(unit: string, limit: number): Promise<Outcome> {
    const { clock } = this.parts;
    const began = clock.monotonic();
    const before = await this.#show(unit);
    const outcome = isStopped(before.facts) ? ok(false, `${unit} is already ${before.facts.activeState}`) : await this.#stopped(unit, limit);
    const group = groupOf(before.controlGroup);
    if (outcome.kind !== 'ok' || group === undefined || endsDeliberately(before)) return outcome;
    // Its ExecStop= returned early, and systemd was told to leave the rest alone.
    if (await awaitEmpty(group, Math.max(1, limit - (clock.monotonic() - began)), clock)) return outcome;
    return failed('still-running', `processes of ${unit} live on in its control group after ${formatDuration(limit)}`, `try: systemd-cgls -u ${unit}`);
  }

  async #stopped(unit: string, limit: number): Promise<Outcome> {
    const result = await obeyed(this.parts.clock, () => this.#systemctl.act('stop', [unit], limit));
    return stopOutcome((await this.#show(unit)).facts, result, limit);
  }

  async kill(unit: string): Promise<void> {
    const held = await this.#show(unit);
    if (endsDeliberately(held)) {
      // Its other processes are meant to live on.
      await this.#systemctl.kill(unit, 'SIGKILL', QUICK);
      await this.#systemctl.killControl(unit, QUICK);
      return;
    }
    await this.#systemctl.killAll(unit, QUICK);
    const group = groupOf(held.controlGroup);
    if (group !== undefined && isPopulated(group)) killGroup(group);
  }

  async reload(unit: string, limit: number): Promise<Outcome> {
    const { facts } = await this.#show(unit);
    const next = `try: systemctl status ${unit}`;
    if (!isUp(facts)) return failed('failed', `${unit} is ${facts.activeState}, so it cannot reload`, next);
    if (!facts.canReload) return failed('unsupported', `${unit} has no ExecReload=`, `try: systemctl edit ${unit}`);
    const result = await this.#systemctl.act('reload', [unit], limit);
    if (result.timedOut) return failed('timeout', `${unit} did not reload within ${formatDuration(limit)}`, next);
    return result.ok ? ok(true, `${unit} reloaded`) : failed('failed', `cannot reload ${unit}: ${escapeControl(result.stderr.trim(), 300)}`, next);
  }

  async #show(unit: string): Promise<HeldUnit> {
    try {
      return heldUnit(await heard(this.parts.clock, () => this.#systemctl.showWith(unit, HELD_PROPERTIES)));
    } catch (error) {
      if (!(error instanceof SystemdSilent)) throw error;
      throw new WatchkeeperError('INTERNAL', `cannot tell the state of ${unit}`, escapeControl(error.message, 300), 'systemctl status', { cause: error });
    }
  }
}

/** Why no start can help; another node may have a better file of it. */
function startless({ facts }: HeldUnit): Outcome | undefined {
  const refused = refusal(facts);
  return refused?.kind === 'failed' && refused.code === 'failed' ? { ...refused, code: 'not-installed' } : refused;
}

/** Whether systemd would start it, or has, by files that are not those on the disk. */
function isStale(unit: string, { needsReload, dropIns }: Pick<HeldUnit, 'needsReload' | 'dropIns'>): boolean {
  return needsReload || lacksDropIn(unit, dropIns);
}
