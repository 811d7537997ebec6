/** `watchkeeper cluster agent`: what the agents in scripts/ocf/ leave to Node. */
import { escapeControl } from '../../core/escape.js';
import type { Handler } from './command.js';

/** Pacemaker shows the rest of the line as the reason of a failure. */
const REASON = 'ocf-exit-reason:';
const MAX_REASON = 500;

export const clusterAgent: Handler = async ({ args: [agent = '', action = ''] }, session) => {
  const { status, reason } = await session.means.clusterAgent(agent, action);
  if (reason !== undefined) session.err(`${REASON}${escapeControl(reason, MAX_REASON)}`);
  return status;
};
