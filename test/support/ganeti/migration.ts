/** From Debian's daemon-util to ours and back, by the steps of docs/migration.md. */
import { installTree } from '../containers/installed-tree.js';
import type { GanetiNode } from './node.js';
import { startWatcher, stopWatcher } from './watcher.js';

const TIMEOUT = 180_000;

/** Nothing of Ganeti's is touched yet. */
export async function installWatchkeeper(node: GanetiNode): Promise<void> {
  installTree(node.container.root);
  await node.container.write('/etc/watchkeeper/watchkeeper.yaml', 'catalogue: ganeti.yaml\npauseFile: /var/lib/ganeti/watcher.pause\n');
  await node.container.must(['/usr/sbin/watchkeeper', 'config', 'check']);
}

/** Whoever calls Ganeti's daemon-util gets ours; the package manager knows about it. */
export async function takeTheName(node: GanetiNode): Promise<void> {
  const file = await realName(node);
  await node.container.must(['/usr/bin/dpkg-divert', '--local', '--quiet', '--rename', '--divert', stockName(file), '--add', file]);
  await node.container.must(['/bin/ln', '-s', '/usr/sbin/daemon-util', file]);
  if (node.init === 'systemd') await node.container.must(['/usr/bin/systemctl', 'daemon-reload']);
}

export async function giveTheNameBack(node: GanetiNode): Promise<void> {
  const file = await realName(node);
  await node.container.must(['/bin/rm', file]);
  await node.container.must(['/usr/bin/dpkg-divert', '--local', '--quiet', '--rename', '--remove', file]);
}

/** systemd becomes the restart owner: the one step that restarts the daemons. The watcher runs before and afterwards. */
export async function takeUnits(node: GanetiNode): Promise<void> {
  const { container } = node;
  await stopWatcher(node);
  await container.must(['/usr/sbin/daemon-util', 'stop-all'], { timeout: TIMEOUT });
  await container.must(['/usr/sbin/watchkeeper', 'units', 'install']);
  await container.must(['/usr/bin/systemctl', 'enable', '--quiet', 'ganeti.target', 'watchkeeper.service']);
  await startWatcher(node);
  await container.must(['/usr/sbin/daemon-util', 'start-all'], { timeout: TIMEOUT });
}

/** Debian's own, while ours has its name. */
export async function stockDaemonUtil(node: GanetiNode): Promise<string> {
  return stockName(await realName(node));
}

function stockName(file: string): string {
  return `${file}.debian`;
}

/** Behind the links; the directory has the version in its name. */
async function realName(node: GanetiNode): Promise<string> {
  const directory = await node.container.must(['/usr/bin/readlink', '-f', '/usr/lib/ganeti/default/usr/lib/ganeti']);
  return `${directory.trim()}/daemon-util`;
}
