/** Ports turned by hand, for what drives a service manager: each records what was asked of it. */
import type { Catalogue } from '../../src/core/catalogue.js';
import type { DaemonSpec, GroupSpec } from '../../src/core/daemon.js';
import type { Observation, ObservedState } from '../../src/core/observation.js';
import { ok } from '../../src/core/outcome.js';
import type { Outcome } from '../../src/core/outcome.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Locks } from '../../src/ports/locks.js';
import type { Runner, RunResult } from '../../src/ports/runner.js';
import type { ServiceManager, ServiceManagerKind } from '../../src/ports/service-manager.js';
import type { DesiredRecord } from '../../src/core/desired-state.js';
import type { DesiredStateStore } from '../../src/ports/store.js';
import type { ClusterHold } from '../../src/core/cluster-hold.js';
import type { ClusterHoldStore } from '../../src/ports/cluster-hold-store.js';
import { daemonSpec } from './daemon-spec.js';

export function catalogueOf(daemons: readonly DaemonSpec[], group: Partial<GroupSpec> = {}): Catalogue {
  return {
    group: {
      name: 'demo',
      description: 'for tests',
      target: undefined,
      roles: [],
      setup: undefined, directories: [],
      environmentFile: undefined,
      notMasterExitStatus: 11,
      ...group,
    },
    daemons,
  };
}

/** db ← api ← web (api requires db, web comes after api), and metrics on demand. */
export function sampleCatalogue(group: Partial<GroupSpec> = {}): Catalogue {
  return catalogueOf(
    [
      daemonSpec({ name: 'db', pidFile: '/run/demo/db.pid', executable: '/usr/sbin/db', user: 'demo', group: 'demo-db' }),
      daemonSpec({ name: 'api', requires: ['db'], roles: ['master'], argumentVariables: ['API_ARGS', 'EXTRA_API_ARGS'] }),
      daemonSpec({ name: 'web', after: ['api'], roles: ['master'], argumentVariables: ['WEB_ARGS', 'EXTRA_WEB_ARGS'] }),
      daemonSpec({ name: 'metrics', onDemand: true }),
    ],
    { roles: [{ name: 'master', description: 'the master', target: undefined }], ...group },
  );
}

export function observation(state: ObservedState, pid?: number): Observation {
  const process = pid === undefined ? undefined : { pid, startTicks: 100, bootId: 'boot' };
  return { state, process, reason: `seen ${state}`, restarts: undefined, lastExit: undefined, details: {} };
}

/** One shared diary, so that a test sees the order across ports. */
export type Diary = string[];

export class FakeManager implements ServiceManager {
  readonly running = new Map<string, number>();
  readonly startOutcomes = new Map<string, Outcome>();
  readonly stopOutcomes = new Map<string, Outcome>();
  readonly reloadOutcomes = new Map<string, Outcome>();
  /** What it says of each way when it is asked. */
  readonly orders = { start: false, stop: false };
  #pid = 1000;

  constructor(
    readonly kind: ServiceManagerKind,
    private readonly diary: Diary,
  ) {}

  keepsOrder(_specs: readonly DaemonSpec[], way: 'start' | 'stop'): Promise<boolean> {
    return Promise.resolve(this.orders[way]);
  }

