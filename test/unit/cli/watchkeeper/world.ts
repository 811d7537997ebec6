/** One call of watchkeeper over fakes: what it prints, how it ends, what it asked for. */
import { configurationFromText } from '../../../../src/adapters/config/load.js';
import { DirectControl } from '../../../../src/app/direct-control.js';
import type { Means } from '../../../../src/cli/watchkeeper/command.js';
import { runWatchkeeper } from '../../../../src/cli/watchkeeper/run.js';
import type { ClusterHoldings } from '../../../../src/cli/watchkeeper/command.js';
import type { CatalogueChange } from '../../../../src/core/catalogue-change.js';
import { ok, type Outcome } from '../../../../src/core/outcome.js';
import type { PauseLease } from '../../../../src/core/pause.js';
import { NOT_ASKED } from '../../../../src/core/role.js';
import type { ControlRequest, NamedOutcome, Progress, StopControlRequest } from '../../../../src/ports/controller.js';
import type { StatusAnswer, WatcherClient } from '../../../../src/ports/watcher-client.js';
import type { UnitInstaller } from '../../../../src/ports/unit-installer.js';
import { FakeDesired, FakeHolds, FakeLocks, FakeManager, FakeRunner, LeapingClock } from '../../../support/control-fakes.js';

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A watcher that answers as the test says; what it was asked is in the diary. */
export class FakeWatcher implements WatcherClient {
  readonly via = 'watcher';
  readonly info = { version: '0', pid: 1, uptime: 1, restartOwner: 'watcher', serviceManager: { kind: 'fake', reason: 'test' }, group: 'g', staleConfiguration: false, waitsForRestart: [] } as const;
  readonly outcomes = new Map<string, Outcome>();
  changes: readonly CatalogueChange[] = [];
  answer: StatusAnswer = { schemaVersion: 1, watcher: null, roles: [], daemons: {} };
  refreshes = 0;

  constructor(private readonly diary: string[]) {}

  start(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#all('start', request, progress);
  }

  stop(request: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#all(request.hold === true ? 'stop and hold' : 'stop', request, progress);
  }

  restart(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#all('restart', request, progress);
  }

  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#all('retry-now', request, progress);
  }

  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.#all('reset', request, progress);
  }

  status(): never {
    throw new Error('the commands ask for statusAnswer');
  }

  statusAnswer(): Promise<StatusAnswer> {
    return Promise.resolve(this.answer);
  }

  reload(): Promise<readonly CatalogueChange[]> {
    return Promise.resolve(this.changes);
  }

  refresh(): Promise<void> {
    this.refreshes += 1;
    return Promise.resolve();
  }

  clusterReports(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  tasks(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  taskHistory(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  runTask(): Promise<string> {
    return Promise.resolve('started');
  }

  events(): Promise<void> {
    return Promise.resolve();
  }

  #all(what: string, { names, by }: ControlRequest, progress: Progress | undefined): Promise<readonly NamedOutcome[]> {
    this.diary.push(`${what} ${names.join(' ')} by ${by}`);
    const outcomes = names.map((name) => ({ name, outcome: this.outcomes.get(name) ?? ok(true, 'done'), took: 1 }));
    for (const outcome of outcomes) progress?.(outcome);
    return Promise.resolve(outcomes);
  }
}

const CONFIGURATION = 'daemons: {web: {executable: /bin/web}, db: {executable: /bin/db}}\n';

export class World {
  configuration = CONFIGURATION;
  units: UnitInstaller | undefined;
  readonly diary: string[] = [];
  readonly manager = new FakeManager('built-in', this.diary);
  readonly desired = new FakeDesired(this.diary);
  readonly fakeWatcher = new FakeWatcher(this.diary);
  watcher: FakeWatcher | undefined = this.fakeWatcher;
  leases: readonly PauseLease[] = [];
  /** Of the pause file: kept by nobody here. */
  pauseFile: PauseLease | undefined;
  now = Date.UTC(2026, 0, 2, 3, 4, 5);
  ownStatus: StatusAnswer = { schemaVersion: 1, watcher: null, roles: [], daemons: {} };
  released = 0;

  holdings: ClusterHoldings | undefined;

  async run(...argv: string[]): Promise<Result> {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const status = await runWatchkeeper(argv, { stdout: (line) => stdout.push(line), stderr: (line) => stderr.push(line) }, this.#means());
    return { status, stdout: stdout.map((line) => `${line}\n`).join(''), stderr: stderr.map((line) => `${line}\n`).join('') };
  }

  #means(): Means {
    const configuration = configurationFromText('test.yaml', this.configuration, {});
    const unused = (what: string): never => {
      throw new Error(`${what} is not for these commands`);
    };
    return {
      version: '9.9.9',
      terminal: { isTerminal: false, colour: false, utf8: true, columns: undefined },
      client: () => Promise.resolve(this.watcher),
      caller: 'uid 0, pid 4711',
      owner: 'alice',
      now: () => this.now,
      control: () => {
        const release = (): void => void (this.released += 1);
        if (this.watcher !== undefined) return Promise.resolve({ controller: this.watcher, reason: 'the test says so', release });
        const { manager, desired } = this;
        const parts = { catalogue: configuration.catalogue, manager, desired, locks: new FakeLocks(this.diary), runner: new FakeRunner(this.diary), clock: new LeapingClock() };
        return Promise.resolve({ controller: new DirectControl({ ...parts, bootId: 'boot', holds: new FakeHolds(), lockTimeout: 100, roles: () => Promise.resolve(() => NOT_ASKED) }), reason: 'no watcher', release });
      },
      pauses: (_config, change) => {
        const all = (): readonly PauseLease[] => (this.pauseFile === undefined ? this.leases : [...this.leases, this.pauseFile]);
        if (change !== undefined) this.leases = change(all()).filter(({ id }) => id !== 'pause-file');
        return Promise.resolve(all());
      },
      ownStatus: () => Promise.resolve(this.ownStatus),
      details: () => unused('details'),
      ownEvents: () => unused('events'),
      examine: () => unused('doctor'),
      history: () => unused('history'),
      logs: () => unused('logs'),
      ownTasks: () => unused('tasks'),
      run: () => unused('run'),
      testHooks: () => unused('hooks'),
      clusterHoldings: () => (this.holdings === undefined ? unused('cluster status') : Promise.resolve(this.holdings)),
      clusterRelease: () => unused('cluster release'),
      clusterConfiguration: () => unused('cluster configure'),
      clusterAgent: () => unused('cluster agent'),
      units: () => (this.units === undefined ? unused('units') : Promise.resolve(this.units)),
      configuration: () => Promise.resolve(configuration),
    };
  }
}
