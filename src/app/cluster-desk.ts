/**
 * The watcher does for OCF agents what they are asked for, so that a start of
 * ours does not begin with a start of Node. The cluster asks one thing of a
 * resource after the other, but it also kills an agent that takes too long, and
 * what the watcher was doing for that one must be over before the next begins:
 * or the end of an old start could undo a stop.
 */
import type { AgentRequest } from '../core/ocf-request.js';
import { ocfCall, type OcfCall } from '../core/ocf-call.js';
import type { OcfAnswer } from '../core/ocf.js';
import type { AgentDesk, AgentReply } from '../ports/agent-desk.js';
import type { Clock } from '../ports/clock.js';
import { answered } from './cluster-daemon.js';
import { within } from './within.js';

export interface ClusterDeskParts {
  /** Whether the watcher is the one whom the agent would ask. */
  readonly serves: (request: AgentRequest, call: OcfCall) => Promise<boolean>;
  readonly perform: (request: AgentRequest, call: OcfCall, gone: AbortSignal, note: (line: string) => void) => Promise<OcfAnswer>;
  readonly clock: Clock;
}

export class ClusterDesk implements AgentDesk {
  /** The end of the last action on each resource. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(private readonly parts: ClusterDeskParts) {}

  async act(request: AgentRequest, gone: AbortSignal): Promise<AgentReply | undefined> {
    const notes: string[] = [];
    const seen = { isOurs: true };
    const answer = await answered(async () => {
      const call = ocfCall(request.environment);
      seen.isOurs = await this.parts.serves(request, call);
      if (!seen.isOurs) return NOTHING;
      return this.#inTurn(call, async () => {
        // Nobody is told, and somebody else may have begun with it.
        if (gone.aborted) return NOTHING;
        return this.parts.perform(request, call, gone, (line) => notes.push(line));
      });
    });
    return seen.isOurs ? { answer, notes } : undefined;
  }

  async #inTurn(call: OcfCall, action: () => Promise<OcfAnswer>): Promise<OcfAnswer> {
    const earlier = this.#turns.get(call.resource);
    const mine = (async () => {
      // One that does not end, as a stop that hangs, must not hinder the one that could end it.
      if (earlier !== undefined) await within(this.parts.clock, call.timeout / 4, earlier);
      return action();
    })();
    this.#turns.set(call.resource, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(call.resource) === mine) this.#turns.delete(call.resource);
    }
  }
}

const NOTHING: OcfAnswer = { status: 1, reason: 'nothing was done' };
