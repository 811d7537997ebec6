/** The other end: what daemon-util and watchkeeper ask of the running watcher. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { CatalogueChange } from '../../core/catalogue-change.js';
import type { ClusterReport } from '../../core/cluster-report.js';
import type { DaemonStatus } from '../../core/daemon-status.js';
import { ERROR_CODES, WatchkeeperError } from '../../core/errors.js';
import type { ControlRequest, NamedOutcome, Progress, StartControlRequest, StopControlRequest } from '../../ports/controller.js';
import type { TaskRun } from '../../core/task-run.js';
import type { NewsItem } from '../../ports/journal.js';
import type { TaskStatus } from '../../ports/task-control.js';
import type { WatcherInfo } from '../../ports/control-service.js';
import type { StatusAnswer, WatcherClient } from '../../ports/watcher-client.js';
import { ask } from './exchange.js';
import { patienceInStream, SOCKET_NAME, TOKEN_NAME, type StreamLine, type WireError } from './protocol.js';

/** Codes of connect(2) that mean: nobody is there. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED']);

/**
 * @param timeout ms without an answer after which the watcher counts as silent; see patienceInStream() for what follows
 * @param patience the same for the first question, whether it is there
 * @returns undefined where no watcher runs
 * @throws WatchkeeperError WATCHER_SILENT, STATE_UNWRITABLE (no permission)
 */
export async function connectWatcher(runtime: string, timeout: number, patience = timeout): Promise<WatcherClient | undefined> {
  const socketPath = join(runtime, SOCKET_NAME);
  const first = await new Talk(socketPath, join(runtime, TOKEN_NAME), patience).get<{ watcher: WatcherInfo }>('/v1/watcher');
  return first === undefined ? undefined : new Client(new Talk(socketPath, join(runtime, TOKEN_NAME), timeout), first.watcher);
}

/** The same question as the first one: who answers it is there. @returns and @throws as connectWatcher does */
export function askStatus(runtime: string, timeout: number, names: readonly string[]): Promise<StatusAnswer | undefined> {
  return new Talk(join(runtime, SOCKET_NAME), join(runtime, TOKEN_NAME), timeout).get<StatusAnswer>(statusPath(names));
}

function statusPath(names: readonly string[]): string {
  return `/v1/status?${names.map((name) => `daemon=${encodeURIComponent(name)}`).join('&')}`;
}

class Client implements WatcherClient {
  readonly via = 'watcher';
  constructor(
    private readonly talk: Talk,
    readonly info: WatcherInfo,
  ) {}

  start({ names, by, oneShotArguments, tied }: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    const request: StartControlRequest = { names, by, oneShotArguments };
    // Not in the body: an older watcher would refuse that.
    return this.talk.act(tied === true ? '/v1/start?tied=1' : '/v1/start', request, progress);
  }

  stop({ asker, ...request }: StopControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    // Not in the body, for the same reason.
    return this.talk.act(asker === undefined ? '/v1/stop' : `/v1/stop?asker=${encodeURIComponent(asker)}`, request, progress);
  }

  restart(request: StartControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.talk.act('/v1/restart', request, progress);
  }

  retryNow(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.talk.act('/v1/retry-now', request, progress);
  }

  reset(request: ControlRequest, progress?: Progress): Promise<readonly NamedOutcome[]> {
    return this.talk.act('/v1/reset', request, progress);
  }

  async refresh(): Promise<void> {
    await this.talk.post('/v1/refresh', {});
  }

  async clusterReports(): Promise<readonly ClusterReport[]> {
    const { reports } = (await this.talk.get<{ reports: readonly ClusterReport[] }>('/v1/cluster-reports')) ?? this.talk.gone();
    return reports;
  }

  async status(names: readonly string[]): Promise<readonly DaemonStatus[]> {
    const { daemons } = await this.statusAnswer(names);
    return Object.entries(daemons).map(([name, status]) => ({ name, ...status }));
  }

  async statusAnswer(names: readonly string[] = []): Promise<StatusAnswer> {
    return (await this.talk.get<StatusAnswer>(statusPath(names))) ?? this.talk.gone();
  }

  async reload(): Promise<readonly CatalogueChange[]> {
    const answer = await this.talk.post<{ changes: readonly CatalogueChange[] }>('/v1/reload', {});
    return answer.changes;
  }

  async tasks(): Promise<readonly TaskStatus[]> {
    const { tasks } = (await this.talk.get<{ tasks: readonly TaskStatus[] }>('/v1/tasks')) ?? this.talk.gone();
    return tasks;
  }

  async taskHistory(name: string): Promise<readonly TaskRun[]> {
    const { runs } = (await this.talk.get<{ runs: readonly TaskRun[] }>(`/v1/tasks/history?name=${encodeURIComponent(name)}`)) ?? this.talk.gone();
    return runs;
  }

