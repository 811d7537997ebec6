/** What the control socket answers about scheduled tasks. */
import type { ServerResponse } from 'node:http';

import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import { SCHEMA_VERSION } from './protocol.js';
import type { Respond } from './routes.js';

const MAX_BY = 200;

export const listTasks: Respond = (service, { response }) => {
  json(response, { schemaVersion: SCHEMA_VERSION, tasks: service.tasks.list() });
  return Promise.resolve();
};

export const taskHistory: Respond = (service, { url, response }) => {
  const name = url.searchParams.get('name') ?? '';
  const runs = service.tasks.history(name);
  if (runs === undefined) throw new WatchkeeperError('UNKNOWN_TASK', 'cannot tell its history', `no task is called ${quoted(name)}`, 'watchkeeper tasks');
  json(response, { schemaVersion: SCHEMA_VERSION, name, runs });
  return Promise.resolve();
};

export const runTask: Respond = async (service, { body, response }) => {
  const { name, by } = parse(body);
  json(response, { schemaVersion: SCHEMA_VERSION, what: await service.tasks.run(name, by) });
};

function parse(text: string): { readonly name: string; readonly by: string } {
  const refuse = (why: string): never => {
    throw new WatchkeeperError('USAGE', 'cannot read the request', why, '{"name": "NAME"}');
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('the body is not an object');
  const { name, by = 'a client of the control socket', ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return refuse(`unknown key ${quoted(unknown)}; allowed: name, by`);
  if (typeof name !== 'string') return refuse('"name" is not a text');
  if (typeof by !== 'string' || by.length > MAX_BY) return refuse(`"by" is not a text of at most ${MAX_BY} characters`);
  return { name, by };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
