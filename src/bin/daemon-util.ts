/** `daemon-util`: its means, each made when a command first asks for it. */
import * as fs from 'node:fs';

import type { Means, Options } from '../cli/daemon-util/command.js';
import { isMet } from '../adapters/host/start-condition.js';
import { runDaemonUtil } from '../cli/daemon-util/run.js';
import type { DaemonSpec } from '../core/daemon.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';
import { callersMeans } from './caller.js';
import { ControlMeans } from './control.js';
import { Host } from './host.js';

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
  const control = new ControlMeans(host, note);
  const own: Omit<Means, keyof ReturnType<typeof callersMeans>> = {
    catalogue: async () => (await host.configuration()).catalogue,
    detection: () => control.reported(),
    manager: () => control.manager(),
    control: (purpose) => control.control(purpose),
    reader: () => control.reader(),
    pathExists: (path) => fs.existsSync(path),
    isMet,
    account: (spec) => account(host, spec),
    reloadSshKeys: async () => (await import('../adapters/ssh/reload.js')).reloadSshKeys(await host.runner()),
  };
  return Object.assign(callersMeans(), own);
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
