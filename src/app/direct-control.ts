/**
 * Carries out what `daemon-util` asks for in this very process: under systemd,
 * and where no watcher runs.
 *
 * What is wanted is written down before anything is done, so that whoever looks
 * afterwards, also after a `kill -9` of ours, finds the intent and not only its
 * remains. Each daemon is acted upon under its own lock and for no longer, as a
 * daemon that is being started may itself call daemon-util for another one.
 */
import { requireDaemon, type Catalogue } from '../core/catalogue.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { isAlive } from '../core/observation.js';
import { orderForStart, type Ordered } from '../core/order.js';
import type { Outcome } from '../core/outcome.js';
import { NOT_ASKED, withheldReason, type RoleAnswer } from '../core/role.js';
import type { Clock } from '../ports/clock.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { Controller, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../ports/controller.js';
import type { Locks } from '../ports/locks.js';
import type { Runner } from '../ports/runner.js';
import type { ServiceManager } from '../ports/service-manager.js';
import type { DesiredStateStore } from '../ports/store.js';
import { withDaemonLocks } from './daemon-locks.js';
import { directStatus } from './direct-status.js';
import { BY_NOBODY, startedSince, stoppedSince, unlessOvertaken } from './overtaken.js';
import { setupOnce, type SetupOnce } from './setup-once.js';
import { stillDown, takenAlong } from './stopped-along.js';
import { refusedStarts } from './stopped-requirement.js';
import { Wishes } from './wishes.js';

export interface DirectControlParts {
  readonly catalogue: Catalogue;
  readonly manager: ServiceManager;
  readonly desired: DesiredStateStore;
  /** Of that, where others of this process write it, too: they have one order. */
  readonly wishes?: Wishes;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly runner: Runner;
  /** Of this boot; stands in the records of desired state. */
  readonly bootId: string;
  /** Asks whether this node holds these roles. */
  readonly roles: (names: readonly string[]) => Promise<(role: string) => RoleAnswer>;
  readonly holds: Pick<ClusterHoldStore, 'read'>;
  /** ms to wait for somebody else who is at work on the same daemon. */
  readonly lockTimeout: number;
}

type Waves = readonly (readonly DaemonSpec[])[];

export class DirectControl implements Controller {
  readonly via = 'direct';

  readonly #wishes: Wishes;

  constructor(private readonly parts: DirectControlParts) {
    this.#wishes = parts.wishes ?? new Wishes(parts.desired, parts.clock, parts.bootId);
  }

  async start(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const { specs, held } = await this.selectForStart(request.names, progress);
    if (specs.length === 1) return [...held, ...(await this.startWaves([specs], request, progress, BY_NOBODY))];
    await this.#wishes.want(specs, 'up', request.by, {}, (spec, known) => this.#wishes.heldBack(spec, request.names, known) !== undefined);
    return [...held, ...(await this.startWaves(await this.steps(specs, 'start'), request, progress))];
  }

  async stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const specs = this.select(request.names);
    const emphasis = { hold: request.hold, asker: request.asker, whole: specs.length > 1 && specs.length === this.parts.catalogue.daemons.length };
    const isWish = request.unrecorded !== true;
    if (isWish && specs.length > 1) await this.#wishes.want(specs, 'down', request.by, emphasis);
    const overtaken = isWish && specs.length > 1 ? startedSince(this.#wishes) : BY_NOBODY;
    const outcomes: NamedOutcome[] = [];
    for (const wave of reversed(await this.steps(specs, 'stop'))) {
      const stop = async (free: readonly DaemonSpec[]): Promise<readonly Outcome[]> => {
        if (isWish && overtaken === BY_NOBODY) await this.#wishes.want(free, 'down', request.by, emphasis);
        return this.parts.manager.stop(within(free, request.stopTimeout));
      };
      outcomes.push(...(await this.underLocks(wave, request.by, progress, () => unlessOvertaken(wave, overtaken, stop))));
    }
    return outcomes;
  }

