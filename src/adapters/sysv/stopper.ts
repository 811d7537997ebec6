/**
 * Ends a daemon: stop signal, patience, SIGKILL. Not by start-stop-daemon
 * --retry, although it can do that: between two signals it knows no more than
 * the pid, which may be another's by then, and a zombie is alive to it. Here the
 * start time is looked at before each signal.
 */
import type { DaemonSpec } from '../../core/daemon.js';
import { formatDuration } from '../../core/duration.js';
import { LONGEST_EXTENSION } from '../../core/notify-message.js';
import { failed, type Outcome } from '../../core/outcome.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { sleep, type Clock } from '../../ports/clock.js';
import type { ProcessMarkers } from '../../ports/process-markers.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { StopPatience } from '../../ports/service-manager.js';
import type { DaemonGroups } from '../host/daemon-groups.js';
import type { SessionPasses } from '../host/session-passes.js';
import type { LateSweep } from './late-sweep.js';

/** ms for the kernel to carry out SIGKILL. */
const KILL_PATIENCE = 5000;
const FIRST_INTERVAL = 2;
const LONGEST_INTERVAL = 50;
/** Members may fork while they are killed; so many rounds end any but a fork bomb. */
const ROUNDS = 5;

export type Ended = { readonly ok: true; readonly detail: string } | { readonly ok: false; readonly outcome: Outcome };

export interface StopperParts {
  readonly processes: ProcessTable;
  readonly markers: ProcessMarkers;
  readonly clock: Clock;
  readonly sessions: SessionPasses;
  readonly groups: DaemonGroups;
  readonly lateSweep: LateSweep;
}

export class Stopper {
  readonly #processes: ProcessTable;
  readonly #clock: Clock;

  constructor(private readonly parts: StopperParts) {
    this.#processes = parts.processes;
    this.#clock = parts.clock;
  }

