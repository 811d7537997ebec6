/** A watcher without daemons' processes behind the control socket: what is asked of it is what counts. */
import type { ControlService } from '../../src/ports/control-service.js';
import type { Log } from '../../src/ports/log.js';
import type { NamedOutcome } from '../../src/ports/controller.js';
import { ok } from '../../src/core/outcome.js';

export const NAMES = ['web', 'db'];

export interface Asked {
  readonly errors: string[];
  readonly requests: unknown[];
}

export function controlService(asked: Asked): { readonly service: ControlService; readonly log: Log } {
  const carryOut = (what: string) => (body: { readonly names: readonly string[] }): Promise<readonly NamedOutcome[]> => {
    asked.requests.push({ what, ...body });
    return Promise.resolve(body.names.map((name) => ({ name, outcome: ok(true, what), took: 1 })));
  };
  const log = (level: string) => (fields: unknown, text?: string): void => {
    if (level === 'error') asked.errors.push(`${text ?? ''} ${JSON.stringify(fields)}`);
  };
  return {
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    service: {
      controller: {
        via: 'watcher', start: carryOut('start'), stop: carryOut('stop'), restart: carryOut('restart'),
        status: (names) => Promise.resolve(names.map((name) => ({ name, desired: 'up', observed: 'running', ready: true, pid: 1, uptime: 1, owner: 'watcher', restarts: 0, nextTry: null, reason: 'r', lastExit: null }))),
      },
      info: () => ({ version: '0', pid: 1, uptime: 1, restartOwner: 'watcher', serviceManager: { kind: 'fake', reason: 'fuzz' }, group: 'g', staleConfiguration: false, waitsForRestart: [] }),
      names: () => NAMES,
      reload: () => Promise.resolve([]),
      retryNow: carryOut('retry-now'),
      reset: carryOut('reset'),
      refresh: () => undefined,
      roles: () => [],
      clusterReports: () => [],
      tasks: { list: () => [], history: (name) => (name === 'backup' ? [] : undefined), run: (name) => Promise.resolve(name) },
      agents: {
        act: (request) => {
          asked.requests.push(request);
          return Promise.resolve({ answer: { status: 0 }, notes: [] });
        },
      },
      commands: {
        patience: () => 1000,
        take: (command) => {
          asked.requests.push(command);
          return Promise.resolve((tell) => {
            tell('stderr', 'taken');
            return Promise.resolve(0);
          });
        },
      },
      recentNews: (limit) => Array.from({ length: Math.min(limit, 1000) }, (_, id) => ({ id, at: 0, daemon: 'web', news: 'started', reason: 'r' }) as never),
      followNews: () => ({ cancel: () => undefined }),
    },
  };
}
