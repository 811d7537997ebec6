/**
 * Finds a daemon's main process without systemd. Three sources, the surest first:
 *
 * 1. our own claim: pid and start time, in a directory of root's;
 * 2. the declared pid file: anybody's word, believed only after ProcessTable.prove;
 * 3. the marker in the processes' environment, where a start was cut off before
 *    its claim was written, or the claims are lost. Not otherwise: a child that
 *    outlived its daemon carries the same marker.
 */
import type { DaemonSpec } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { MarkedProcess, ProcessMarkers } from '../../ports/process-markers.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { bootId } from '../host/proc.js';
import type { Claimed, HostClaims } from './claims.js';
import { readPidFile } from './pid-file.js';

export type Found =
  | { readonly kind: 'running'; readonly process: ProcessIdentity; readonly via: 'claim' | 'pid-file' | 'marker'; readonly reason: string }
  | {
      readonly kind: 'absent';
      readonly reason: string;
      /** Who it was, where a claim is left: it ended without being stopped. */
      readonly last: ProcessIdentity | undefined;
      /** The pid file names somebody else's process. */
      readonly foreign: boolean;
    };

/** One pass over all processes, shared by the daemons of one question, made only if one needs it. */
export type Markers = () => ReadonlyMap<string, readonly MarkedProcess[]>;

/** ms */
const SHARED_FOR = 1000;

export class Finder {
  #shared: { readonly at: number; readonly markers: Markers } | undefined;

  constructor(
    private readonly processes: ProcessTable,
    private readonly markers: ProcessMarkers,
    private readonly claims: HostClaims,
  ) {}

  /** For one question over several daemons. */
  pass(): Markers {
    let found: ReturnType<Markers> | undefined;
    return () => (found ??= this.markers.marked());
  }

  /**
   * For one daemon of many that are started one after the other: that a pass
   * over all processes has found nothing of it holds for a second. Who starts
   * daemons holds control, so nobody else starts one meanwhile; and what we have
   * begun ourselves is looked for anew, as well as what has ended since: it may
   * have left its place to a child.
   */
  findSoon(spec: DaemonSpec, now: number): Found {
    if (this.claims.hasBegun(spec.name)) return this.find(spec);
    if (this.#shared === undefined || now - this.#shared.at > SHARED_FOR) this.#shared = { at: now, markers: this.pass() };
    const { markers } = this.#shared;
    const stands = (): boolean => (markers().get(spec.name) ?? []).every(({ process }) => this.processes.isAlive(process));
    return this.find(spec, () => (stands() ? markers() : this.markers.marked()));
  }

  find(spec: DaemonSpec, markers: Markers = this.pass()): Found {
    const { state, claimed, full } = this.claims.look(spec.name);
    // Whoever we wrote down with its start time and who lives is the daemon, whatever pid
    // somebody put beside it: a start begins with taking that record away.
    const proven = this.#byClaim(spec, full);
    if (proven.kind === 'running') return proven;
    const claim = claimed === full ? proven : this.#byClaim(spec, claimed);
    if (claim.kind === 'running') return claim;
    const pidFile = this.#byPidFile(spec);
    if (pidFile.kind === 'running') return pidFile;
    const marked = state === 'starting' || state === 'unknown' ? this.#byMarker(spec, markers) : undefined;
    if (marked !== undefined) return marked;
    return { ...claim, foreign: pidFile.foreign, reason: [claim.reason, pidFile.reason].filter((text) => text !== '').join('; ') || 'not started' };
  }

  #byClaim(spec: DaemonSpec, claim: Claimed | undefined): Found {
    if (claim === undefined) return absent('');
    if (claim.startTicks === undefined) {
      const verdict = this.processes.prove(spec, claim.pid, claim.writtenAt);
      if (verdict.kind === 'proven') return { kind: 'running', process: verdict.process, via: 'claim', reason: `our record names pid ${claim.pid}` };
      return absent(`our record names pid ${claim.pid}: ${verdict.reason}`);
    }
    const process = { pid: claim.pid, startTicks: claim.startTicks, bootId: bootId() };
    if (this.processes.isAlive(process)) return { kind: 'running', process, via: 'claim', reason: `started by us as pid ${claim.pid}` };
    return absent(`pid ${claim.pid}, which we started, has ended`, process);
  }

  #byPidFile(spec: DaemonSpec): Found {
    if (spec.pidFile === undefined) return absent('');
    const content = readPidFile(spec.pidFile);
    if (content.kind === 'absent') return absent('');
    if (content.kind === 'unusable') return absent(`pid file ${content.reason}`);
    const verdict = this.processes.prove(spec, content.pid, content.writtenAt);
    if (verdict.kind === 'proven') return { kind: 'running', process: verdict.process, via: 'pid-file', reason: `pid file ${spec.pidFile} names pid ${content.pid}` };
    return { ...absent(`pid file ${spec.pidFile}: ${verdict.reason}`), foreign: verdict.kind === 'foreign' };
  }

  #byMarker(spec: DaemonSpec, markers: Markers): Found | undefined {
    const marked = markers().get(spec.name) ?? [];
    const own = marked.filter(({ process }) => this.processes.prove(spec, process.pid, undefined).kind === 'proven');
    const pids = new Set(own.map(({ process }) => process.pid));
    // A daemon that forked away need not lead its session; then it is the one whose parent is not of its kind.
    const mayFork = spec.background !== 'stays' && spec.pidFile === undefined;
    const candidates = own.filter(({ process, session, parent }) => session === process.pid || (mayFork && !pids.has(parent)));
    const [first] = candidates.sort((a, b) => a.process.startTicks - b.process.startTicks);
    if (first === undefined) return undefined;
    return { kind: 'running', process: first.process, via: 'marker', reason: `pid ${first.process.pid} carries our mark` };
  }
}

function absent(reason: string, last?: ProcessIdentity): Extract<Found, { kind: 'absent' }> {
  return { kind: 'absent', reason, last, foreign: false };
}
