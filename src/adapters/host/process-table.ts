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
import { readdirSync } from 'node:fs';
import type { DaemonSpec, SignalName } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import { TICKS_PER_SECOND, type ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import { MARKER_VARIABLE, type MarkedProcess, type ProcessMarkers } from '../../ports/process-markers.js';
import type { Cancel, Claim, ProcessTable } from '../../ports/process-table.js';
import type { BootOffset } from './boot-offset.js';
import { errorCode } from './error-code.js';
import { processFile, runsSomethingElse } from './executable-proof.js';
import { ExitWatches } from './exit-watches.js';
import { identify, isAlive } from './identity.js';
import { bootId, hasEnded, readCredentials, readStat, readVariable } from './proc.js';
import type { Accounts } from './user.js';

/** Ticks are 10 ms, file times a kernel tick, and clocks are slewed: ms that prove nothing. */
const TIME_SLACK = 2000;
/** Programs that a start runs through before they become the daemon, in the same process. */
const START_CHAIN = new Set(['/usr/sbin/start-stop-daemon', '/sbin/start-stop-daemon', '/usr/bin/setpriv', '/bin/setpriv']);

/** ms that a pass over all processes serves the restarts of many. */
const RECENT = 100;

/** Live processes by session. */
type Sessions = ReadonlyMap<number, readonly ProcessIdentity[]>;

export class HostProcessTable implements ProcessTable, ProcessMarkers {
  readonly #watches: ExitWatches;
  #recent: { readonly at: number; readonly sessions: Sessions } | undefined;

  constructor(
    clock: Clock,
    private readonly accounts: Accounts,
    private readonly offset: BootOffset,
  ) {
    this.#watches = new ExitWatches(clock, (process) => this.isAlive(process));
  }

  identify(pid: number): ProcessIdentity | undefined {
    return identify(pid);
  }

  isAlive(process: ProcessIdentity): boolean {
    return isAlive(process);
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
    return this.membersOfSessions([leader]).get(leader) ?? [];
  }

  leadsSession(target: ProcessIdentity): boolean {
    const stat = target.bootId === bootId() ? readStat(target.pid) : undefined;
    return stat?.startTicks === target.startTicks && stat.session === target.pid;
  }

  groupLives(leader: ProcessIdentity): boolean {
    if (leader.bootId !== bootId()) return false;
    try {
      process.kill(-leader.pid, 0);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return false;
      if (errorCode(error) === 'EPERM') return true;
      throw error;
    }
  }

  /** The same for many leaders, in one pass over all processes. */
  membersOfSessions(leaders: readonly ProcessIdentity[]): ReadonlyMap<ProcessIdentity, readonly ProcessIdentity[]> {
    const led = leaders.filter((leader) => mayLead(leader));
    const sessions = led.length === 0 ? undefined : this.#sessionsNow();
    return new Map(led.map((leader) => [leader, membersOf(leader, sessions)]));
  }

  /**
   * Of a daemon that has just ended, by a pass that may be some ms old: of many
   * that end at once each would make its own. What it does not show yet is the
   * caller's to look for later.
   */
  recentSessionMembers(leader: ProcessIdentity, now: number): readonly ProcessIdentity[] {
    if (!mayLead(leader)) return [];
    if (this.#recent === undefined || now - this.#recent.at > RECENT) this.#recent = { at: now, sessions: this.#sessionsNow() };
    return membersOf(leader, this.#recent.sessions);
  }

  #sessionsNow(): Sessions {
    const sessions = new Map<number, ProcessIdentity[]>();
    for (const [pid, { session, startTicks }] of allStats()) {
      const process = { pid, startTicks, bootId: bootId() };
      const others = sessions.get(session);
      if (others === undefined) sessions.set(session, [process]);
      else others.push(process);
    }
    return sessions;
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
    return this.#watches.add(process, callback);
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

/** Another process may have the pid by now. */
function mayLead(leader: ProcessIdentity): boolean {
  if (leader.bootId !== bootId()) return false;
  const now = readStat(leader.pid);
  return now === undefined || (now.startTicks === leader.startTicks && now.session === leader.pid);
}

function membersOf(leader: ProcessIdentity, sessions: Sessions | undefined): readonly ProcessIdentity[] {
  return (sessions?.get(leader.pid) ?? []).filter(({ pid, startTicks }) => pid !== leader.pid && startTicks >= leader.startTicks);
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
