/** Where the watcher does for an OCF agent what the agent was asked for. */
import type { OcfAnswer } from '../core/ocf.js';
import type { AgentRequest } from '../core/ocf-request.js';

export interface AgentReply {
  readonly answer: OcfAnswer;
  /** What an operator should know beside the answer, a line each. */
  readonly notes: readonly string[];
}

export interface AgentDesk {
  /**
   * @param gone given once nobody waits for the answer any more: a start is then given up
   * @returns undefined: it is not for the watcher to do, nothing was done, and the agent does it by itself
   * @throws only for bugs
   */
  act(request: AgentRequest, gone: AbortSignal): Promise<AgentReply | undefined>;
}
