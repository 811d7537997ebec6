/** The installed watcher as an operator has it, mostly on a machine with systemd: configuration, units, commands. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DaemonSpec, GroupSpec } from '../../../src/core/daemon.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from '../../support/test-daemon.js';
import type { StatusJson } from '../../support/watcher-world.js';
import { must, systemctl, systemdVersion } from './bench.js';

export const UNITS = '/run/systemd/system';
export const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
export const TARGET = 'wk-group.target';
export const WATCHER = 'watchkeeper.service';
const PROGRAM = '/usr/local/lib/wk-test-daemon';
/** sd_booted(3) */
export const HAS_SYSTEMD = existsSync('/run/systemd/system');

/** What stands in the configuration besides what every test needs. */
export type Keys = Readonly<Record<string, unknown>>;

/** A group of real daemons, the configuration of this machine, and the watcher's own unit. */
export class Site {
  readonly directory = mkdtempSync('/run/site-');
  readonly #daemons = new Map<string, { readonly daemon: TestDaemon; readonly keys: Keys }>();
  readonly #units = new Set<string>();
  readonly #configuration = readFileSync(CONFIG, 'utf8');

  /** Once for all: the program of the test daemons. */
  static install(): void {
    must('/usr/bin/install', '-D', '-m', '0755', 'test/fixtures/daemon', PROGRAM);
  }

  /** @param overrides also make its unit; `keys` stand in the configuration only */
  add(name: string, behaviour: Behaviour = {}, overrides: Partial<DaemonSpec> = {}, keys: Keys = {}): TestDaemon {
    const daemon = makeTestDaemon({ program: PROGRAM, directory: this.directory, behaviour, overrides: { name, unit: `wk-${name}.service`, ...overrides } });
    this.#daemons.set(name, { daemon, keys });
    return daemon;
  }

  /** Writes configuration and, for systemd, target and units. @param keys of the configuration's top */
  settle(options: { units: boolean }, keys: Keys = {}): void {
    const group: GroupSpec = { name: 'site', description: 'test', target: options.units ? TARGET : undefined, roles: this.#roles().map((role) => ({ name: role, description: '', target: undefined })), setup: undefined, directories: [], environmentFile: undefined, notMasterExitStatus: 11 };
    const daemons = [...this.#daemons].map(([name, { daemon, keys: own }]): [string, unknown] => {
      const { executable, readiness, unit, requires, roles, argumentVariables, successExitStatuses } = daemon.spec;
      return [name, { executable, arguments: daemon.spec.arguments, readiness, unit, requires, roles, argumentVariables, successExitStatuses, stopTimeout: '5s', startTimeout: '20s', ...own }];
    });
    const target = options.units ? { target: TARGET } : {};
    writeFileSync(CONFIG, JSON.stringify({ group: { name: 'site', roles: Object.fromEntries(this.#roles().map((role) => [role, {}])), ...target }, heartbeatInterval: '1s', daemons: Object.fromEntries(daemons), ...keys }));
    if (!options.units) return;
    // As the generated ones: what it names stays in systemd's memory, and with it how it ended.
    this.#unit(TARGET, `[Unit]\nDescription=group of a test\n${[...this.#daemons.values()].map(({ daemon }) => `After=${daemon.spec.unit}\n`).join('')}`);
    for (const { daemon } of this.#daemons.values()) {
      this.#unit(daemon.spec.unit, serviceUnit(daemon.spec, group, { version: systemdVersion(), runtimeDirectory: '/run/watchkeeper', helperDirectory: '/usr/lib/watchkeeper' }));
    }
    systemctl('daemon-reload');
  }

  /** That any daemon has. */
  #roles(): readonly string[] {
    return [...new Set([...this.#daemons.values()].flatMap(({ daemon }) => daemon.spec.roles))];
  }

  #unit(name: string, text: string): void {
    this.#units.add(name);
    writeFileSync(join(UNITS, name), text);
  }

  cleanup(): void {
    const quietly = (...args: string[]): unknown => HAS_SYSTEMD && spawnSync('/usr/bin/systemctl', args, { timeout: 60_000 });
    quietly('stop', WATCHER);
    for (const unit of this.#units) quietly('stop', unit);
    for (const { daemon } of this.#daemons.values()) daemon.destroy();
    for (const unit of this.#units) {
      rmSync(join(UNITS, unit), { force: true });
      rmSync(join(UNITS, `${unit}.d`), { recursive: true, force: true });
    }
    if (HAS_SYSTEMD) systemctl('daemon-reload');
    quietly('reset-failed');
    writeFileSync(CONFIG, this.#configuration);
    for (const path of [this.directory, '/run/watchkeeper', '/var/lib/watchkeeper']) rmSync(path, { recursive: true, force: true });
  }
}

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const asked = (program: string, args: readonly string[]): Answer => spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });

export const daemonUtil = (...args: string[]): Answer => asked('/usr/sbin/daemon-util', args);

export const watchkeeper = (...args: string[]): Answer => asked('/usr/sbin/watchkeeper', args);

export function status(): StatusJson {
  return JSON.parse(must('/usr/sbin/watchkeeper', 'status', '--json')) as StatusJson;
}

export function events(): { daemon: string; news: string; reason: string }[] {
  const lines = must('/usr/sbin/watchkeeper', 'events', '--json', '--lines', '1000').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as { daemon: string; news: string; reason: string });
}

export function property(unit: string, name: string): string {
  return systemctl('show', `--property=${name}`, '--value', unit).trim();
}

export function watcherPid(): number {
  return Number(property(WATCHER, 'MainPID'));
}

/** Another watcher than this one has control. */
export function isReplaced(pid: number): boolean {
  return ![0, pid].includes(watcherPid()) && property(WATCHER, 'ActiveState') === 'active';
}