  async runTask(name: string, by: string): Promise<string> {
    const { what } = await this.talk.post<{ what: string }>('/v1/tasks/run', { name, by });
    return what;
  }

  async events(options: { limit: number; follow: boolean }, callback: (item: NewsItem) => void): Promise<void> {
    const path = `/v1/events?limit=${options.limit}&follow=${options.follow ? 1 : 0}`;
    await this.talk.lines('GET', path, undefined, (item) => callback(item as NewsItem));
  }
}

/** One request at a time over the socket, with a deadline on silence. */
class Talk {
  constructor(
    private readonly socketPath: string,
    private readonly tokenPath: string,
    private readonly timeout: number,
  ) {}

  /** undefined: nobody is there. */
  async get<T>(path: string): Promise<T | undefined> {
    const response = await this.open('GET', path, undefined);
    if (response === undefined) return undefined;
    return checked(JSON.parse(await this.text(response))) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = (await this.open('POST', path, JSON.stringify(body))) ?? this.gone();
    return checked(JSON.parse(await this.text(response))) as T;
  }

  async act(path: string, body: ControlRequest, progress: Progress | undefined): Promise<readonly NamedOutcome[]> {
    const outcomes: NamedOutcome[] = [];
    const ends: StreamLine[] = [];
    await this.lines('POST', path, JSON.stringify(body), (value) => {
      const line = checked(value) as StreamLine;
      if ('outcome' in line) {
        outcomes.push(line.outcome);
        progress?.(line.outcome);
      } else if ('end' in line) ends.push(line);
    });
    return ends.length > 0 ? outcomes : this.gone();
  }

  async lines(method: 'GET' | 'POST', path: string, body: string | undefined, callback: (value: unknown) => void): Promise<void> {
    const response = (await this.open(method, path, body)) ?? this.gone();
    let rest = '';
    const take = (text: string): void => {
      if (text.trim() !== '') callback(JSON.parse(text));
    };
    try {
      for await (const chunk of response) {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        parts.forEach(take);
      }
    } catch (cause) {
      throw this.lost(cause);
    }
    take(rest);
  }

  gone(): never {
    throw new WatchkeeperError('WATCHER_ABSENT', 'cannot finish', 'the watcher ended while it was at it', 'daemon-util status, then the same again');
  }

  private async open(method: string, path: string, body: string | undefined): Promise<AsyncIterable<string> | undefined> {
    const headers: Record<string, string> = { host: 'localhost' };
    if (method !== 'GET') {
      headers['authorization'] = `Bearer ${this.token()}`;
      headers['content-type'] = 'application/json';
    }
    try {
      return await ask({ socketPath: this.socketPath, method, path, headers, body, timeout: this.timeout, patience: patienceInStream(this.timeout), silence: (waited) => this.silent(waited) });
    } catch (cause) {
      if (NOBODY.has((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw this.lost(cause);
    }
  }

  private async text(response: AsyncIterable<string>): Promise<string> {
    let text = '';
    try {
      for await (const chunk of response) text += chunk;
    } catch (cause) {
      throw this.lost(cause);
    }
    return text;
  }

  private token(): string {
    try {
      return fs.readFileSync(this.tokenPath, 'utf8').trim();
    } catch (cause) {
      // Without it the watcher refuses, and says what is missing.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw this.lost(cause);
    }
  }

  private silent(waited: number): WatchkeeperError {
    return new WatchkeeperError('WATCHER_SILENT', 'cannot ask the watcher', `no answer on ${this.socketPath} within ${waited} ms`, 'restarting the watcher: the daemons stay up');
  }

  private lost(cause: unknown): WatchkeeperError {
    if (cause instanceof WatchkeeperError) return cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (code === 'EACCES' || code === 'EPERM') {
      return new WatchkeeperError('STATE_UNWRITABLE', 'cannot ask the watcher', `permission denied on ${this.socketPath}`, 'the same as root', { cause });
    }
    return new WatchkeeperError('WATCHER_ABSENT', 'cannot finish', `the connection to the watcher broke (${code})`, 'daemon-util status', { cause });
  }
}

/** An answer of the watcher's, or the error that it told. */
function checked(value: unknown): unknown {
  const error = (value as { error?: WireError } | null)?.error;
  if (error === undefined) return value;
  throw new WireFailure(error);
}

/** Said by the watcher; its message is complete as it came. */
class WireFailure extends WatchkeeperError {
  constructor(error: WireError) {
    super(error.code in ERROR_CODES ? error.code : 'INTERNAL', error.message, '', '');
    this.message = error.message;
  }
}