  async end(spec: DaemonSpec, main: ProcessIdentity, patience: StopPatience = () => 0): Promise<Ended> {
    const began = this.#clock.monotonic();
    const deadline = (): number => Math.max(began + spec.stopTimeout, Math.min(patience(spec.name), began + LONGEST_EXTENSION));
    // While it lives: afterwards nothing may tie them to it any more.
    const members = spec.killMode === 'group' ? this.#members(spec, main) : [];
    const sent = this.#terminate(spec, main);
    if (sent === 'not-permitted') {
      return { ok: false, outcome: failed('permission', `pid ${main.pid} may not be signalled by uid ${process.geteuid?.() ?? '?'}`, 'the same as root') };
    }
    let detail = `ended after ${spec.stopSignal}`;
    if ((await this.#outlive([main], deadline)).length > 0) {
      this.#processes.signal(main, 'SIGKILL');
      detail = `killed, as it did not end within ${formatDuration(Math.round(deadline() - began))} of ${spec.stopSignal}`;
      if ((await this.#outlive([main], this.#in(KILL_PATIENCE))).length > 0) return stillRunning([main]);
    }
    if (spec.killMode === 'process') return { ok: true, detail };
    const left = await this.#clear(spec, main, members, deadline);
    return left.length > 0 ? stillRunning(left) : { ok: true, detail };
  }

  /**
   * What a daemon that ended by itself left in its session; undefined where all
   * of it is gone.
   */
  async clearLeftovers(spec: DaemonSpec, last: ProcessIdentity): Promise<Outcome | undefined> {
    if (spec.killMode === 'process') return undefined;
    const left = await this.#clear(spec, last, [], this.#in(spec.stopTimeout));
    const result = left.length > 0 ? stillRunning(left) : undefined;
    return result?.ok === false ? result.outcome : undefined;
  }

  /** SIGKILL, without waiting: for a start, which must not wait. */
  killLeftovers(spec: DaemonSpec, last: ProcessIdentity): void {
    if (spec.killMode === 'process') return;
    // On the way of every restart: the pass over all processes only where there is something to be found.
    // One that nobody has waited for yet is a group of its own.
    const inSession = this.#processes.groupLives(last) ? this.#processes.recentSessionMembers(last, this.#clock.monotonic()) : [];
    this.parts.lateSweep.add(last);
    for (const member of this.#others([...inSession, ...this.parts.groups.others(spec.name, undefined)])) this.#processes.signal(member, 'SIGKILL');
  }

  async kill(targets: readonly ProcessIdentity[]): Promise<void> {
    for (const target of this.#others(targets)) this.#processes.signal(target, 'SIGKILL');
    await this.#outlive(targets, this.#in(KILL_PATIENCE));
  }

  async #clear(
    spec: DaemonSpec,
    main: ProcessIdentity,
    recorded: readonly ProcessIdentity[],
    deadline: () => number,
  ): Promise<readonly ProcessIdentity[]> {
    let left = this.#alive([...recorded, ...(await this.#belonging(spec, main))]);
    if (left.length === 0) return left;
    for (const member of left) this.#terminate(spec, member);
    left = await this.#outlive(left, deadline);
    for (let round = 0; round < ROUNDS; round += 1) {
      left = this.#alive([...left, ...(await this.#belonging(spec, main))]);
      if (left.length === 0) break;
      for (const member of left) this.#processes.signal(member, 'SIGKILL');
      left = await this.#outlive(left, this.#in(KILL_PATIENCE / ROUNDS));
    }
    return left;
  }

  /** Of its session, or of its control group. */
  async #belonging(spec: DaemonSpec, main: ProcessIdentity): Promise<readonly ProcessIdentity[]> {
    const inSession = await this.parts.sessions.members(main);
    return [...inSession, ...this.parts.groups.others(spec.name, main)];
  }

  /**
   * Those of its control group; and where it forked away, those of its session
   * that carry its mark. The session that it leads is found by its pid afterwards, too.
   */
  #members(spec: DaemonSpec, main: ProcessIdentity): readonly ProcessIdentity[] {
    const inGroup = this.parts.groups.others(spec.name, main);
    if (this.#processes.leadsSession(main)) return inGroup;
    const marked = this.parts.markers.marked().get(spec.name) ?? [];
    const session = marked.find(({ process }) => process.pid === main.pid)?.session;
    const inSession = marked.filter((other) => other.session === session && other.process.pid !== main.pid);
    return [...inGroup, ...inSession.map(({ process }) => process)];
  }

  /** A stopped process (state T) hears nothing until it goes on. */
  #terminate(spec: DaemonSpec, target: ProcessIdentity): ReturnType<ProcessTable['signal']> {
    const sent = this.#processes.signal(target, spec.stopSignal);
    if (sent === 'sent') this.#processes.signal(target, 'SIGCONT');
    return sent;
  }

  #alive(targets: readonly ProcessIdentity[]): readonly ProcessIdentity[] {
    const byPid = new Map(targets.map((target) => [target.pid, target]));
    return this.#others([...byPid.values()]).filter((target) => this.#processes.isAlive(target));
  }

  /** A daemon may call daemon-util itself: it stops the daemon's session, but not itself. */
  #others(targets: readonly ProcessIdentity[]): readonly ProcessIdentity[] {
    return targets.filter(({ pid }) => pid !== process.pid);
  }

  #in(ms: number): () => number {
    const instant = this.#clock.monotonic() + ms;
    return () => instant;
  }

  /** Those that still live at the deadline (monotonic ms), which may be put off meanwhile. */
  async #outlive(targets: readonly ProcessIdentity[], deadline: () => number): Promise<readonly ProcessIdentity[]> {
    let interval = FIRST_INTERVAL;
    for (;;) {
      const left = this.#alive(targets);
      const remaining = deadline() - this.#clock.monotonic();
      if (left.length === 0 || remaining <= 0) return left;
      await sleep(this.#clock, Math.min(interval, remaining));
      interval = Math.min(interval * 2, LONGEST_INTERVAL);
    }
  }
}

function stillRunning(left: readonly ProcessIdentity[]): Extract<Ended, { ok: false }> {
  const pids = left.map(({ pid }) => pid).join(', ');
  return { ok: false, outcome: failed('still-running', `pid ${pids} outlived SIGKILL`, `ps -o pid,stat,wchan:30,args -p ${pids.replaceAll(' ', '')}`) };
}
