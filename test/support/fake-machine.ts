/**
 * A machine in memory for the watcher's unit tests: processes that do what the
 * test says. Everything that drives real ones is held to test/contract instead.
 */
import type { DaemonSpec } from '../../src/core/daemon.js';
import { WatchkeeperError } from '../../src/core/errors.js';
import type { ExitStatus } from '../../src/core/exit-status.js';
import type { Observation } from '../../src/core/observation.js';
import { failed, ok, skipped, type Outcome } from '../../src/core/outcome.js';
import { sameProcess, type ProcessIdentity } from '../../src/core/process-identity.js';
import type { Memory } from '../../src/core/supervision-state.js';
import type { CheckResult } from '../../src/core/health.js';
import type { SupervisionPorts } from '../../src/app/supervision-ports.js';
import type { LaunchRequest } from '../../src/ports/launcher.js';
import { FakeClock } from './fake-clock.js';

interface Running {
  readonly name: string;
  readonly process: ProcessIdentity;
  readonly ended: (exit: ExitStatus) => void;
}

export class FakeMachine {
  readonly clock = new FakeClock();
  readonly launches: { name: string; arguments: readonly string[] }[] = [];
  /** Names whose launch fails, is skipped, or that never get ready. */
  readonly broken = new Set<string>();
  readonly conditionUnmet = new Set<string>();
  readonly neverReady = new Set<string>();
  readonly unstoppable = new Set<string>();
  /** By name: what a stop answers although the daemon has ended. */
  readonly stopTrouble = new Map<string, Outcome>();
  /** Names that a stop does not find; and those that cannot be written down. */
  readonly unfound = new Set<string>();
  readonly unclaimable = new Set<string>();
  readonly claims = new Map<string, ProcessIdentity>();
  /** ms that the news of an end comes late, after the stop is known to be complete. */
  newsDelay = 0;
  /** What a look comes to, by daemon and check; healthy where a test says nothing. A promise hangs as long as it does. */
  readonly looks = new Map<string, CheckResult | Promise<CheckResult>>();
  /** "NAME CHECK" of each look, in order. */
  readonly looked: string[] = [];
  /** By name: why nobody can listen to it. */
  readonly deaf = new Map<string, string>();
  readonly memories = new Map<string, Memory>();
  readonly #running = new Map<string, Running>();
  readonly #watched = new Map<number, () => void>();
  #pid = 100;

  /** Runs already when the watcher comes. */
  preexisting(name: string): ProcessIdentity {
    return this.#fork(name, () => undefined).process;
  }

  processOf(name: string): ProcessIdentity | undefined {
    return this.#running.get(name)?.process;
  }

  /** It ends by itself, or by somebody else's hand. */
  end(name: string, exit: ExitStatus = { kind: 'killed', signal: 'SIGKILL' }): void {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    const tell = (): void => {
      running.ended(exit);
      this.#watched.get(running.process.pid)?.();
    };
    if (this.newsDelay === 0) tell();
    else this.clock.after(this.newsDelay, tell);
  }

  startsOf(name: string): number {
    return this.launches.filter((launch) => launch.name === name).length;
  }

