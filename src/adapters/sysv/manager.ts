/** ServiceManager without systemd; start-stop-daemon and built-in differ only in the chain that starts a daemon. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { Observation } from '../../core/observation.js';
import { failed, ok, type Outcome } from '../../core/outcome.js';
import type { ServiceManager, StartRequest, StopPatience } from '../../ports/service-manager.js';
import { DirectStart, type DirectStartParts } from './direct-start.js';
import type { Found } from './find.js';
import { bootId } from '../host/proc.js';
import { removePidFile } from './pid-file.js';
import { WatchkeeperError } from '../../core/errors.js';

export class DirectManager implements ServiceManager {
  readonly #starter: DirectStart;

  constructor(private readonly parts: DirectStartParts) {
    this.#starter = new DirectStart(parts);
  }

  get kind(): DirectStartParts['launcher']['kind'] {
    return this.parts.launcher.kind;
  }

  keepsOrder(): Promise<boolean> {
    return Promise.resolve(false);
  }

  start(requests: readonly StartRequest[]): Promise<readonly Outcome[]> {
    return Promise.all(requests.map((request) => reported(() => this.#starter.start(request))));
  }

  stop(specs: readonly DaemonSpec[], patience?: StopPatience): Promise<readonly Outcome[]> {
    const markers = this.parts.finder.pass();
    return Promise.all(specs.map((spec) => reported(() => this.#stop(spec, this.parts.finder.find(spec, markers), patience))));
  }

  reload(spec: DaemonSpec): Promise<Outcome> {
    const found = this.parts.finder.find(spec);
    if (found.kind === 'absent') return Promise.resolve(notRunning(spec, found.reason));
    switch (this.parts.processes.signal(found.process, spec.reloadSignal)) {
      case 'sent':
        return Promise.resolve(ok(true, `sent ${spec.reloadSignal}`, found.process));
      case 'gone':
        return Promise.resolve(notRunning(spec, 'it has just ended'));
      case 'not-permitted':
        return Promise.resolve(failed('permission', `pid ${found.process.pid} may not be signalled`, 'the same as root'));
    }
  }

  observe(specs: readonly DaemonSpec[]): Promise<readonly Observation[]> {
    const markers = this.parts.finder.pass();
    return Promise.resolve(specs.map((spec) => observation(spec, this.parts.finder.find(spec, markers))));
  }

  /** Beside the port, for a watcher: daemons that others started get the control groups that ours have. */
  regroup(specs: readonly DaemonSpec[]): void {
    for (const { name } of specs) {
      const claim = this.parts.claims.read(name);
      if (claim?.startTicks !== undefined) this.parts.groups.adopt(name, { pid: claim.pid, startTicks: claim.startTicks, bootId: bootId() });
    }
  }

  async #stop(spec: DaemonSpec, found: Found, patience?: StopPatience): Promise<Outcome> {
    const { stopper } = this.parts;
    if (found.kind === 'absent') {
      const left = found.last === undefined ? undefined : await stopper.clearLeftovers(spec, found.last);
      return left ?? this.#forget(spec, false, found.reason);
    }
    const ended = await stopper.end(spec, found.process, patience);
    return ended.ok ? this.#forget(spec, true, ended.detail) : ended.outcome;
  }

  #forget(spec: DaemonSpec, changed: boolean, detail: string): Outcome {
    const what = `${detail}${this.#unclaim(spec.name, changed)}`;
    if (spec.pidFile === undefined) return ok(changed, what);
    // Started anew by somebody else meanwhile: the pid file is the new one's.
    if (changed && this.parts.finder.find(spec).kind === 'running') return ok(changed, `${what}; started anew by somebody else`);
    const problem = removePidFile(spec.pidFile);
    if (problem === undefined) return ok(changed, what);
    return changed ? failed('permission', `stopped, but ${problem}`, `ls -ld ${spec.pidFile}`) : ok(false, `${what}; ${problem}`);
  }

  /**
   * The record of a process that has ended stays true, and harms nobody: a full disk is
   * no failure of a stop.
   *
   * @returns what is to be said of it
   */
  #unclaim(name: string, changed: boolean): string {
    // Nothing to write down where nothing was: a look by somebody who may only look succeeds.
    if (!changed && this.parts.claims.state(name) === 'unknown') return '';
    try {
      this.parts.claims.remove(name);
      this.parts.groups.remove(name);
      return '';
    } catch (error) {
      if (error instanceof WatchkeeperError) return `; ${error.message}`;
      throw error;
    }
  }
}

/** A full disk or a missing permission is an outcome of this daemon, not the end of the others. */
async function reported(action: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    return failed('permission', error.message, error.hint);
  }
}

function notRunning(spec: DaemonSpec, reason: string): Outcome {
  return failed('failed', `${spec.name} is not running: ${reason}`, `daemon-util start ${spec.name}`);
}

function observation(spec: DaemonSpec, found: Found): Observation {
  const details: Record<string, string> = spec.pidFile === undefined ? {} : { pidFile: spec.pidFile };
  return {
    state: found.kind === 'running' ? 'running' : 'stopped',
    process: found.kind === 'running' ? found.process : undefined,
    reason: found.reason,
    restarts: undefined,
    lastExit: undefined,
    details,
  };
}
