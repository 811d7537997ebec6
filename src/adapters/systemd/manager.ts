/**
 * systemd as the service manager. systemd restarts; we ask, wait for the true
 * result, and tell it. Everything goes through systemctl, see there.
 */
import type { DaemonSpec, GroupSpec } from '../../core/daemon.js';
import { WatchkeeperError } from '../../core/errors.js';
import type { Observation } from '../../core/observation.js';
import { inStartOrder, longestWay } from '../../core/order.js';
import { failed, isNotMaster, ok, skipped, type Outcome } from '../../core/outcome.js';
import { describeUnmet } from '../../core/start-condition.js';
import { type Clock, sleep } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { ServiceManager, StartRequest } from '../../ports/service-manager.js';
import type { ReadinessChecker } from '../../ports/start-preparation.js';
import { isMet } from '../host/start-condition.js';
import { heard, obeyed, orSilent, silence } from './deafness.js';
import { explained, type Failure, lastLines, said } from './journal.js';
import { observation } from './observation.js';
import type { OneshotArguments } from './oneshot.js';
import { awaitReadiness, type Waited } from './readiness.js';
import { reloadUnit } from './reload.js';
import { isAtRest, restingFacts } from './easy-start.js';
import { refusal, startOutcome, tooLateForArguments } from './start-outcome.js';
import { isStopped, stopOutcome } from './stop-outcome.js';
import { type ActResult, Systemctl, SystemdSilent, UnitTable } from './systemctl.js';
import { unmetInAdvance } from './unmet-in-advance.js';
import type { UnitFacts } from './unit-facts.js';
import { unitsKeepOrder } from './unit-order.js';
import { awaitsRestart, callRefusal, isDown, isNotFound, isUp } from './vocabulary.js';

export interface SystemdManagerOptions {
  readonly group: Pick<GroupSpec, 'notMasterExitStatus' | 'refusals'>;
  readonly runner: Runner;
  readonly processes: ProcessTable;
  readonly readiness: ReadinessChecker;
  readonly clock: Clock;
  readonly oneshot: OneshotArguments;
  /** Whether an operator asks: only then a start limit that was hit is cleared first. */
  readonly explicit: boolean;
  readonly systemctl?: Systemctl;
}

/** ms on top of a unit's own time-outs, so that systemd's verdict comes before our deadline. */
const GRACE = 5_000;
/** ms for what systemd answers at once. */
const QUICK = 10_000;

/** ms that systemd may take to notice the end of a process, and between two looks. */
const NOTICE = 2_000;
const NOTICE_INTERVAL = 20;

const GIVEN_UP = failed('canceled', 'nobody waits for the start any more', 'try: the same again');

/** A request on its way through a start. */
interface Attempt {
  readonly request: StartRequest;
  readonly before: UnitFacts;
  /** It did not come up in time. */
  late: boolean;
}

export class SystemdManager implements ServiceManager {
  readonly kind = 'systemd';
  readonly #options: SystemdManagerOptions;
  readonly #systemctl: Systemctl;

  constructor(options: SystemdManagerOptions) {
    this.#options = options;
    this.#systemctl = options.systemctl ?? new Systemctl(options.runner);
  }

