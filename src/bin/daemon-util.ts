/** `daemon-util`: its means, each made when a command first asks for it. */
import * as fs from 'node:fs';

import type { ControlChoiceParts } from '../app/control-choice.js';
import type { Means, Options } from '../cli/daemon-util/command.js';
import { runDaemonUtil } from '../cli/daemon-util/run.js';
import type { DaemonSpec } from '../core/daemon.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';
import type { Controller } from '../ports/controller.js';
import type { Detection } from '../ports/service-manager.js';
import { Host } from './host.js';
import { version } from './version.js';

/** @returns the exit status */
export function daemonUtil(argv: readonly string[]): Promise<number> {
  const fit = wantsUtf8(process.env) ? (line: string) => line : asciiOnly;
  const output = {
    stdout: (line: string) => void process.stdout.write(`${fit(line)}\n`),
    stderr: (line: string) => void process.stderr.write(`${fit(line)}\n`),
  };
  return runDaemonUtil(argv, output, means);
}

function means(options: Options, note: (line: string) => void): Means {
  const host = new Host(options.config, process.env);
  let detection: Promise<Detection> | undefined;
  const detected = () =>
    (detection ??= host.configuration().then(async ({ catalogue, settings }) => {
      const { detect } = await import('./service-manager.js');
      return detect({ catalogue, settings, runner: await host.runner() });
    }));
  const manager = async () => host.manager((await detected()).kind, true);
  const choice = async (): Promise<Omit<ControlChoiceParts, 'purpose'>> => {
    const { settings } = await host.configuration();
    return {
      findWatcher: () => host.watcher(settings.controlTimeout),
      direct: () => direct(host, manager, note),
      kind: async () => (await detected()).kind,
      locks: await host.locks(),
      clock: await host.clock(),
      timeout: settings.controlTimeout,
    };
  };
  return {
    get version() {
      return version();
    },
    environment: process.env,
    caller: `uid ${process.getuid?.() ?? '?'}, pid ${process.pid}`,
    catalogue: async () => (await host.configuration()).catalogue,
    detection: detected,
    manager,
    control: async (purpose) => {
      const { chooseControl } = await import('../app/control-choice.js');
      const chosen = await chooseControl({ ...(await choice()), purpose });
      if (chosen.controller.via === 'direct') await host.makeOutputDirectory(note);
      return chosen;
    },
    reader: async () => (await import('../app/control-choice.js')).chooseReader(await choice()),
    pathExists: (path) => fs.existsSync(path),
    account: (spec) => account(host, spec),
    reloadSshKeys: async () => (await import('../adapters/ssh/reload.js')).reloadSshKeys(await host.runner()),
  };
}

async function direct(host: Host, manager: () => ReturnType<Host['manager']>, note: (line: string) => void): Promise<Controller> {
  const { catalogue, settings } = await host.configuration();
  const [{ DirectControl }, { desiredStateStore }] = await Promise.all([
    import('../app/direct-control.js'),
    import('../adapters/state/desired-state.js'),
  ]);
  return new DirectControl({
    catalogue,
    manager: await manager(),
    desired: desiredStateStore(settings.paths.state, note),
    locks: await host.locks(),
    clock: await host.clock(),
    runner: await host.runner(),
    bootId: (await host.self()).bootId,
    lockTimeout: settings.lockTimeout,
  });
}

/** Where the catalogue says nothing, a daemon is started as who we are. */
async function account(host: Host, spec: DaemonSpec): Promise<string> {
  const accounts = await host.accounts();
  const uid = process.geteuid?.() ?? 0;
  const user = spec.user ?? accounts.user(String(uid))?.name ?? String(uid);
  if (spec.group !== undefined) return `${user}:${spec.group}`;
  const gid = accounts.user(user)?.gid ?? process.getegid?.() ?? 0;
  return `${user}:${groupName(gid) ?? String(gid)}`;
}

function groupName(gid: number): string | undefined {
  const line = fs.readFileSync('/etc/group', 'utf8').split('\n').find((entry) => entry.split(':')[2] === String(gid));
  return line?.split(':')[0];
}
