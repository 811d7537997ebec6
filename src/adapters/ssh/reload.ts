/**
 * Makes this node's ssh daemon read its host keys again, after a cluster has
 * given the node new ones. The catalogue has no ssh daemon, it is the system's:
 * so by systemd's unit or the init script, `ssh` (Debian) or `sshd` (others).
 */
import { accessSync, constants, statSync } from 'node:fs';

import { describeExit } from '../../core/exit-status.js';
import type { Runner, RunResult } from '../../ports/runner.js';

export type SshReload =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly reason: string; readonly next: string };

/** What of the machine decides how; a test brings its own. */
export interface SshMachine {
  isDirectory(path: string): boolean;
  isExecutable(path: string): boolean;
}

const NAMES = ['ssh', 'sshd'] as const;
const SYSTEMD_RUNS = '/run/systemd/system';
const SYSTEMCTL = '/usr/bin/systemctl';
/** invoke-rc.d honours policy-rc.d, service does not exist everywhere, the script itself is the last resort. */
const INVOKE_RC_D = '/usr/sbin/invoke-rc.d';
const SERVICE = '/usr/sbin/service';
/** ms */
const TIMEOUT = 30_000;
/** systemctl(1): no such unit. */
const NOT_FOUND = 5;

export async function reloadSshKeys(runner: Runner, machine: SshMachine = REAL): Promise<SshReload> {
  const attempts = machine.isDirectory(SYSTEMD_RUNS) && machine.isExecutable(SYSTEMCTL) ? bySystemd() : byInitScript(machine);
  const failures: string[] = [];
  for (const argv of attempts) {
    const result = await runner.run(argv, { timeout: TIMEOUT });
    if (succeeded(result)) return { ok: true, detail: argv.join(' ') };
    if (argv[0] === SYSTEMCTL && result.exit.kind === 'exited' && result.exit.status === NOT_FOUND) continue;
    failures.push(`${argv.join(' ')} ${result.timedOut ? `did not end within ${TIMEOUT} ms` : describeExit(result.exit)}: ${result.stderr.trim().slice(0, 300)}`);
  }
  const [first] = failures;
  if (first !== undefined) return { ok: false, reason: first, next: 'the same by hand' };
  return { ok: false, reason: 'there is no unit and no init script named ssh or sshd', next: 'ps -C sshd, and kill -HUP of its main process' };
}

type Argv = readonly [string, ...string[]];

/** Does nothing to an ssh daemon that a socket unit starts for each connection: that one reads its keys each time. */
function bySystemd(): readonly Argv[] {
  return NAMES.map((name) => [SYSTEMCTL, '--no-ask-password', 'try-reload-or-restart', `${name}.service`]);
}

function byInitScript(machine: SshMachine): readonly Argv[] {
  return NAMES.filter((name) => machine.isExecutable(`/etc/init.d/${name}`)).map((name): Argv => {
    if (machine.isExecutable(INVOKE_RC_D)) return [INVOKE_RC_D, name, 'reload'];
    if (machine.isExecutable(SERVICE)) return [SERVICE, name, 'reload'];
    return [`/etc/init.d/${name}`, 'reload'];
  });
}

function succeeded({ exit, timedOut }: RunResult): boolean {
  return !timedOut && exit.kind === 'exited' && exit.status === 0;
}

const REAL: SshMachine = {
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  isExecutable: (path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false; // missing or not executable: both mean that it can't be used
    }
  },
};
