/**
 * ProcessTable on /proc.
 *
 * The time rule, and clock steps. A pid file is written after its process was
 * born; a process that is younger than the file has the pid by reuse. Births
 * count from boot, files have wall-clock times, and the wall clock may have been
 * stepped in between. A step back only makes births look older: harmless. A step
 * forward makes every birth look later than it was, and would turn a healthy
 * daemon into a stranger. So a birth is placed on the wall clock by the smallest
 * offset between the two clocks that was seen since boot (boot-offset.ts), and
 * a process that carries our own marker for this daemon is not asked at all.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import type { DaemonSpec, SignalName } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Clock, Timer } from '../../ports/clock.js';
import { MARKER_VARIABLE, type MarkedProcess, type ProcessMarkers } from '../../ports/process-markers.js';
import type { Cancel, Claim, ProcessTable } from '../../ports/process-table.js';
import type { BootOffset } from './boot-offset.js';
import { errorCode } from './error-code.js';
import { processFile, runsSomethingElse } from './executable-proof.js';
import { bootId, hasEnded, parseStat, readCredentials, readStat, readVariable, TICKS_PER_SECOND } from './proc.js';
import type { Accounts } from './user.js';

/** Ticks are 10 ms, file times a kernel tick, and clocks are slewed: ms that prove nothing. */
const TIME_SLACK = 2000;
/** ms between two looks at processes that are not our children. */
const EXIT_INTERVAL = 250;
/** Programs that a start runs through before they become the daemon, in the same process. */
const START_CHAIN = new Set(['/usr/sbin/start-stop-daemon', '/sbin/start-stop-daemon', '/usr/bin/setpriv', '/bin/setpriv']);

interface ExitWatch {
  readonly process: ProcessIdentity;
  /** Of /proc/PID/stat; it pins the process, so a reused pid can't be mistaken. undefined: too many open files. */
  readonly fd: number | undefined;
  readonly callback: () => void;
}

