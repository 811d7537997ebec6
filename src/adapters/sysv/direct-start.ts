/** One start without a watcher: spawn, wait until it is ready, or clean up and say why not. */
import { commandArguments } from '../../core/command-line.js';
import type { DaemonSpec, GroupSpec } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import { describeExit, type ExitStatus } from '../../core/exit-status.js';
import { failed, notMasterReason, ok, skipped, type FailureCode, type Outcome } from '../../core/outcome.js';
import { sameProcess, type ProcessIdentity } from '../../core/process-identity.js';
import { sleep, type Clock } from '../../ports/clock.js';
import type { ProcessMarkers } from '../../ports/process-markers.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { StartRequest } from '../../ports/service-manager.js';
import type { ReadinessChecker, StartPreparation } from '../../ports/start-preparation.js';
import type { DaemonGroups } from '../host/daemon-groups.js';
import type { HostClaims } from './claims.js';
import type { Finder, Found } from './find.js';
import type { DaemonChild, DaemonLauncher } from './launcher.js';
import type { Stopper } from './stopper.js';
import { survivors } from './survivors.js';

const FIRST_INTERVAL = 5;
const LONGEST_INTERVAL = 100;
/** ms that one look at readiness may take at most. */
const LONGEST_LOOK = 5000;
/** ms until a daemon that forked away and of which nothing is seen counts as gone. */
const VANISHED = 1000;

export interface DirectStartParts {
  readonly group: GroupSpec;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  readonly markers: ProcessMarkers;
  readonly claims: HostClaims;
  readonly finder: Finder;
  readonly stopper: Stopper;
  readonly launcher: DaemonLauncher;
  readonly preparation: StartPreparation;
  readonly readiness: ReadinessChecker;
  readonly groups: DaemonGroups;
}

type Wait<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'ended'; readonly exit: ExitStatus } | { readonly kind: 'late'; readonly reason: string };

export class DirectStart {
  constructor(private readonly parts: DirectStartParts) {}

  async start({ spec, oneShotArguments }: StartRequest): Promise<Outcome> {
    const { finder, preparation, launcher, clock } = this.parts;
    const found = finder.find(spec);
    if (found.kind === 'running') return ok(false, `already running: ${found.reason}`, found.process);
    const prepared = preparation.prepare(spec);
    if (prepared.kind === 'running') return ok(false, `already running: ${prepared.reason}`, prepared.process);
    if (prepared.kind !== 'ready') return prepared;
    const deadline = clock.monotonic() + spec.startTimeout;
    const request = {
      spec,
      arguments: commandArguments(spec, 'background', prepared.variableArguments, oneShotArguments),
      environment: prepared.environment,
    };
    const forks = spec.background !== 'stays';
    const launch = forks ? launcher.launchForking(request) : launcher.launch(request);
    if (!launch.ok) return launch.outcome;
    return forks ? this.#followForking(spec, launch.child, deadline) : this.#followStaying(spec, launch.child, deadline);
  }

