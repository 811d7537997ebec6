/**
 * What a cron job calls every few minutes. It starts a daemon only where nobody
 * else would: under systemd, and where the watcher runs, the restart owner has
 * its own reasons for leaving a daemon down, and this only tells them by exit
 * status. What was stopped by hand stays stopped; what only went down with all
 * the others comes back once something was started again, and what was stopped
 * by who now asks for it.
 */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { statusLine } from '../../core/status-line.js';
import { isUp } from '../../core/daemon-status.js';
import { isAskersOwn } from '../../core/desired-state.js';
import { saysNotMaster } from '../../core/outcome.js';
import { NOT_MASTER_EXIT_STATUS } from './outcomes.js';
import { describeMeans } from './check-commands.js';
import type { Handler, Reply, Session } from './command.js';
import { startThese } from './control-commands.js';
import { printPlan } from './plan.js';
import { daemonNamed, extraArguments } from './selection.js';

export const checkAndStart: Handler = async (session, [name = '']) => {
  const daemon = await daemonNamed(session, name);
  const { controller, reason, release } = await session.means.reader();
  let status: DaemonStatus | undefined;
  try {
    [status] = await controller.status([daemon.name]);
  } finally {
    release();
  }
  if (status === undefined) throw new Error(`no status for ${daemon.name}`);
  const { group } = await session.means.catalogue();
  const left = isUp(status.observed) ? undefined : whyLeftDown(status, { via: controller.via, notMaster: group.notMasterExitStatus, asker: session.means.asker });
  if (session.options.dryRun && (isUp(status.observed) || left !== undefined)) {
    return printPlan(session, controller.via, []);
  }
  if (isUp(status.observed) || left !== undefined) {
    await describeMeans(session, controller.via, reason);
    if (left !== undefined) session.out(`${name} is not started: ${left}`);
    const down = saysNotMaster(status.reason) ? NOT_MASTER_EXIT_STATUS : 1;
    return { exitStatus: isUp(status.observed) ? 0 : down, json: { daemon: status, notStarted: left ?? null } };
  }
  return startIt(session, name);
};

async function startIt(session: Session, name: string): Promise<Reply> {
  const daemon = await daemonNamed(session, name);
  return startThese(session, 'start', [daemon], { [daemon.name]: extraArguments(session, daemon) }, true);
}

/** undefined: it is ours to start. */
function whyLeftDown(status: DaemonStatus, { via, notMaster, asker }: { readonly via: 'watcher' | 'direct'; readonly notMaster: number; readonly asker: string | undefined }): string | undefined {
  if (status.revivable === true || isAskersOwn(asker, status.asker)) return undefined;
  if (status.desired === 'down') return `it is wanted down (${status.reason}); daemon-util start ${status.name} starts it`;
  // It denied its role, and nobody restarts it for that: it may say otherwise by now.
  const denied = status.lastExit?.kind === 'exited' && status.lastExit.status === notMaster;
  if (denied && (status.observed === 'stopped' || status.observed === 'failed')) return undefined;
  if (status.owner === 'systemd') return `systemd restarts it or has given up: ${statusLine(status)}`;
  if (status.owner === 'cluster') return `the cluster restarts it: ${statusLine(status)}`;
  if (via === 'watcher') return `the watcher restarts it: ${statusLine(status)}`;
  return undefined;
}
