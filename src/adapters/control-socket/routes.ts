/** The closed table of what the control socket answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { unknownDaemon } from '../../core/catalogue.js';
import { ASKER } from '../../core/desired-state.js';
import { WatchkeeperError } from '../../core/errors.js';
import type { ControlService } from '../../ports/control-service.js';
import type { NamedOutcome, Progress } from '../../ports/controller.js';
import { actForAgent } from './agent-routes.js';
import { runCommand } from './command-routes.js';
import { listTasks, runTask, taskHistory } from './task-routes.js';
import { KEEP_ALIVE, parseAction, SCHEMA_VERSION, type ActionBody, type StreamLine } from './protocol.js';

export interface Exchange {
  readonly url: URL;
  readonly body: string;
  /** Of a route that holds back: whether the client says, upon what it was told, that it still waits. */
  readonly confirmed: Promise<boolean>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export type Respond = (service: ControlService, exchange: Exchange) => Promise<void>;

type Routed =
  | { readonly kind: 'found'; readonly changes: boolean; readonly heldBack: 0 | 1; readonly respond: Respond }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

interface Entry {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly respond: Respond;
  /** Bytes of the body that are sent last, and answered before; see request-body.ts. */
  readonly heldBack?: 1;
}

const ROUTES: readonly Entry[] = [
  { method: 'GET', path: '/v1/watcher', respond: watcher },
  { method: 'GET', path: '/v1/status', respond: status },
  { method: 'GET', path: '/v1/events', respond: events },
  { method: 'GET', path: '/v1/tasks', respond: listTasks },
  { method: 'GET', path: '/v1/tasks/history', respond: taskHistory },
  { method: 'POST', path: '/v1/tasks/run', respond: runTask },
  { method: 'POST', path: '/v1/start', respond: action((service, body, progress, abort) => service.controller.start({ ...body, ...(abort === undefined ? {} : { abort }) }, progress)) },
  { method: 'POST', path: '/v1/stop', respond: action((service, body, progress) => service.controller.stop(body, progress)) },
  { method: 'POST', path: '/v1/restart', respond: action((service, body, progress) => service.controller.restart(body, progress)) },
  { method: 'POST', path: '/v1/retry-now', respond: action((service, body, progress) => service.retryNow(body, progress)) },
  { method: 'POST', path: '/v1/reset', respond: action((service, body, progress) => service.reset(body, progress)) },
  { method: 'POST', path: '/v1/reload', respond: reload },
  { method: 'GET', path: '/v1/cluster-reports', respond: clusterReports },
  { method: 'POST', path: '/v1/refresh', respond: refresh },
  { method: 'POST', path: '/v1/cluster-agent', respond: actForAgent },
  { method: 'POST', path: '/v1/hand-over', respond: runCommand, heldBack: 1 },
];

export function route(method: string, path: string): Routed {
  const atPath = ROUTES.filter((entry) => entry.path === path);
  const found = atPath.find((entry) => entry.method === method);
  if (found !== undefined) return { kind: 'found', changes: found.method !== 'GET', heldBack: found.heldBack ?? 0, respond: found.respond };
  if (atPath.length > 0) return { kind: 'refused', status: 405, why: `use ${atPath.map((entry) => entry.method).join(' or ')} for ${path}` };
  return { kind: 'refused', status: 404, why: `there is: ${ROUTES.map((entry) => `${entry.method} ${entry.path}`).join(', ')}` };
}

/** Who is there: the cheapest question. */
function watcher(service: ControlService, { response }: Exchange): Promise<void> {
  json(response, { schemaVersion: SCHEMA_VERSION, watcher: service.info() });
  return Promise.resolve();
}

async function status(service: ControlService, { url, response }: Exchange): Promise<void> {
  const asked = url.searchParams.getAll('daemon');
  const names = asked.length === 0 ? service.names() : known(service, asked);
  const daemons = await service.controller.status(names);
  json(response, {
    schemaVersion: SCHEMA_VERSION,
    watcher: service.info(),
    roles: service.roles(),
    daemons: Object.fromEntries(daemons.map(({ name, ...rest }) => [name, rest])),
  });
}

function events(service: ControlService, { url, response }: Exchange): Promise<void> {
  const limit = Number(url.searchParams.get('limit') ?? '100');
  if (!Number.isInteger(limit) || limit < 0) throw new WatchkeeperError('USAGE', 'cannot list events', '"limit" is not a whole number', 'limit=100');
  lines(response);
  for (const item of service.recentNews(limit)) line(response, item);
  if (url.searchParams.get('follow') !== '1') {
    response.end();
    return Promise.resolve();
  }
  const following = service.followNews((item) => {
    // A reader that does not read is let go: nothing may pile up in the watcher.
    if (response.writableLength > 1024 * 1024) response.destroy();
    else line(response, item);
  });
  const alive = setInterval(() => response.write('\n'), KEEP_ALIVE);
  response.on('close', () => {
    clearInterval(alive);
    following.cancel();
  });
  return Promise.resolve();
}

/** A start or stop goes on to its end, also when the client leaves; unless it said that it is tied to it. */
function action(carryOut: (service: ControlService, body: ActionBody, progress: Progress, abort?: AbortSignal) => Promise<readonly NamedOutcome[]>): Respond {
  return async (service, { url, body, response }) => {
    const action = parseAction(body);
    if (typeof action === 'string') throw new WatchkeeperError('USAGE', 'cannot read the request', action, 'docs/architecture.md');
    const asker = url.searchParams.get('asker') ?? '';
    const request = ASKER.test(asker) ? { ...action, asker } : action;
    known(service, [...request.names, ...Object.keys(request.oneShotArguments)]);
    const left = new AbortController();
    if (url.searchParams.get('tied') === '1') response.once('close', () => left.abort());
    lines(response);
    const alive = setInterval(() => response.write('\n'), KEEP_ALIVE);
    try {
      await carryOut(service, request, (outcome) => line(response, { outcome } satisfies StreamLine), url.searchParams.get('tied') === '1' ? left.signal : undefined);
      line(response, { end: true } satisfies StreamLine);
    } catch (error) {
      if (!(error instanceof WatchkeeperError)) throw error;
      line(response, { error: { code: error.code, message: error.message } } satisfies StreamLine);
    } finally {
      clearInterval(alive);
      response.end();
    }
  };
}

async function reload(service: ControlService, { response }: Exchange): Promise<void> {
  json(response, { schemaVersion: SCHEMA_VERSION, changes: await service.reload() });
}

function refresh(service: ControlService, { response }: Exchange): Promise<void> {
  service.refresh();
  json(response, { schemaVersion: SCHEMA_VERSION });
  return Promise.resolve();
}

function clusterReports(service: ControlService, { response }: Exchange): Promise<void> {
  json(response, { schemaVersion: SCHEMA_VERSION, reports: service.clusterReports() });
  return Promise.resolve();
}

function known(service: ControlService, names: readonly string[]): readonly string[] {
  const all = new Set(service.names());
  const stranger = names.find((name) => !all.has(name));
  if (stranger === undefined) return names;
  throw unknownDaemon(stranger);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

/** The head goes at once: it says that the request is taken. */
function lines(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
}

function line(response: ServerResponse, value: unknown): void {
  response.write(`${JSON.stringify(value)}\n`);
}
