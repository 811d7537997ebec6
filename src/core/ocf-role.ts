/**
 * A promotable resource is a node's part in the group: the daemons of the node
 * role, and, promoted, those of the master role. What the states of these
 * daemons are to the cluster.
 */
import { isUp, type DaemonStatus } from './daemon-status.js';
import { OCF, type OcfAnswer } from './ocf.js';

type Seen = Pick<DaemonStatus, 'name' | 'desired' | 'observed' | 'pid' | 'reason'>;

/** Fit for the master role: all of the node role is up and ready. */
const FULL_SCORE = 100;
/** Better than nobody. */
const DEGRADED_SCORE = 10;

/**
 * @param node of the node role
 * @param master of the master role alone
 * @param knowsDegraded whether this version of the cluster takes 190 and 191 for success
 */
export function roleAnswer(node: readonly Seen[], master: readonly Seen[], knowsDegraded: boolean): OcfAnswer {
  const all = [...node, ...master];
  if (!all.some(isThere)) return { status: OCF.notRunning, ...reasonOf(all.filter(({ observed }) => observed !== 'stopped')) };
  const nodeDown = node.filter((daemon) => !isUp(daemon.observed));
  // What is left of a promotion that was begun, or not wholly undone, is one that failed.
  if (master.some((daemon) => isThere(daemon) || daemon.desired === 'up')) {
    const down = [...nodeDown, ...master.filter((daemon) => !isUp(daemon.observed))];
    return down.length > 0 ? { status: OCF.failedPromoted, ...reasonOf(down) } : running(all, knowsDegraded, OCF.promoted, OCF.degradedPromoted);
  }
  return nodeDown.length > 0 ? { status: OCF.generic, ...reasonOf(nodeDown) } : running(node, knowsDegraded, OCF.success, OCF.degraded);
}

/** undefined: it must not be promoted. */
export function scoreOf({ status }: OcfAnswer, node: readonly Pick<Seen, 'observed'>[]): number | undefined {
  if (![OCF.success, OCF.promoted, OCF.degraded, OCF.degradedPromoted].some((fit) => fit === status)) return undefined;
  return node.every(({ observed }) => observed === 'running') ? FULL_SCORE : DEGRADED_SCORE;
}

/** Also while it is being stopped: the cluster must not take this node for free of it. */
function isThere({ observed, pid }: Seen): boolean {
  return isUp(observed) || pid !== null;
}

function running(daemons: readonly Seen[], knowsDegraded: boolean, well: 0 | 8, degraded: 190 | 191): OcfAnswer {
  const sick = daemons.filter(({ observed }) => observed === 'degraded');
  return sick.length > 0 && knowsDegraded ? { status: degraded, ...reasonOf(sick) } : { status: well };
}

function reasonOf(daemons: readonly Seen[]): { readonly reason?: string } {
  return daemons.length === 0 ? {} : { reason: daemons.map(({ name, reason }) => `${name}: ${reason}`).join('; ') };
}
