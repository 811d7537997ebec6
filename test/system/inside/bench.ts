/** What the specs inside a container work with: units of test daemons under the container's systemd. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RecordedBootOffset } from '../../../src/adapters/host/boot-offset.js';
import { HostClock } from '../../../src/adapters/host/clock.js';
import { HostProcessTable } from '../../../src/adapters/host/process-table.js';
import { HostRunner } from '../../../src/adapters/host/runner.js';
import { HostAccounts } from '../../../src/adapters/host/user.js';
import { HostReadiness } from '../../../src/adapters/sysv/readiness.js';
import { SystemdManager } from '../../../src/adapters/systemd/manager.js';
import { OneshotArguments } from '../../../src/adapters/systemd/oneshot.js';
import { Systemctl } from '../../../src/adapters/systemd/systemctl.js';
import type { DaemonSpec, GroupSpec } from '../../../src/core/daemon.js';
import type { Outcome } from '../../../src/core/outcome.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from '../../support/test-daemon.js';

const UNITS = '/run/systemd/system';
const FIXTURE = 'test/fixtures/daemon';
const HELPERS = ['oneshot-arguments', 'await-readiness'];

export const NOT_MASTER = 11;
export const GROUP: GroupSpec = {
  name: 'bench',
  description: 'daemons of a test',
  target: undefined,
  roles: [],
  setup: undefined,
  directories: [],
  environmentFile: undefined,
  notMasterExitStatus: NOT_MASTER,
  refusals: [{ code: 'no-quorum', output: 'too few votes', reason: 'too few of the others agree', next: 'waking them' }],
};

/** A program that must succeed. @returns its stdout */
export function must(program: string, ...args: string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(result.status)}: ${result.stderr}`);
  return result.stdout;
}

export function systemctl(...args: string[]): string {
  return must('/usr/bin/systemctl', ...args);
}

export function systemdVersion(): number {
  return Number(/^systemd (\d+)/.exec(systemctl('--version'))?.[1]);
}

export class Bench {
  readonly directory = mkdtempSync('/run/bench-');
  readonly runtime = join(this.directory, 'runtime');
  readonly clock = new HostClock();
  readonly accounts = new HostAccounts();
  readonly runner = new HostRunner(this.clock, this.accounts);
  readonly processes = new HostProcessTable(this.clock, this.accounts, new RecordedBootOffset(this.runtime));
  readonly oneshot: OneshotArguments;
  readonly systemctl = new Systemctl(this.runner);
  readonly manager: SystemdManager;
  readonly #units = new Set<string>();
  readonly #daemons: TestDaemon[] = [];
  readonly #program = join(this.directory, 'daemon');
  readonly #helpers = join(this.directory, 'lib');
  readonly #version = systemdVersion();

  /** @param options.systemctl what the manager asks, if it is not a program for each question */
  constructor(options: { explicit?: boolean; systemctl?: (bench: Bench) => Systemctl } = {}) {
    chmodSync(this.directory, 0o755);
    mkdirSync(this.runtime, { mode: 0o755 });
    mkdirSync(this.#helpers);
    copyFileSync(FIXTURE, this.#program);
    for (const name of HELPERS) copyFileSync(join('scripts', name), join(this.#helpers, name));
    const self = this.processes.identify(process.pid);
    if (self === undefined) throw new Error('cannot find our own process');
    this.oneshot = new OneshotArguments(this.runtime, self);
    this.manager = new SystemdManager({
      group: GROUP,
      runner: this.runner,
      processes: this.processes,
      readiness: new HostReadiness(this.processes, this.runner, this.clock),
      clock: this.clock,
      oneshot: this.oneshot,
      explicit: options.explicit ?? true,
      systemctl: options.systemctl?.(this) ?? this.systemctl,
    });
  }

  /** A stopped test daemon whose unit is generated and loaded. Restarts only where its policy is overridden. */
  daemon(behaviour: Behaviour = {}, overrides: Partial<DaemonSpec> = {}, change: (unit: string) => string = (unit) => unit): TestDaemon {
    const restart = { ...TEST_RESTART_POLICY, when: 'never' as const };
    const daemon = makeTestDaemon({ program: this.#program, directory: this.directory, behaviour, overrides: { restart, ...overrides } });
    this.#daemons.push(daemon);
    this.unit(daemon.spec.unit, change(this.unitText(daemon.spec)));
    return daemon;
  }

  unitText(spec: DaemonSpec): string {
    return serviceUnit(spec, GROUP, { version: this.#version, runtimeDirectory: this.runtime, helperDirectory: this.#helpers });
  }

  /** systemd reads a file that is new to it when it is asked for the unit; a reload would take a third of a second. */
  unit(name: string, text: string): void {
    const isKnown = this.#units.has(name);
    this.#units.add(name);
    writeFileSync(join(UNITS, name), text);
    if (isKnown) systemctl('daemon-reload');
  }

  /** A second name of a unit that systemd has not read yet, as Alias= gives it one. */
  alias(unit: string): string {
    const name = `${newName()}.service`;
    this.#units.add(name);
    symlinkSync(unit, join(UNITS, name));
    return name;
  }

  /** As `systemctl mask` does; with --runtime it would refuse, as the unit is there already. */
  mask(name: string): void {
    rmSync(join(UNITS, name), { force: true });
    symlinkSync('/dev/null', join(UNITS, name));
    systemctl('daemon-reload');
  }

  /** Their files are removed, as by an upgrade, whether or not they run. */
  forget(...names: readonly string[]): void {
    for (const name of names) rmSync(join(UNITS, name));
    systemctl('daemon-reload');
  }

  async start(spec: DaemonSpec, oneShotArguments: readonly string[] = []): Promise<Outcome> {
    return only(await this.manager.start([{ spec, oneShotArguments }]));
  }

  async stop(spec: DaemonSpec): Promise<Outcome> {
    return only(await this.manager.stop([spec]));
  }

  property(unit: string, name: string): string {
    return systemctl('show', `--property=${name}`, '--value', unit).trim();
  }

  cleanup(): void {
    const units = [...this.#units];
    for (const unit of units) spawnSync('/usr/bin/systemctl', ['kill', '--signal=SIGKILL', unit], { timeout: 120_000 });
    if (units.length > 0) spawnSync('/usr/bin/systemctl', ['stop', ...units], { timeout: 120_000 });
    for (const daemon of this.#daemons) daemon.destroy();
    for (const unit of units) {
      rmSync(join(UNITS, unit), { force: true });
      rmSync(join(UNITS, `${unit}.d`), { recursive: true, force: true });
    }
    if (units.length > 0) spawnSync('/usr/bin/systemctl', ['reset-failed', ...units], { timeout: 120_000 });
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`one was expected, not ${list.length}`);
  return first;
}

export function newName(): string {
  return `wk-${randomBytes(6).toString('hex')}`;
}