export class HostProcessTable implements ProcessTable, ProcessMarkers {
  readonly #watches = new Set<ExitWatch>();
  readonly #buffer = Buffer.alloc(1024);
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly accounts: Accounts,
    private readonly offset: BootOffset,
  ) {}

  identify(pid: number): ProcessIdentity | undefined {
    if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
    const stat = readStat(pid);
    return stat === undefined || hasEnded(stat) ? undefined : { pid, startTicks: stat.startTicks, bootId: bootId() };
  }

  isAlive(process: ProcessIdentity): boolean {
    return process.bootId === bootId() && this.identify(process.pid)?.startTicks === process.startTicks;
  }

  prove(spec: DaemonSpec, pid: number, claimedAt: number | undefined): Claim {
    const identity = this.identify(pid);
    if (identity === undefined) return { kind: 'none', reason: `no process has pid ${pid}` };
    const objection = this.#objection(spec, identity, claimedAt);
    // It may have ended, and the pid may be another's, while we looked.
    if (!this.isAlive(identity)) return { kind: 'none', reason: `process ${pid} has just ended` };
    return objection === undefined
      ? { kind: 'proven', process: identity }
      : { kind: 'foreign', reason: `pid ${pid} is a stranger: ${escapeControl(objection, 300)}` };
  }

  signal(target: ProcessIdentity, signal: SignalName): 'sent' | 'gone' | 'not-permitted' {
    if (!this.isAlive(target)) return 'gone';
    try {
      process.kill(target.pid, signal);
      return 'sent';
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return 'gone';
      if (errorCode(error) === 'EPERM') return 'not-permitted';
      throw error;
    }
  }

  /**
   * Also when the process has ended meanwhile: its pid names the session until
   * the last member is gone, and is not given to another process before.
   */
  sessionMembers(leader: ProcessIdentity): readonly ProcessIdentity[] {
    if (leader.bootId !== bootId()) return [];
    const now = readStat(leader.pid);
    if (now !== undefined && (now.startTicks !== leader.startTicks || now.session !== leader.pid)) return [];
    const members: ProcessIdentity[] = [];
    for (const [pid, stat] of allStats()) {
      if (stat.session !== leader.pid || pid === leader.pid || stat.startTicks < leader.startTicks) continue;
      members.push({ pid, startTicks: stat.startTicks, bootId: bootId() });
    }
    return members;
  }

  marked(): ReadonlyMap<string, readonly MarkedProcess[]> {
    const found = new Map<string, MarkedProcess[]>();
    for (const [pid, stat] of allStats()) {
      const name = readVariable(pid, MARKER_VARIABLE);
      if (name === undefined) continue;
      const marked = { process: { pid, startTicks: stat.startTicks, bootId: bootId() }, parent: stat.parent, session: stat.session };
      const others = found.get(name);
      if (others === undefined) found.set(name, [marked]);
      else others.push(marked);
    }
    return found;
  }

  onExit(process: ProcessIdentity, callback: () => void): Cancel {
    const watch: ExitWatch = { process, fd: openStat(process.pid), callback };
    this.#watches.add(watch);
    this.#timer ??= this.clock.after(this.#stillRuns(watch) ? EXIT_INTERVAL : 0, () => this.#look());
    return { cancel: () => this.#forget(watch) };
  }

  #look(): void {
    this.#timer = undefined;
    const ended = [...this.#watches].filter((watch) => !this.#stillRuns(watch));
    for (const watch of ended) this.#forget(watch);
    if (this.#watches.size > 0) this.#timer = this.clock.after(EXIT_INTERVAL, () => this.#look());
    for (const watch of ended) watch.callback();
  }

  #forget(watch: ExitWatch): void {
    if (!this.#watches.delete(watch)) return;
    if (watch.fd !== undefined) closeSync(watch.fd);
    if (this.#watches.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #stillRuns(watch: ExitWatch): boolean {
    if (watch.fd === undefined) return this.isAlive(watch.process);
    try {
      const length = readSync(watch.fd, this.#buffer, 0, this.#buffer.length, 0);
      const stat = parseStat(this.#buffer.toString('latin1', 0, length));
      return stat !== undefined && !hasEnded(stat) && stat.startTicks === watch.process.startTicks;
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return false;
      throw error;
    }
  }

  /** Why it can't be the daemon; undefined: it is. */
  #objection(spec: DaemonSpec, { pid, startTicks }: ProcessIdentity, claimedAt: number | undefined): string | undefined {
    if (pid === 1) return 'it is the init process';
    if (pid === process.pid) return 'it is this very process';
    const credentials = readCredentials(pid);
    if (credentials === undefined) return 'its owner is not to be read';
    if (credentials.threadGroup !== pid) return `it is a thread of process ${credentials.threadGroup}`;
    const ours = readVariable(pid, MARKER_VARIABLE) === spec.name;
    const { realUid, effectiveUid } = credentials;
    if (ours && effectiveUid === process.geteuid?.() && START_CHAIN.has(processFile(pid) ?? '')) return undefined;
    const allowed = this.#allowedUids(spec);
    if (typeof allowed === 'string') return allowed;
    if (!allowed.has(realUid) || !allowed.has(effectiveUid)) {
      return `it runs as uid ${realUid === effectiveUid ? realUid : `${realUid} (effective ${effectiveUid})`}, ${spec.name} as ${[...allowed].join(' or ')}`;
    }
    const other = runsSomethingElse(pid, spec.executable);
    if (other !== undefined) return `it runs ${other}, not ${spec.executable}`;
    if (claimedAt === undefined || ours) return undefined;
    const born = (startTicks * 1000) / TICKS_PER_SECOND + this.offset.smallest();
    return born > claimedAt + TIME_SLACK ? 'it is younger than the claim on it' : undefined;
  }

  #allowedUids(spec: DaemonSpec): ReadonlySet<number> | string {
    const uids = new Set<number>();
    if (spec.user === undefined) uids.add(process.geteuid?.() ?? 0);
    for (const name of [spec.user, spec.processUser]) {
      if (name === undefined) continue;
      const user = this.accounts.user(name);
      if (user === undefined) return `there is no user ${name} that it could run as`;
      uids.add(user.uid);
    }
    return uids;
  }
}

function openStat(pid: number): number | undefined {
  try {
    return openSync(`/proc/${pid}/stat`, 'r');
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** Live processes; those that end meanwhile are left out. */
function* allStats(): Generator<[number, NonNullable<ReturnType<typeof readStat>>]> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readStat(pid);
    if (stat !== undefined && !hasEnded(stat)) yield [pid, stat];
  }
}