  async restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const { manager, catalogue } = this.parts;
    const { specs, refused } = await this.withoutRefused(this.select(request.names), progress);
    const along = await takenAlong(specs, catalogue.daemons, manager);
    const outcomes = await this.restartAll(specs, request, progress);
    const failures = specs.filter((spec) => outcomes.some(({ name, outcome }) => name === spec.name && outcome.kind === 'failed'));
    const down = await stillDown(along, failures, manager);
    return [...refused, ...outcomes, ...(await this.startWaves(await this.steps(down, 'start'), { ...request, oneShotArguments: {} }, progress))];
  }

  private async restartAll(specs: readonly DaemonSpec[], request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const [only, another] = specs;
    if (only === undefined) return [];
    if (another === undefined) return this.underLocks([only], request.by, progress, () => this.restartOne(only, request));
    await this.#wishes.want(specs, 'up', request.by);
    const stopFailures: NamedOutcome[] = [];
    for (const wave of reversed(await this.steps(specs, 'stop'))) {
      const outcomes = await this.underLocks(wave, request.by, undefined, () => this.parts.manager.stop(wave));
      stopFailures.push(...outcomes.filter(({ outcome }) => outcome.kind === 'failed'));
    }
    for (const failure of stopFailures) progress?.(failure);
    // What did not stop still runs; what did stop must not stay down because of it.
    const stopped = specs.filter((spec) => !stopFailures.some(({ name }) => name === spec.name));
    return [...stopFailures, ...(await this.startWaves(await this.steps(stopped, 'start'), request, progress))];
  }

  async status(names: readonly string[]): Promise<readonly DaemonStatus[]> {
    const { manager, clock } = this.parts;
    const specs = names.map((name) => this.find(name));
    const observations = await manager.observe(specs);
    const wishes = specs.map((spec) => this.#wishes.now(spec));
    const answer = await this.rolesOf(specs.filter((_spec, index) => wishes[index]?.desired === 'up' && !isAlive(at(observations, index))));
    const { group } = this.parts.catalogue;
    const statuses = specs.map((spec, index) =>
      directStatus(spec, at(observations, index), {
        wanted: at(wishes, index),
        kind: manager.kind,
        now: clock.monotonic(),
        notMaster: group.notMasterExitStatus,
        withheld: withheldReason(spec, group.roles, answer),
        held: this.parts.holds.read(spec.name) !== undefined,
      }),
    );
    return this.#wishes.told(statuses, this.parts.catalogue.daemons);
  }

  /** Nobody is asked about daemons that are up, or meant to be down. */
  private async rolesOf(specs: readonly DaemonSpec[]): Promise<(role: string) => RoleAnswer> {
    const { catalogue, roles } = this.parts;
    const names = catalogue.group.roles.filter(({ name, source }) => source !== undefined && specs.some((spec) => spec.roles.includes(name))).map(({ name }) => name);
    return names.length === 0 ? () => NOT_ASKED : roles(names);
  }

  /** @param overtaken by a stop, where all are on record as wanted up */
  private async startWaves(waves: Waves, request: StartControlRequest, progress?: Progress, overtaken = stoppedSince(this.#wishes)): Promise<readonly NamedOutcome[]> {
    const setup = this.setup();
    const outcomes: NamedOutcome[] = [];
    for (const wave of waves) {
      const start = async (free: readonly DaemonSpec[]): Promise<readonly Outcome[]> => {
        if (overtaken === BY_NOBODY) await this.#wishes.want(free, 'up', request.by);
        return this.startNow(free, request, setup);
      };
      const ofWave = await this.underLocks(wave, request.by, progress, () => unlessOvertaken(wave, overtaken, start));
      outcomes.push(...ofWave);
      if (ofWave.some(({ outcome }) => outcome.kind === 'failed')) break;
    }
    return outcomes;
  }

  private async restartOne(spec: DaemonSpec, request: StartControlRequest): Promise<readonly Outcome[]> {
    // Wanted up all the time: if we are killed between the two, it belongs up again.
    await this.#wishes.want([spec], 'up', request.by);
    const stopped = await this.parts.manager.stop([spec]);
    if (stopped.some((outcome) => outcome.kind === 'failed')) return stopped;
    return this.startNow([spec], request, this.setup());
  }

  private async startNow(wave: readonly DaemonSpec[], { oneShotArguments, abort }: StartControlRequest, setup: SetupOnce): Promise<readonly Outcome[]> {
    if (this.parts.manager.kind !== 'systemd') {
      // systemd has the setup program as a unit that the daemons' units require.
      const observations = await this.parts.manager.observe(wave);
      const refusal = observations.every(isAlive) ? undefined : await setup();
      if (refusal !== undefined) return wave.map(() => refusal);
    }
    return this.parts.manager.start(wave.map((spec) => ({ spec, oneShotArguments: oneShotArguments[spec.name] ?? [] })), abort);
  }

  private setup(): SetupOnce {
    return setupOnce(this.parts.catalogue.group.setup, this.parts.runner);
  }

  /** The outcomes of one step, timed and told; a lock that can't be had is the only outcome of its step. */
  private async underLocks(wave: readonly DaemonSpec[], purpose: string, progress: Progress | undefined, action: () => Promise<readonly Outcome[]>): Promise<readonly NamedOutcome[]> {
    const { clock, locks, lockTimeout } = this.parts;
    const began = clock.monotonic();
    const result = await withDaemonLocks(locks, wave, { timeout: lockTimeout, purpose }, action);
    const took = clock.monotonic() - began;
    const outcomes = result.ok ? wave.map((spec, index) => ({ name: spec.name, outcome: at(result.value, index), took })) : [{ name: result.name, outcome: result.outcome, took }];
    for (const outcome of outcomes) progress?.(outcome);
    return outcomes;
  }

  /**
   * systemd takes all in one call where its units keep the order, and else a whole
   * wave; without it one daemon after the other keeps the operator's own order.
   */
  private async steps(specs: readonly DaemonSpec[], way: 'start' | 'stop'): Promise<Waves> {
    const ordered: Ordered = orderForStart(specs);
    if (!ordered.ok) {
      throw new WatchkeeperError('CONFIG_INVALID', 'cannot order the daemons', `cycle ${ordered.cycle.join(' → ')}`, 'watchkeeper config check');
    }
    const { manager } = this.parts;
    if (manager.kind !== 'systemd') return ordered.sequence.map((spec) => [spec]);
    if (ordered.waves.length < 2) return ordered.waves;
    return (await manager.keepsOrder(specs, way)) ? [ordered.sequence] : ordered.waves;
  }

  private async selectForStart(names: readonly string[], progress?: Progress): Promise<{ specs: readonly DaemonSpec[]; held: readonly NamedOutcome[] }> {
    const all = this.select(names);
    const held = all.flatMap((spec) => {
      const outcome = this.#wishes.heldBack(spec, names);
      return outcome === undefined ? [] : [{ name: spec.name, outcome, took: 0 }];
    });
    for (const outcome of held) progress?.(outcome);
    const { specs, refused } = await this.withoutRefused(all.filter(({ name }) => !held.some((other) => other.name === name)), progress);
    return { specs, held: [...held, ...refused] };
  }

  private async withoutRefused(all: readonly DaemonSpec[], progress?: Progress): Promise<{ specs: readonly DaemonSpec[]; refused: readonly NamedOutcome[] }> {
    const { manager } = this.parts;
    if (manager.kind !== 'systemd') return { specs: all, refused: [] };
    const machine = { find: (name: string) => this.find(name), stoppedByHand: (spec: DaemonSpec) => this.#wishes.stoppedByHand(spec), observe: (specs: readonly DaemonSpec[]) => manager.observe(specs) };
    const outcomes = await refusedStarts(all, machine);
    const refused = [...outcomes].map(([name, outcome]) => ({ name, outcome, took: 0 }));
    for (const outcome of refused) progress?.(outcome);
    return { specs: all.filter(({ name }) => !outcomes.has(name)), refused };
  }

  /** In the catalogue's order, each once. */
  private select(names: readonly string[]): readonly DaemonSpec[] {
    const wanted = new Set(names.map((name) => this.find(name)));
    return this.parts.catalogue.daemons.filter((daemon) => wanted.has(daemon));
  }

  private find(name: string): DaemonSpec {
    return requireDaemon(this.parts.catalogue, name);
  }
}

function within(specs: readonly DaemonSpec[], stopTimeout: number | undefined): readonly DaemonSpec[] {
  return stopTimeout === undefined ? specs : specs.map((spec) => ({ ...spec, stopTimeout }));
}

function reversed(waves: Waves): Waves {
  return [...waves].reverse().map((wave) => [...wave].reverse());
}

/** A port that breaks its promise of one answer per question must not pass as success. */
function at<T>(answers: readonly T[], index: number): T {
  const answer = answers[index];
  if (answer === undefined) throw new Error(`the service manager gave ${answers.length} answers, ${index + 1} were expected`);
  return answer;
}
