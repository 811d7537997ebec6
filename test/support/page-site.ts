/** The status page as the watcher serves it, of daemons that a test makes up. */
import { createServer, type AddressInfo } from 'node:net';

import { page } from '../../src/adapters/web/page.js';
import { Rendering } from '../../src/adapters/web/rendering.js';
import { ASSETS, webServer, type WebServer } from '../../src/adapters/web/server.js';
import type { View } from '../../src/adapters/web/view.js';
import type { DaemonStatus } from '../../src/core/daemon-status.js';
import { runs, SLOTS } from '../../src/core/day-timeline.js';
import type { TimelineWord } from '../../src/core/history.js';
import type { Log } from '../../src/ports/log.js';
import { catalogueOf } from './control-fakes.js';
import { daemonSpec } from './daemon-spec.js';
import { daemonStatus, viewOf } from './page-view.js';

const failures: unknown[] = [];
const log: Log = { debug: () => undefined, info: () => undefined, warn: (fields) => failures.push(fields), error: (fields) => failures.push(fields) };

export interface PageSite {
  readonly url: string;
  /** What the log was told that it should not have been. */
  readonly failures: readonly unknown[];
  view: View;
  close(): Promise<void>;
}

export async function pageSite(view: View, port = 0): Promise<PageSite> {
  const chosen = port === 0 ? await freePort() : port;
  const site = { url: `http://127.0.0.1:${chosen}/`, failures, view, close: () => server.close() };
  const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const rendering = new Rendering(() => page({ ...site.view, now: Date.now() }, ASSETS, breathe), () => performance.now());
  const server: WebServer = webServer({ address: { kind: 'tcp', host: '127.0.0.1', port: chosen }, groupId: () => undefined, hosts: [] }, { page: rendering, metrics: undefined }, log);
  await server.listen();
  return site;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function day(...parts: readonly (readonly [TimelineWord, number])[]): readonly TimelineWord[] {
  const words = parts.flatMap(([word, count]) => Array.from({ length: count }, () => word));
  return [...words, ...Array.from({ length: Math.max(0, SLOTS - words.length) }, () => words.at(-1) ?? 'unknown')];
}

/** A node at 3 am: something of everything that can be shown. */
export function badNight(): View {
  const now = Date.now();
  const minutes = (count: number): number => count * 60_000;
  const daemons: readonly DaemonStatus[] = [
    daemonStatus({ name: 'store', uptime: minutes(3000), pid: 812, health: [{ name: 'answers', kind: 'liveness', by: 'unix', state: 'healthy', last: 'accepts connections', consecutive: 900, at: now }] }),
    daemonStatus({ name: 'queue', uptime: minutes(2999), pid: 830, restarts: 2 }),
    daemonStatus({ name: 'till', observed: 'crash-loop', pid: null, uptime: null, restarts: 14, recentFailures: 5, nextTry: 200_000, reason: 'exited with status 4: cannot open /var/lib/till/db: No space left on device; crash loop (5 failures within 5 m)' }),
    daemonStatus({ name: 'web', observed: 'degraded', uptime: minutes(70), pid: 4711, restarts: 1, reason: 'readiness check ready failed 3 times: 127.0.0.1:80 accepts no connections: ECONNREFUSED', health: [{ name: 'ready', kind: 'readiness', by: 'tcp', state: 'unhealthy', last: '127.0.0.1:80 accepts no connections: ECONNREFUSED', consecutive: 3, at: now }] }),
    daemonStatus({ name: 'mail', observed: 'waiting', pid: null, uptime: null, paused: 'paused by ops until 06:00: upgrade', reason: 'paused by ops until 06:00: upgrade' }),
    daemonStatus({ name: 'report', observed: 'starting', pid: 900, uptime: 2000, reason: 'the daemons that it requires are ready' }),
    daemonStatus({ name: 'backup-agent', observed: 'stopped', desired: 'down', pid: null, uptime: null, reason: 'daemon-util stop backup-agent (uid 0, pid 20244)' }),
    daemonStatus({ name: 'metrics-exporter-with-a-long-name', uptime: minutes(500), pid: 1200 }),
  ];
  const specs = [
    daemonSpec({ name: 'store', description: 'Keeps the goods' }),
    daemonSpec({ name: 'queue', requires: ['store'], roles: ['node'] }),
    daemonSpec({ name: 'till', requires: ['web', 'store'], roles: ['master'] }),
    daemonSpec({ name: 'web', requires: ['queue'] }),
    daemonSpec({ name: 'mail', after: ['queue'] }),
    daemonSpec({ name: 'report', after: ['till', 'mail'] }),
    daemonSpec({ name: 'backup-agent' }),
    daemonSpec({ name: 'metrics-exporter-with-a-long-name', after: ['store'] }),
  ];
  const run = { id: 7, scheduled: null, why: 'scheduled', startedMonotonic: 1, process: null, exit: null, output: [], omitted: 0 };
  return viewOf(daemons, {
    now,
    host: 'node1.example.org',
    catalogue: catalogueOf(specs),
    roles: [{ name: 'master', held: true, reason: 'node1 is the master', since: now - minutes(400) }],
    tasks: [
      { name: 'backup', kind: 'task', description: 'Nightly copy of the goods', schedule: '0 2 * * *', timezone: 'Europe/Berlin', enabled: true, next: now + minutes(1380), queued: false, skipped: null, last: { ...run, startedAt: now - minutes(60), took: 128_000, result: 'failed', reason: 'exited with status 3' } },
      { name: 'hook:cleanup', kind: 'hook', description: '', schedule: 'every 5 m', timezone: null, enabled: true, next: now + minutes(3), queued: false, skipped: null, last: { ...run, startedAt: now - minutes(2), took: 90, result: 'ok', reason: 'exited with status 0' } },
    ],
    news: [
      { id: 5, at: now - 20_000, daemon: 'till', news: 'crash', reason: 'exited with status 4: cannot open /var/lib/till/db: No space left on device', delay: undefined },
      { id: 4, at: now - minutes(4), daemon: 'till', news: 'crash-loop', reason: '5 failures within 5 m; next try in 5 m', delay: 300_000 },
      { id: 3, at: now - minutes(30), daemon: 'web', news: 'degraded', reason: 'readiness check ready failed 3 times', delay: undefined },
      { id: 2, at: now - minutes(500), daemon: 'backup-agent', news: 'stopped', reason: 'daemon-util stop backup-agent (uid 0, pid 20244)', delay: undefined },
      { id: 1, at: now - minutes(3000), daemon: 'store', news: 'ready', reason: 'its readiness check passed', delay: undefined },
    ],
    day: new Map([
      ['store', day(['unknown', 8], ['starting', 1], ['up', 200])],
      ['queue', day(['unknown', 8], ['waiting', 1], ['up', 100], ['backing-off', 2], ['up', 100])],
      ['till', day(['unknown', 8], ['up', 180], ['backing-off', 1], ['up', 12], ['backing-off', 2], ['up', 9], ['backing-off', 3], ['up', 40], ['crash-loop', 30])],
      ['web', day(['unknown', 8], ['up', 100], ['degraded', 6], ['up', 160], ['degraded', 6])],
      ['mail', day(['unknown', 8], ['up', 240], ['stopping', 1], ['paused', 30])],
      ['report', day(['unknown', 8], ['up', 260], ['failed', 10], ['starting', 1])],
      ['backup-agent', day(['unknown', 8], ['up', 140], ['stopped', 100])],
      ['metrics-exporter-with-a-long-name', day(['unknown', 60], ['up', 200])],
    ]),
  });
}

/** How many bars a strip of these words must have. */
export function barCount(words: readonly TimelineWord[] | undefined): number {
  return runs(words ?? []).filter(({ word }) => word !== 'unknown').length;
}
