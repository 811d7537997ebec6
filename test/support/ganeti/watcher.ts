/** Our watcher on a node, and what people ask it. */
import { setTimeout } from 'node:timers/promises';

import { expect } from 'chai';

import { eventually } from '../eventually.js';
import { namesOf, runningDaemons } from './daemons.js';
import type { GanetiNode } from './node.js';

const TIMEOUT = 60_000;
const LONG = 180_000;

export async function startWatcher(node: GanetiNode): Promise<void> {
  await node.container.must(service(node, 'start'), { timeout: TIMEOUT });
}

/** Daemons go on. */
export async function stopWatcher(node: GanetiNode): Promise<void> {
  await node.container.must(service(node, 'stop'), { timeout: TIMEOUT });
}

function service(node: GanetiNode, verb: 'start' | 'stop'): readonly [string, ...string[]] {
  return node.init === 'systemd' ? ['/usr/bin/systemctl', verb, 'watchkeeper.service'] : ['/etc/init.d/watchkeeper', verb];
}

export function daemonUtil(node: GanetiNode, ...words: readonly string[]): Promise<string> {
  return node.container.must(['/usr/lib/ganeti/daemon-util', ...words], { timeout: TIMEOUT });
}

/** Ganeti's own watcher, from its begin to its end, as our scheduled task. */
export async function runGanetiWatcher(node: GanetiNode): Promise<void> {
  await eventually('ganeti-watcher has run', async () => {
    const { status, stderr } = await node.container.run(['/usr/sbin/watchkeeper', 'tasks', 'run', 'ganeti-watcher'], { timeout: LONG });
    // Its schedule may have started one already, which is not the one that is meant.
    if (status !== 0 && !stderr.includes('the last run has not ended')) throw new Error(`ganeti-watcher ended with ${status}: ${stderr}`);
    if (status !== 0) await setTimeout(500);
    return status === 0;
  }, LONG);
}

/** Exit status 0 and 1 are answers; anything else is not. */
export async function isUp(node: GanetiNode, name: string): Promise<boolean> {
  const { status, stderr } = await node.container.run(['/usr/lib/ganeti/daemon-util', 'check', name]);
  expect(status, stderr).to.be.oneOf([0, 1]);
  return status === 0;
}

/** These run and no others, and daemon-util says so of each. */
export async function areUp(node: GanetiNode, names: readonly string[]): Promise<void> {
  await areRunning(node, names);
  for (const name of names) await eventually(`check ${name} says up`, () => isUp(node, name), TIMEOUT);
}

/** For the kernel these run, and no others. */
export async function areRunning(node: GanetiNode, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort().join(', ');
  const running = (): string => namesOf(runningDaemons(node)).join(', ');
  await eventually(`${wanted} run on ${node.name}`, () => running() === wanted, TIMEOUT).catch((cause: unknown) => {
    throw new Error(`on ${node.name} there run ${running()}, and not ${wanted}`, { cause });
  });
}