  async observe(specs: readonly DaemonSpec[]): Promise<readonly Observation[]> {
    try {
      const identify = (pid: number) => this.#options.processes.identify(pid);
      return (await this.#show(specs.map(({ unit }) => unit))).all.map((facts) => observation(facts, identify));
    } catch (error) {
      if (!(error instanceof SystemdSilent)) throw error;
      throw new WatchkeeperError('INTERNAL', 'cannot read the state of the units', error.message, 'systemctl status', { cause: error });
    }
  }

  #show(units: readonly string[]): Promise<UnitTable> {
    return heard(this.#options.clock, () => this.#systemctl.show(units));
  }

  async keepsOrder(specs: readonly DaemonSpec[], way: 'start' | 'stop'): Promise<boolean> {
    try {
      return unitsKeepOrder(specs, await this.#systemctl.showOrder(specs.map(({ unit }) => unit)), way);
    } catch (error) {
      if (error instanceof SystemdSilent) return false;
      throw error;
    }
  }

  async start(requests: readonly StartRequest[], abort?: AbortSignal): Promise<readonly Outcome[]> {
    return orSilent(requests.length, async () => {
      const outcomes = new Map<StartRequest, Outcome>();
      const before = await this.#beforeStart(requests);
      const attempts: Attempt[] = [];
      for (const request of requests) {
        const facts = before.of(request.spec.unit);
        const decided = refusal(facts) ?? this.#alreadyUp(facts) ?? unmetInAdvance(request.spec) ?? this.#placeArguments(request, facts);
        if (decided === undefined) attempts.push({ request, before: facts, late: false });
        else outcomes.set(request, decided);
      }
      try {
        if (attempts.length > 0) await this.#startAll(attempts, outcomes, abort);
      } finally {
        for (const { spec, oneShotArguments } of requests) if (oneShotArguments.length > 0) this.#options.oneshot.discard(spec.name);
      }
      return requests.map((request) => outcomes.get(request) ?? (abort?.aborted === true ? GIVEN_UP : failed('internal', 'no outcome was found', `try: systemctl status ${request.spec.unit}`)));
    });
  }

  /** Of one that is down not all has to be known. */
  async #beforeStart(requests: readonly StartRequest[]): Promise<UnitTable> {
    const [only, another] = requests;
    const isPlain = only !== undefined && another === undefined && only.oneShotArguments.length === 0;
    const resting = isPlain ? await restingFacts(only.spec.unit, this.#systemctl, this.#options.clock) : undefined;
    return resting === undefined ? this.#show(requests.map(({ spec }) => spec.unit)) : new UnitTable([resting]);
  }

  #alreadyUp(facts: UnitFacts): Outcome | undefined {
    if (!isUp(facts)) return undefined;
    return ok(false, `${facts.unit} is already ${facts.activeState} (${facts.subState})`, this.#options.processes.identify(facts.mainPid));
  }

  #placeArguments({ spec, oneShotArguments }: StartRequest, facts: UnitFacts): Outcome | undefined {
    if (oneShotArguments.length === 0) return undefined;
    const tooLate = tooLateForArguments(facts, spec.name, oneShotArguments);
    if (tooLate !== undefined) return tooLate;
    const file = this.#options.oneshot.environmentFile(spec.name);
    if (!facts.environmentFiles.includes(file)) {
      return failed(
        'unsupported',
        `${spec.unit} takes no one-shot arguments: it has no EnvironmentFile=-${file}`,
        `try: systemctl cat ${spec.unit}, and put in what the units of Watchkeeper have`,
      );
    }
    return this.#options.oneshot.request(spec.name, oneShotArguments);
  }

  async #startAll(attempts: readonly Attempt[], outcomes: Map<StartRequest, Outcome>, abort?: AbortSignal): Promise<void> {
    const { clock, explicit } = this.#options;
    const began = clock.monotonic();
    // systemctl asks for one after the other, and systemd begins at once with one that comes after nothing that it was asked for.
    const units = inStartOrder(attempts.map(({ request }) => request.spec)).map(({ unit }) => unit);
    // systemctl start would wait until RestartSec has passed; an operator's start is now.
    const restarting = attempts.filter(({ before }) => awaitsRestart(before)).map(({ before }) => before.unit);
    if (restarting.length > 0) await this.#systemctl.act('stop', restarting, QUICK);
    const limit = longestWay(attempts.map(({ request }) => request.spec), ({ startTimeout }) => startTimeout);
    const result = await obeyed(clock, () => (explicit ? this.#systemctl.startAnew(units, limit + GRACE, abort) : this.#systemctl.act('start', units, limit + GRACE, abort)));
    // Its jobs go on; whoever stops it cancels them.
    if (abort?.aborted === true) return;
    const after = await this.#show(units);
    await Promise.all(
      attempts.map(async (attempt) => {
        outcomes.set(attempt.request, await this.#judge(attempt, after.of(attempt.before.unit), result, { began, abort }));
      }),
    );
    await this.#leaveNothing(attempts);
  }

  async #judge(attempt: Attempt, after: UnitFacts, result: ActResult, { began, abort }: { readonly began: number; readonly abort: AbortSignal | undefined }): Promise<Outcome> {
    const { spec } = attempt.request;
    const early = await this.#verdict(attempt, after, result);
    if (early !== undefined) return early;
    const process = after.mainPid === 0 ? undefined : this.#options.processes.identify(after.mainPid);
    const waited: Waited =
      after.mainPid !== 0 && process === undefined
        ? { kind: 'ended', reason: `process ${after.mainPid} has ended` }
        : await awaitReadiness(spec, { began, startedAt: after.startedAt / 1000, process }, this.#options, abort);
    if (waited.kind === 'ready') return ok(true, `${spec.unit} is up: ${waited.reason}`, process);
    if (waited.kind === 'given-up') return GIVEN_UP;
    const now = waited.kind === 'ended' ? await this.#afterEnd(after) : (await this.#show([spec.unit])).of(spec.unit);
    const late = await this.#verdict(attempt, now, result);
    if (late !== undefined) return late;
    const next = `try: systemctl status ${spec.unit}; journalctl -u ${spec.unit}`;
    if (waited.kind === 'ended') return failed('failed', `it ended before it was ready, and runs again: ${waited.reason}`, next);
    attempt.late = true;
    return this.#explained({ kind: 'failed', code: 'not-ready', reason: `${waited.reason}; it was stopped`, next }, spec, now);
  }

  async #explained(failure: Failure, spec: DaemonSpec, facts: UnitFacts): Promise<Outcome> {
    return explained(failure, spec, await lastLines(this.#options.runner, facts), this.#options.group.refusals ?? []);
  }

  /** We may see the end of a process a moment before systemd does. */
  async #afterEnd(seen: UnitFacts): Promise<UnitFacts> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + NOTICE;
    for (;;) {
      const now = (await this.#show([seen.unit])).of(seen.unit);
      if (!isUp(now) || now.mainPid !== seen.mainPid || clock.monotonic() > deadline) return now;
      await sleep(clock, NOTICE_INTERVAL);
    }
  }

  /** undefined: it is up. */
  async #verdict(attempt: Attempt, after: UnitFacts, result: ActResult): Promise<Outcome | undefined> {
    const { spec } = attempt.request;
    const verdict = result.verdicts.get(spec.unit) ?? result.verdicts.get(after.id);
    const broken = isDown(after) && after.requires.length > 0 ? (await this.#systemctl.show(after.requires)).all.filter((facts) => !isUp(facts)) : [];
    const unmet = spec.conditions.filter((condition) => !isMet(condition)).map(describeUnmet);
    const outcome = startOutcome({ spec, notMaster: this.#options.group.notMasterExitStatus, before: attempt.before, after, verdict, allWell: result.ok, unmet, broken });
    if (outcome?.kind === 'skipped' && isNotMaster(outcome)) return skipped(`${outcome.reason}${said(await lastLines(this.#options.runner, after))}`);
    if (outcome?.kind !== 'failed') return outcome;
    const refused = result.ok || verdict !== undefined ? undefined : callRefusal(result.stderr);
    if (refused?.code === 'permission') return failed('permission', refused.reason, 'try the same as root');
    if (outcome.code !== 'failed' && outcome.code !== 'timeout' && outcome.code !== 'not-ready') return outcome;
    attempt.late = outcome.code !== 'failed';
    return this.#explained(outcome, spec, after);
  }

  /** What did not come up in time must not come up later, when nobody waits for it any more. */
  async #leaveNothing(attempts: readonly Attempt[]): Promise<void> {
    const late = attempts.filter((attempt) => attempt.late);
    if (late.length > 0) await this.stop(late.map(({ request }) => request.spec));
  }

  async stop(specs: readonly DaemonSpec[]): Promise<readonly Outcome[]> {
    return orSilent(specs.length, async () => {
      const [only, another] = specs;
      const pulse = only === undefined || another !== undefined ? undefined : await this.#systemctl.pulse(only.unit);
      if (only !== undefined && pulse !== undefined && isAtRest(pulse)) return [ok(false, `${only.unit} is already ${pulse.activeState}`)];
      const before = await this.#show(specs.map(({ unit }) => unit));
      const ordered = inStartOrder(specs).toReversed().map(({ unit }) => unit);
      const units = ordered.filter((unit) => !isStopped(before.of(unit)));
      // SIGTERM for stopTimeout, SIGKILL for as long again.
      const limit = 2 * longestWay(specs, ({ stopTimeout }) => stopTimeout) + GRACE;
      const result = units.length === 0 ? undefined : await obeyed(this.#options.clock, () => this.#systemctl.act('stop', units, limit));
      const after = await this.#show(units);
      return before.all.map((facts) => {
        if (isStopped(facts)) return ok(false, isNotFound(facts) ? `systemd has no unit ${facts.unit}, so it does not run` : `${facts.unit} is already ${facts.activeState}`);
        return stopOutcome(after.of(facts.unit), result, limit);
      });
    });
  }

  async reload(spec: DaemonSpec): Promise<Outcome> {
    try {
      return await reloadUnit(spec, this.#systemctl, this.#options.processes);
    } catch (error) {
      return silence(error);
    }
  }
}