  async #followStaying(spec: DaemonSpec, child: DaemonChild, deadline: number): Promise<Outcome> {
    let exit: ExitStatus | undefined;
    void child.exited.then((status) => (exit = status));
    const wait = await this.#ready(spec, child.process, deadline, () => exit);
    if (wait.kind === 'done') return ok(true, wait.value, child.process);
    if (wait.kind === 'ended') return this.#early(spec, child, wait.exit);
    return this.#late(spec, child, child.process, wait.reason);
  }

  /** Its first process ends when the daemon is on its way; who that is, pid file or marker tell. */
  async #followForking(spec: DaemonSpec, child: DaemonChild, deadline: number): Promise<Outcome> {
    const { clock, claims } = this.parts;
    let exit: ExitStatus | undefined;
    void child.exited.then((status) => (exit = status));
    await this.#until(deadline, () => exit !== undefined);
    if (exit === undefined) return this.#late(spec, child, child.process, `its first process has not ended within ${formatDuration(spec.startTimeout)}`);
    if (exit.kind !== 'exited' || exit.status !== 0) return this.#early(spec, child, exit);
    const found = await this.#forked(spec, child, deadline);
    if (found.kind !== 'running') return this.#late(spec, child, undefined, `it forked away, and no process of it is found: ${found.reason}`);
    const main = found.process;
    claims.write(spec.name, main);
    const gone = (): ExitStatus | undefined => (this.parts.processes.isAlive(main) ? undefined : { kind: 'unknown' });
    const wait = await this.#ready(spec, main, Math.max(deadline, clock.monotonic() + 1), gone);
    if (wait.kind === 'done') return ok(true, wait.value, main);
    if (wait.kind === 'ended') return this.#early(spec, child, wait.exit);
    return this.#late(spec, child, main, wait.reason);
  }

  /**
   * Some write their pid file only after the first process has ended. Without a
   * pid file a process counts that is still the one at the next look: some fork twice.
   */
  async #forked(spec: DaemonSpec, child: DaemonChild, deadline: number): Promise<Found> {
    const { clock, finder, markers } = this.parts;
    const giveUp = Math.min(deadline, clock.monotonic() + VANISHED);
    let before: Found | undefined;
    for (;;) {
      const found = finder.find(spec);
      if (found.kind === 'running' && found.via !== 'marker') return found;
      const settled = found.kind === 'running' && before?.kind === 'running' && sameProcess(before.process, found.process);
      if (settled && spec.pidFile === undefined) return found;
      const now = clock.monotonic();
      if (now >= deadline || (now >= giveUp && survivors(spec, child.process, markers).length === 0)) return found;
      before = found;
      await sleep(clock, LONGEST_INTERVAL);
    }
  }

  /** Polls until ready, ended or late. */
  async #ready(spec: DaemonSpec, main: ProcessIdentity, deadline: number, ended: () => ExitStatus | undefined): Promise<Wait<string>> {
    const { clock, readiness, processes } = this.parts;
    const since = clock.monotonic();
    // A look that the deadline has cut short says nothing of the daemon.
    let known: string | undefined;
    for (let interval = FIRST_INTERVAL; ; interval = Math.min(interval * 2, LONGEST_INTERVAL)) {
      await sleep(clock, Math.max(1, Math.min(interval, deadline - clock.monotonic())));
      const exit = ended();
      if (exit !== undefined) return { kind: 'ended', exit };
      const remaining = Math.max(1, Math.min(LONGEST_LOOK, deadline - clock.monotonic()));
      const look = await readiness.check(spec, clock.monotonic() - since, remaining, main);
      // Somebody else may answer at the daemon's address: it must live itself.
      if (look.ready && processes.isAlive(main)) return { kind: 'done', value: look.reason };
      const late = clock.monotonic() >= deadline;
      if (!look.ready && (!late || known === undefined)) known = look.reason;
      if (late) return { kind: 'late', reason: `not ready within ${formatDuration(spec.startTimeout)}: ${known ?? 'it has ended'}` };
    }
  }

  async #until(deadline: number, condition: () => boolean): Promise<void> {
    const { clock } = this.parts;
    for (let interval = FIRST_INTERVAL; !condition() && clock.monotonic() < deadline; interval = Math.min(interval * 2, LONGEST_INTERVAL)) {
      await sleep(clock, interval);
    }
  }

  async #early(spec: DaemonSpec, child: DaemonChild, exit: ExitStatus): Promise<Outcome> {
    const { detail, refusal } = child.explain(exit);
    const what = `${describeExit(exit)} before it was ready${detail}`;
    const left = survivors(spec, child.process, this.parts.markers);
    await this.#clean(spec, child.process, left);
    if (exit.kind === 'exited') {
      if (exit.status === this.parts.group.notMasterExitStatus) return skipped(notMasterReason(exit, detail));
      const clean = exit.status === 0 || spec.successExitStatuses.includes(exit.status);
      if (clean && left.length === 0 && spec.restart.when !== 'always') return skipped(`${describeExit(exit)}, which is success`);
      if (clean && left.length > 0 && spec.background === 'stays') {
        return failed('failed', what, `background: daemonizes for ${spec.name} in the catalogue, or an argument that keeps it in the foreground`);
      }
    }
    if (refusal !== undefined) return failed(refusal.code, what, refusal.next);
    return failed('failed', what, spec.outputFile === undefined ? `setting outputFile for ${spec.name}, which shows what it says` : `tail ${spec.outputFile}`);
  }

  async #late(spec: DaemonSpec, child: DaemonChild, main: ProcessIdentity | undefined, reason: string): Promise<Outcome> {
    const code: FailureCode = main === undefined ? 'failed' : 'not-ready';
    const { detail, refusal } = child.explain({ kind: 'unknown' });
    const left = survivors(spec, child.process, this.parts.markers);
    if (main !== undefined) await this.parts.stopper.end(spec, main);
    await this.#clean(spec, child.process, left);
    if (refusal !== undefined) return failed(refusal.code, reason + detail, refusal.next);
    return failed(code, reason + detail, spec.outputFile === undefined ? `the daemon's own log; startTimeout and readiness of ${spec.name} in the catalogue` : `tail ${spec.outputFile}`);
  }

  /** A failed start leaves nothing running, and no claim. */
  async #clean(spec: DaemonSpec, first: ProcessIdentity, left: readonly ProcessIdentity[]): Promise<void> {
    const { processes, stopper } = this.parts;
    // With killMode process what is not the daemon's program, such as a virtual machine, is spared.
    await stopper.kill(spec.killMode === 'group' ? left : left.filter(({ pid }) => processes.prove(spec, pid, undefined).kind === 'proven'));
    await stopper.clearLeftovers(spec, first);
    this.parts.claims.remove(spec.name);
    this.parts.groups.remove(spec.name);
  }
}
