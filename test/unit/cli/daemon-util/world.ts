/** One call of daemon-util over fakes: what it prints, how it ends, what it asked for. */
import { chooseControl, chooseReader } from '../../../../src/app/control-choice.js';
import { DirectControl } from '../../../../src/app/direct-control.js';
import type { Means, SshReload } from '../../../../src/cli/daemon-util/command.js';
import { runDaemonUtil } from '../../../../src/cli/daemon-util/run.js';
import type { Catalogue } from '../../../../src/core/catalogue.js';
import { NOT_ASKED } from '../../../../src/core/role.js';
import type { Controller } from '../../../../src/ports/controller.js';
import type { ServiceManagerKind } from '../../../../src/ports/service-manager.js';
import { FakeDesired, FakeHolds, FakeLocks, FakeManager, FakeRunner, LeapingClock, sampleCatalogue } from '../../../support/control-fakes.js';

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class World {
  readonly diary: string[] = [];
  readonly manager: FakeManager;
  readonly desired = new FakeDesired(this.diary);
  readonly locks = new FakeLocks(this.diary);
  readonly runner = new FakeRunner(this.diary);
  readonly clock = new LeapingClock();
  readonly missingPaths = new Set<string>();
  environment: Record<string, string> = {};
  watcher: Controller | undefined;
  asker: string | undefined = '100/7';
  ssh: SshReload = { ok: true, detail: 'systemctl' };
  catalogue: () => Catalogue;

  constructor(kind: ServiceManagerKind = 'start-stop-daemon', catalogue = sampleCatalogue()) {
    this.manager = new FakeManager(kind, this.diary);
    this.catalogue = () => catalogue;
  }

  /** What the service manager, the state and the locks were told, without the order of locks. */
  get deeds(): readonly string[] {
    return this.diary.filter((line) => !/^(un)?lock/.test(line));
  }

  async run(...argv: string[]): Promise<Result> {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const status = await runDaemonUtil(argv, { stdout: (line) => stdout.push(line), stderr: (line) => stderr.push(line) }, () => this.#means());
    return { status, stdout: stdout.map((line) => `${line}\n`).join(''), stderr: stderr.map((line) => `${line}\n`).join('') };
  }

  #means(): Means {
    const { manager, desired, locks, runner, clock } = this;
    const kind = () => Promise.resolve(manager.kind);
    const direct = () => Promise.resolve(new DirectControl({ catalogue: this.catalogue(), manager, desired, locks, runner, clock, bootId: 'boot', lockTimeout: 100, holds: new FakeHolds(), roles: () => Promise.resolve(() => NOT_ASKED) }));
    const findWatcher = () => Promise.resolve(this.watcher);
    return {
      version: '9.9.9',
      environment: this.environment,
      screen: undefined,
      caller: 'uid 0, pid 4711',
      asker: this.asker,
      catalogue: () => Promise.resolve().then(() => this.catalogue()),
      detection: () => Promise.resolve({ kind: manager.kind, reason: 'the test says so' }),
      manager: () => Promise.resolve(manager),
      control: (by) => chooseControl({ findWatcher, direct, locks, clock, kind, timeout: 100, purpose: by }),
      reader: () => chooseReader({ findWatcher, direct, kind }),
      pathExists: (path) => !this.missingPaths.has(path),
      isMet: ({ kind, path }) => (kind === 'path-missing') === this.missingPaths.has(path),
      account: (spec) => Promise.resolve(`${spec.user ?? 'root'}:${spec.group ?? 'root'}`),
      reloadSshKeys: () => Promise.resolve(this.ssh),
    };
  }
}
