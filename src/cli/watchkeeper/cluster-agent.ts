/** `watchkeeper cluster agent`: what the agents in scripts/ocf/ leave to Node. */
import { spokenReason } from '../../core/ocf.js';
import type { Handler } from './command.js';

export const clusterAgent: Handler = async ({ args: [agent = '', action = ''] }, session) => {
  const { status, reason } = await session.means.clusterAgent(agent, action);
  if (reason !== undefined) session.err(spokenReason(reason));
  return status;
};
