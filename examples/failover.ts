/**
 * Makes this node the master: as cluster software does it that lost its old
 * master, or gives it a rest. Run on the node that is to be the master:
 *
 *     failover FIRST_DAEMON COMMAND_FOR_THE_OLD_MASTER…
 *     failover ganeti-wconfd ssh node1.example.org daemon-util
 *
 * FIRST_DAEMON is the one that must run before anything may vote for this node,
 * and is started by force. What goes wrong after the old master has stopped is
 * undone: this node's part first, then the old master's daemons are started
 * again, so that the cluster has a master, and never two.
 *
 * Exit status: 0 done, 1 nothing has changed, 2 undone, 3 not even that.
 */
import { spawnSync } from 'node:child_process';

import { openWatchkeeper, type DaemonOutcome, type GroupOutcome } from 'watchkeeper';

const [first = '', program = '', ...leading] = process.argv.slice(2);
/** Of each step here, in ms. On the other node daemon-util keeps its own time-outs. */
const DEADLINE = 120_000;
/** Nobody can vote for a new master as long as there is none. */
const WITHOUT_A_VOTE = ['--no-voting', '--yes-do-it'];

const node = openWatchkeeper({ by: 'failover', note: (line) => say(line) });

function say(line: string): void {
  process.stderr.write(`failover: ${line}\n`);
}

function onOldMaster(command: 'stop-master' | 'start-master'): boolean {
  const { status, stderr, error } = spawnSync(program, [...leading, command], { encoding: 'utf8', timeout: 10 * DEADLINE });
  if (status === 0) return true;
  say(`the old master: ${command} ended with ${String(status ?? error)}: ${stderr.trim()}`);
  return false;
}

/** Says why, where it is not as it was asked for. */
function isUp(name: string, outcome: DaemonOutcome): boolean {
  switch (outcome.kind) {
    case 'ok':
      return true;
    case 'skipped':
      say(`${name} was skipped: ${outcome.reason}`);
      return false;
    case 'failed':
      say(`${name} failed (${outcome.code}): ${outcome.reason}${outcome.next === '' ? '' : `; try ${outcome.next}`}`);
      return false;
  }
}

function areUp(group: GroupOutcome): boolean {
  if (group.failure !== undefined && group.daemons.length === 0) say(`${group.failure.reason}; try ${group.failure.next}`);
  for (const { name, outcome } of group.daemons) isUp(name, outcome);
  return group.ok;
}

async function becomeMaster(): Promise<boolean> {
  // Once, by force: whoever restarts it later does so with a vote.
  if (!isUp(first, await node.start(first, { arguments: WITHOUT_A_VOTE, deadline: DEADLINE }))) return false;
  if (!areUp(await node.startMaster({ deadline: DEADLINE }))) return false;
  const seen = await node.status([first], { deadline: DEADLINE });
  const state = seen.kind === 'ok' ? (seen.daemons[0]?.observed ?? 'unknown') : seen.reason;
  if (state !== 'running') say(`${first} does not stay up: ${state}`);
  return state === 'running';
}

async function failover(): Promise<0 | 1 | 2 | 3> {
  const before = await node.status([first], { deadline: DEADLINE });
  if (before.kind === 'failed') {
    say(before.reason);
    return 1;
  }
  if (!onOldMaster('stop-master')) {
    // It may have stopped some of them.
    return onOldMaster('start-master') ? 2 : 3;
  }
  if (await becomeMaster()) {
    say('this node is the master');
    return 0;
  }
  say('going back');
  const undone = await node.stopMaster({ deadline: DEADLINE });
  if (!undone.ok) {
    say(`cannot go back: ${undone.failure?.reason ?? 'not all has stopped here'}; the old master is left stopped, as there must not be two`);
    return 3;
  }
  return onOldMaster('start-master') ? 2 : 3;
}

if (program === '') {
  say('usage: failover FIRST_DAEMON COMMAND_FOR_THE_OLD_MASTER…');
  process.exitCode = 1;
} else {
  process.exitCode = await failover();
}
