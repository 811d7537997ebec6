/**
 * What the control socket does for the OCF agents (scripts/ask-watcher).
 *
 * Their client sends the request's body only after `100 Continue`, the sign that
 * we live and read: what it has given up before we take it up is never begun,
 * however late we come to it. The answer comes in one piece, its length ahead, so that
 * half an answer is none: the first line is the exit status, the rest is for the
 * agent's stderr.
 */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { spokenReason } from '../../core/ocf.js';
import { parseAgentRequest } from '../../core/ocf-request.js';
import type { Respond } from './routes.js';

const MAX_NOTE = 1000;
/** Of the event loop, each of which hears a connection once. */
const TURNS = 2;

export const actForAgent: Respond = async (service, { body, response }) => {
  const request = parseAgentRequest(body);
  if (typeof request === 'string') throw new WatchkeeperError('USAGE', 'cannot act for an agent', request, 'the agent of the same version');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // We may have been stopped since: that the client has left is told after the last byte of its request.
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  if (gone.signal.aborted) return;
  const reply = await service.agents.act(request, gone.signal);
  if (reply === undefined) throw new WatchkeeperError('USAGE', 'cannot act for an agent', 'this is not for the watcher to do', 'watchkeeper cluster agent');
  const { status, reason } = reply.answer;
  const lines = [String(status), ...reply.notes.map((note) => `watchkeeper: ${escapeControl(note, MAX_NOTE)}`), ...(reason === undefined ? [] : [spokenReason(reason)])];
  const text = Buffer.from(`${lines.join('\n')}\n`);
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length });
  response.end(text);
};
