/** Random histories of a watcher whose daemons need each other and are paused: what its news may never say. */
import { expect } from 'chai';
import fc from 'fast-check';

import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { NewsItem } from '../../../src/ports/journal.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const COUNT = 6;
const HOUR = 3_600_000;
const NAMES = Array.from({ length: COUNT }, (_, index) => `d${index}`);

/** Each may require earlier ones; of these it may follow some. */
const edges = fc.array(fc.record({ from: fc.integer({ min: 1, max: COUNT - 1 }), to: fc.nat(COUNT), follows: fc.boolean() }), { minLength: 1, maxLength: 10 });

const histories = fc.array(
  fc.record({
    kind: fc.constantFrom('end', 'end', 'end', 'break', 'mend', 'hang', 'pause', 'resume', 'stop', 'start', 'restart', 'retry', 'reset'),
    who: fc.nat(COUNT - 1),
    wait: fc.constantFrom(1, 50, 2000, 30_000, 400_000),
  }),
  { maxLength: 60 },
);

function specsOf(drafts: readonly { from: number; to: number; follows: boolean }[]): readonly DaemonSpec[] {
  return NAMES.map((name, index) => {
    const mine = drafts.filter(({ from }) => from === index).map(({ to, follows }) => ({ to: to % index, follows }));
    const names = (some: typeof mine): string[] => [...new Set(some.map(({ to }) => `d${to}`))];
    return daemonSpec({ name, requires: names(mine), restartWith: names(mine.filter(({ follows }) => follows)) });
  });
}

interface Paused {
  readonly name: string;
  readonly from: number;
  to: number;
}

class History {
  readonly paused: Paused[] = [];
  readonly #down = new Set<string>();
  readonly #requests: Promise<unknown>[] = [];

  constructor(
    readonly site: WatcherSite,
    readonly specs: readonly DaemonSpec[],
  ) {}

  isPaused(name: string, at = this.site.machine.clock.wall()): boolean {
    return this.paused.some((one) => one.name === name && one.from <= at && at < one.to);
  }

  async act(kind: string, name: string, wait: number): Promise<void> {
    const { machine } = this.site;
    // An operator's own words go before a pause, and are not what is tested here.
    const silent = this.isPaused(name) && ['start', 'restart', 'retry', 'reset'].includes(kind);
    if (!silent) this.#act(kind, name);
    await machine.clock.advanceAsync(wait);
  }

  /** Nothing is wrong any more, nobody has paused anything, and hours pass. */
  async settle(): Promise<void> {
    const { machine } = this.site;
    machine.broken.clear();
    machine.neverReady.clear();
    this.#resume();
    await machine.clock.advanceAsync(3 * HOUR);
    await Promise.all(this.#requests);
  }

  isBlocked(name: string): boolean {
    const spec = this.specs.find((one) => one.name === name);
    return this.#down.has(name) || spec?.requires.some((other) => this.isBlocked(other)) === true;
  }

  isDown(name: string): boolean {
    return this.#down.has(name);
  }

  #act(kind: string, name: string): void {
    const { machine, watcher } = this.site;
    const request = { names: [name], by: 'ops', oneShotArguments: {} };
    switch (kind) {
      case 'end':
        if (machine.processOf(name) !== undefined) machine.end(name);
        return;
      case 'break':
        machine.broken.add(name);
        return;
      case 'hang':
        machine.neverReady.add(name);
        return;
      case 'mend':
        machine.broken.delete(name);
        machine.neverReady.delete(name);
        return;
      case 'pause':
        // In place of the one before, at one blow.
        for (const one of this.paused) one.to = Math.min(one.to, machine.clock.wall());
        this.paused.push({ name, from: machine.clock.wall(), to: machine.clock.wall() + HOUR });
        this.site.pause([name], machine.clock.wall() + HOUR);
        return;
      case 'resume':
        this.#resume();
        return;
      case 'stop':
        this.#down.add(name);
        this.#requests.push(watcher.stop(request));
        return;
      case 'start':
      case 'restart':
        this.#down.delete(name);
        this.#requests.push(kind === 'start' ? watcher.start(request) : watcher.restart(request));
        return;
      case 'retry':
        this.#requests.push(watcher.retryNow(request));
        return;
      case 'reset':
        this.#requests.push(watcher.reset(request));
        return;
    }
  }

  #resume(): void {
    const now = this.site.machine.clock.wall();
    for (const one of this.paused) one.to = Math.min(one.to, now);
    this.site.pause([], 0);
  }
}

const UP: ReadonlySet<string> = new Set(['ready', 'adopted', 'healthy']);
const DOWN: ReadonlySet<string> = new Set(['crash', 'stop', 'stopped', 'degraded', 'unhealthy']);

/** Follows the news, and tells of each `start` and each propagated stop what was ready then. */
function* replay(news: readonly NewsItem[]): Generator<{ item: NewsItem; ready: ReadonlySet<string> }> {
  const ready = new Set<string>();
  for (const item of news) {
    yield { item, ready };
    if (UP.has(item.news)) ready.add(item.daemon);
    if (DOWN.has(item.news)) ready.delete(item.daemon);
  }
}

describe('app/watcher, random histories of dependants and pauses', () => {
  it('starts nothing before what it requires is ready, does nothing by itself to what is paused, restarts only those that follow, and comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(edges, histories, async (drafts, actions) => {
        const specs = specsOf(drafts);
        const history = new History(await new WatcherSite(specs).begin(), specs);
        for (const { kind, who, wait } of actions) await history.act(kind, `d${who}`, wait);
        await history.settle();
        const { site } = history;

        for (const { item, ready } of replay(site.news)) {
          const spec = specs.find(({ name }) => name === item.daemon);
          const told = `${item.daemon} ${item.news} at ${item.at}: ${item.reason}`;
          if (item.news === 'start') {
            expect(spec?.requires.filter((name) => !ready.has(name)), `not ready at: ${told}`).to.deep.equal([]);
            expect(history.isPaused(item.daemon, item.at), `paused at: ${told}`).to.equal(false);
          }
          const followed = /^(d\d) was restarted \(restartWith\)$/.exec(item.reason)?.[1];
          if (followed !== undefined) {
            expect(spec?.restartWith, told).to.include(followed);
            expect(history.isPaused(item.daemon, item.at), `paused at: ${told}`).to.equal(false);
          }
        }
        for (const { name } of specs) {
          const expected = history.isDown(name) ? 'stopped' : history.isBlocked(name) ? site.state(name) : 'running';
          expect([name, site.state(name), site.machine.processOf(name) !== undefined]).to.deep.equal([name, expected, expected === 'running']);
        }
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);

  it('one that follows has never been up for longer than what it follows, once all is calm', async () => {
    await fc.assert(
      fc.asyncProperty(edges, histories, async (drafts, actions) => {
        const specs = specsOf(drafts);
        const history = new History(await new WatcherSite(specs).begin(), specs);
        for (const { kind, who, wait } of actions) await history.act(kind, `d${who}`, wait);
        await history.settle();
        const { site } = history;
        const lastStart = (name: string): number => site.news.findLastIndex((item) => item.daemon === name && item.news === 'start');
        for (const { name, restartWith } of specs) {
          for (const followed of restartWith) {
            // While another one that it requires is down, it would not come back: it serves on.
            if (history.isBlocked(name)) continue;
            expect(lastStart(name), `${name} follows ${followed}`).to.be.greaterThan(lastStart(followed));
          }
        }
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);
});
