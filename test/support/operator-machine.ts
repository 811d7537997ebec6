/** A container as the operator of a node has it: apt, a group of two daemons, and looks at what is there. */
import type { Container } from './containers/container.js';
import { eventually } from './eventually.js';

const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
const SLEEPER = '/usr/local/lib/sleeper';
const NAMES = ['db', 'web'];
/** What apt, dpkg, systemd and their kind keep of their own. */
const OTHERS = /^\/(var\/(lib\/(dpkg|apt|systemd|logrotate)|cache|log\/(journal|apt|dpkg\.log|alternatives\.log))|etc\/(ld\.so\.cache|machine-id)|srv\/)/;

export class OperatorMachine {
  constructor(readonly container: Container) {}

  async apt(...words: string[]): Promise<{ readonly status: number; readonly text: string }> {
    // Edited files are kept, as dpkg does where nobody answers its question otherwise.
    const options = ['-y', '-o', 'Dpkg::Options::=--force-confold', '-o', 'Dpkg::Use-Pty=0'];
    const { status, stdout, stderr } = await this.container.run(['/usr/bin/apt-get', ...options, ...words], { timeout: 180_000, environment: { DEBIAN_FRONTEND: 'noninteractive' } });
    return { status, text: `${stdout}${stderr}` };
  }

  async isInstalled(): Promise<boolean> {
    return (await this.container.run(['/usr/bin/dpkg-query', '-W', '-f', '${db:Status-Status}', 'watchkeeper'])).stdout === 'installed';
  }

  version(): Promise<string> {
    return this.container.must(['/usr/bin/dpkg-query', '-W', '-f', '${Version}', 'watchkeeper']);
  }

  /** Its word, whatever its exit status. */
  async systemctl(...words: string[]): Promise<string> {
    return (await this.container.run(['/usr/bin/systemctl', ...words])).stdout.trim();
  }

  async status(): Promise<unknown> {
    return JSON.parse(await this.container.must(['/usr/sbin/watchkeeper', 'status', '--json']));
  }

  /** By the board; undefined: there is none that is alive. */
  async watcher(): Promise<number | undefined> {
    const { status, stdout } = await this.container.run(['/usr/bin/cat', '/run/watchkeeper/watcher']);
    const pid = Number(stdout.split(' ')[1]);
    return status === 0 && (await this.container.run(['/bin/kill', '-0', String(pid)])).status === 0 ? pid : undefined;
  }

  /** Two daemons; with `target` they are systemd's, once their units are installed. */
  async configure({ target = false, reload = true }: { readonly target?: boolean; readonly reload?: boolean } = {}): Promise<void> {
    await this.container.write(SLEEPER, '#!/bin/sh\nexec /bin/sleep 1000000\n', 0o755);
    const daemons = Object.fromEntries(NAMES.map((name) => [name, { executable: SLEEPER, roles: ['node'], readiness: { kind: 'settled', settle: '100ms' } }]));
    const group = { name: 'site', roles: { node: target ? { target: 'site-node.target' } : {} }, ...(target ? { target: 'site.target' } : {}) };
    await this.container.write(CONFIG, JSON.stringify({ group, daemons }));
    if (reload && !target && (await this.watcher()) !== undefined) await this.container.must(['/usr/sbin/watchkeeper', 'reload']);
  }

  async startDaemons(): Promise<Readonly<Record<string, number>>> {
    await this.container.must(['/usr/sbin/daemon-util', 'start-all'], { timeout: 60_000 });
    return this.daemons();
  }

  /** Their pids, once each of them is said to run. */
  async daemons(): Promise<Readonly<Record<string, number>>> {
    const pids: Record<string, number> = {};
    await eventually('all daemons run', async () => {
      for (const name of NAMES) {
        const { status, stdout } = await this.container.run(['/usr/sbin/daemon-util', 'pid', name]);
        if (status !== 0) return false;
        pids[name] = Number(stdout);
      }
      return true;
    });
    return pids;
  }

  /** All files and directories that a package could leave behind. */
  async files(): Promise<readonly string[]> {
    const found = await this.container.must(['/usr/bin/find', '/etc', '/usr', '/var', '/run/watchkeeper', '-xdev', '-path', '/var/tmp', '-prune', '-o', '-print']).catch(() => this.container.must(['/usr/bin/find', '/etc', '/usr', '/var', '-xdev', '-path', '/var/tmp', '-prune', '-o', '-print']));
    return found.split('\n').filter((name) => name !== '' && !OTHERS.test(name)).sort();
  }
}
