/** The status page and the metrics: nothing of them is loaded where nobody has asked for them. */
import { hostname } from 'node:os';

import type { Configuration } from '../adapters/config/configuration.js';
import type { Metrics } from '../adapters/metrics/metrics.js';
import type { WebPlace, WebServer } from '../adapters/web/server.js';
import type { Looked } from '../app/measured-checks.js';
import type { Catalogue } from '../core/catalogue.js';
import type { RunResult } from '../core/task-run.js';
import { parseWebAddress, showWebAddress, type WebAddress } from '../core/web-address.js';
import type { WebSettings } from '../core/settings.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { ControlService } from '../ports/control-service.js';
import type { FollowedHistory } from '../ports/history.js';
import type { NewsItem } from '../ports/journal.js';
import type { Log } from '../ports/log.js';
import type { PageSource } from '../ports/page-source.js';
import type { Host } from './host.js';

/** ms until an address that could not be had is tried again. */
const AGAIN = 5000;
/** ms between two looks at how late the loop is. */
const LAG_LOOK = 1000;

const CHGRP = '/bin/chgrp';
const CHGRP_TIMEOUT = 10_000;

export interface WebParts {
  readonly configuration: Configuration;
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
  readonly history: FollowedHistory;
}

export class Web {
  /** undefined: nobody measures. */
  readonly looked: Looked | undefined;
  readonly taskEnded: ((task: string, result: RunResult) => void) | undefined;
  #source: PageSource | undefined;
  #metrics: Metrics | undefined;
  #server: WebServer | undefined;
  readonly #timers = new Map<'again' | 'lag', Timer>();
  #closed = false;

  constructor(private readonly parts: WebParts) {
    const { listen, metrics } = this.#settings;
    if (listen === undefined || !metrics) return;
    this.looked = (daemon, check, took) => this.#metrics?.looked(daemon, check, took);
    this.taskEnded = (task, result) => this.#metrics?.taskEnded(task, result);
  }

  get #settings(): WebSettings {
    return this.parts.configuration.settings.web;
  }

  news(item: NewsItem): void {
    this.#metrics?.news(item);
  }

  /** Before anything is started: the metrics count from here on. */
  async begin(service: ControlService, catalogue: () => Catalogue): Promise<void> {
    if (this.#settings.listen === undefined) return;
    const { clock, log, history } = this.parts;
    const { DayBook } = await import('../app/day-book.js');
    const book = new DayBook(history, clock);
    // Of all that the watcher offers, the questions only.
    const source: PageSource = {
      info: () => service.info(),
      catalogue,
      daemons: () => service.controller.status(service.names()),
      roles: () => service.roles(),
      tasks: () => service.tasks.list(),
      news: (limit) => service.recentNews(limit),
      day: () => book.words(service.names()),
    };
    if (this.#settings.metrics) {
      const { Metrics } = await import('../adapters/metrics/metrics.js');
      this.#metrics = new Metrics(source, clock, log);
      this.#watchLag(this.#metrics, clock.monotonic() + LAG_LOOK);
    }
    this.#source = source;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await this.#server?.close();
  }

  /** After the sockets that the watcher can't do without: their places are not to be had. */
  async serve(): Promise<void> {
    const address = parseWebAddress(this.#settings.listen ?? '');
    const source = this.#source;
    if (address === undefined || source === undefined) return;
    const { clock, log } = this.parts;
    const { group, hosts, page: wanted } = this.#settings;
    const [{ ASSETS, webServer }, { Rendering }, { page }, { look }, { HostAccounts }] = await Promise.all([
      import('../adapters/web/server.js'),
      import('../adapters/web/rendering.js'),
      import('../adapters/web/page.js'),
      import('../adapters/web/view.js'),
      import('../adapters/host/user.js'),
    ]);
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const render = async (): Promise<string> => page(await look(source, hostname(), clock.wall()), ASSETS, breathe);
    const served = { page: wanted ? new Rendering(render, () => clock.monotonic()) : undefined, metrics: this.#metrics };
    const accounts = new HostAccounts();
    this.#server = webServer({ address, groupId: () => groupId(accounts, group), hosts, ...(await this.#giving()) }, served, log);
    await this.#listen(this.#server, address, false);
  }

  /** Our sandbox has no right to give files away. */
  async #giving(): Promise<Pick<WebPlace, 'give'>> {
    const { host } = this.parts;
    if ((await host.outside()) === undefined) return {};
    const runner = await host.siteRunner();
    return {
      give: async (path, gid) => {
        const { exit, stdout, stderr } = await runner.run([CHGRP, String(gid), path], { timeout: CHGRP_TIMEOUT });
        if (exit.kind !== 'exited' || exit.status !== 0) throw new Error(`cannot give ${path} to group ${gid}: ${stdout}${stderr}`.trim());
      },
    };
  }

  /** The daemons are watched whether or not the address can be had. */
  async #listen(server: WebServer, address: WebAddress, tried: boolean): Promise<void> {
    const { clock, log } = this.parts;
    const where = showWebAddress(address);
    try {
      await server.listen();
      log.info({ address: where }, 'serves the status page and the metrics, to be read only');
    } catch (error) {
      if (!tried) log.warn({ address: where, error: String(error) }, `cannot serve the status page at ${where}; tries again every ${AGAIN / 1000} s`);
      if (!this.#closed) this.#timers.set('again', clock.after(AGAIN, () => void this.#listen(server, address, true)));
    }
  }

  #watchLag(metrics: Metrics, due: number): void {
    const { clock } = this.parts;
    this.#timers.set('lag', clock.after(Math.max(0, due - clock.monotonic()), () => {
      metrics.late(Math.max(0, clock.monotonic() - due));
      this.#watchLag(metrics, clock.monotonic() + LAG_LOOK);
    }));
  }
}

function groupId(accounts: { groupId(name: string): number | undefined }, group: string | undefined): number | undefined {
  if (group === undefined) return undefined;
  const gid = accounts.groupId(group);
  if (gid === undefined) throw new Error(`there is no group ${group} (web.group)`);
  return gid;
}