  start(requests: Parameters<ServiceManager['start']>[0]): Promise<readonly Outcome[]> {
    this.diary.push(`start ${requests.map(({ spec, oneShotArguments }) => [spec.name, ...oneShotArguments].join(' ')).join(' + ')}`);
    return Promise.resolve(requests.map(({ spec }) => this.#start(spec.name)));
  }

  stop(specs: readonly DaemonSpec[]): Promise<readonly Outcome[]> {
    this.diary.push(`stop ${specs.map(({ name }) => name).join(' + ')}`);
    return Promise.resolve(
      specs.map(({ name }) => {
        const told = this.stopOutcomes.get(name);
        if (told !== undefined) return told;
        return ok(this.running.delete(name), 'stopped');
      }),
    );
  }

  reload(spec: DaemonSpec): Promise<Outcome> {
    this.diary.push(`reload ${spec.name}`);
    return Promise.resolve(this.reloadOutcomes.get(spec.name) ?? ok(true, 'signalled'));
  }

  observe(specs: readonly DaemonSpec[]): Promise<readonly Observation[]> {
    return Promise.resolve(
      specs.map(({ name }) => {
        const pid = this.running.get(name);
        return pid === undefined ? observation('stopped') : observation('running', pid);
      }),
    );
  }

  #start(name: string): Outcome {
    const told = this.startOutcomes.get(name);
    if (told !== undefined) return told;
    if (this.running.has(name)) return ok(false, 'it runs');
    this.#pid += 1;
    this.running.set(name, this.#pid);
    return ok(true, 'started');
  }
}

/** What the cluster holds, in memory. */
export class FakeHolds implements ClusterHoldStore {
  readonly records = new Map<string, ClusterHold>();
  #changes = 0;

  read(name: string): ClusterHold | undefined {
    return this.records.get(name);
  }

  /** On the disk at once. */
  put(name: string, hold: ClusterHold): void {
    this.records.set(name, hold);
    this.#changes += 1;
  }

  drop(name: string): boolean {
    this.#changes += 1;
    return this.records.delete(name);
  }

  write(name: string, hold: ClusterHold): Promise<void> {
    this.put(name, hold);
    return Promise.resolve();
  }

  remove(name: string): Promise<boolean> {
    return Promise.resolve(this.drop(name));
  }

  names(): readonly string[] {
    return [...this.records.keys()];
  }

  stamp(): string {
    return String(this.#changes);
  }
}

export class FakeDesired implements DesiredStateStore {
  readonly records = new Map<string, DesiredRecord>();
  writes = 0;
  /** Thrown by each write, as a full disk does. */
  refusal: Error | undefined;

  constructor(private readonly diary: Diary) {}

  read(name: string): DesiredRecord | undefined {
    return this.records.get(name);
  }

  write(records: ReadonlyMap<string, DesiredRecord>): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    for (const [name, record] of records) {
      this.writes += 1;
      this.diary.push(`want ${name} ${record.desired}`);
      this.records.set(name, record);
    }
    return Promise.resolve();
  }

  set(name: string, desired: 'up' | 'down', by = 'somebody'): void {
    this.records.set(name, { desired, at: 0, by, bootId: 'boot' });
  }
}

export class FakeLocks implements Locks {
  /** Name of the lock → who is told to hold it. */
  readonly takenByOthers = new Map<string, string>();
  readonly held = new Set<string>();

  constructor(private readonly diary: Diary) {}

  acquire(name: string): ReturnType<Locks['acquire']> {
    const heldBy = this.takenByOthers.get(name);
    if (heldBy !== undefined) return Promise.resolve({ ok: false, heldBy });
    if (this.held.has(name) && name !== 'control') throw new Error(`${name} is taken twice by the same: a deadlock`);
    this.diary.push(`lock ${name}`);
    this.held.add(name);
    const release = () => {
      this.diary.push(`unlock ${name}`);
      this.held.delete(name);
    };
    return Promise.resolve({ ok: true, lock: { release } });
  }
}

export class FakeRunner implements Runner {
  result: RunResult = { exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '' };

  constructor(private readonly diary: Diary) {}

  run(argv: readonly [string, ...string[]]): Promise<RunResult> {
    this.diary.push(`run ${argv.join(' ')}`);
    return Promise.resolve(this.result);
  }
}

/** Time that passes only by its own timers: each fires at once and turns the clock on. */
export class LeapingClock implements Clock {
  now = 5000;

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return 1_700_000_000_000 + this.now;
  }

  random(): number {
    return 0.5;
  }

  after(ms: number, callback: () => void): { cancel(): void } {
    let cancelled = false;
    // Time passes where nobody has anything to do.
    setImmediate(() => {
      if (cancelled) return;
      this.now += ms;
      callback();
    });
    return { cancel: () => (cancelled = true) };
  }
}