  ports(): SupervisionPorts {
    return {
      clock: this.clock,
      launcher: { kind: 'fake', launch: (request) => this.#launch(request) },
      manager: {
        kind: 'fake',
        keepsOrder: () => Promise.resolve(false),
        start: () => Promise.reject(new Error('only daemons that always fork are started this way')),
        stop: (specs) => Promise.resolve(specs.map((spec) => this.#stop(spec))),
        reload: () => Promise.resolve(ok(true, 'signalled')),
        observe: (specs) => Promise.resolve(specs.map((spec) => this.#observe(spec))),
      },
      processes: {
        identify: () => undefined,
        isAlive: (process) => [...this.#running.values()].some((running) => sameProcess(running.process, process)),
        leadsSession: () => true,
        groupLives: () => false,
        prove: () => ({ kind: 'none', reason: 'not asked here' }),
        signal: () => 'gone',
        sessionMembers: () => [],
        recentSessionMembers: () => [],
        onExit: (process, callback) => {
          this.#watched.set(process.pid, callback);
          return { cancel: () => this.#watched.delete(process.pid) };
        },
      },
      preparation: {
        prepare: ({ name }) => {
          const process = this.processOf(name);
          if (process !== undefined) return { kind: 'running', process, reason: 'somebody started it' };
          if (this.conditionUnmet.has(name)) return skipped('condition not met') as Extract<Outcome, { kind: 'skipped' }>;
          return { kind: 'ready', variableArguments: [], environment: {} };
        },
      },
      readiness: { check: ({ name }) => Promise.resolve({ ready: !this.neverReady.has(name), reason: 'looked' }) },
      claims: {
        read: (name) => {
          const claim = this.claims.get(name);
          return claim === undefined ? undefined : { ...claim, writtenAt: 0 };
        },
        write: (name, process) => {
          if (this.unclaimable.has(name)) throw new WatchkeeperError('STATE_UNWRITABLE', `cannot write the claim of ${name}`, 'no space left', 'df');
          this.claims.set(name, process);
        },
        remove: (name) => void this.claims.delete(name),
      },
      health: {
        launching: () => undefined,
        prepare: ({ name }, check) => ({
          look: async () => {
            this.looked.push(`${name} ${check.name}`);
            return (await this.looks.get(`${name} ${check.name}`)) ?? { healthy: true, reason: 'well' };
          },
          putOff: () => 0,
          end: () => undefined,
        }),
      },
      notifications: {
        open: ({ name }) => {
          const reason = this.deaf.get(name);
          return Promise.resolve(reason === undefined ? { ok: true, environment: { NOTIFY_SOCKET: `/run/notify/${name}` } } : { ok: false, reason });
        },
        resume: () => Promise.resolve({ ok: true, environment: {} }),
        state: () => undefined,
        next: () => Promise.resolve(),
        heardOut: () => Promise.resolve(),
        release: () => undefined,
      },
      memory: {
        read: (name) => this.memories.get(name),
        write: (name, memory) => void this.memories.set(name, memory),
      },
    };
  }

  #fork(name: string, ended: (exit: ExitStatus) => void): Running {
    if (this.#running.has(name)) throw new Error(`a second instance of ${name}`);
    this.#pid += 1;
    const running = { name, process: { pid: this.#pid, startTicks: this.#pid, bootId: 'boot' }, ended };
    this.#running.set(name, running);
    return running;
  }

  #launch({ spec, arguments: words }: LaunchRequest): ReturnType<SupervisionPorts['launcher']['launch']> {
    this.launches.push({ name: spec.name, arguments: words });
    if (this.broken.has(spec.name)) return { ok: false, outcome: failed('not-installed', 'no such file', 'installing it') };
    let ended: (exit: ExitStatus) => void = () => undefined;
    const exited = new Promise<ExitStatus>((resolve) => (ended = resolve));
    const { process } = this.#fork(spec.name, ended);
    this.claims.set(spec.name, process);
    return { ok: true, child: { process, exited } };
  }

  #stop(spec: DaemonSpec): Outcome {
    if (this.unstoppable.has(spec.name)) return failed('still-running', 'it outlived SIGKILL', 'looking at it');
    if (this.unfound.has(spec.name)) return ok(false, 'not started');
    const runs = this.#running.has(spec.name);
    if (runs) this.end(spec.name, { kind: 'killed', signal: spec.stopSignal });
    return this.stopTrouble.get(spec.name) ?? ok(runs, 'stopped');
  }

  #observe(spec: DaemonSpec): Observation {
    const running = this.#running.get(spec.name);
    return {
      state: running === undefined ? 'stopped' : 'running',
      process: running?.process,
      reason: 'seen',
      restarts: undefined,
      lastExit: undefined,
      details: {},
    };
  }
}
