/** What scale.mts does to those that it measures. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { numbered, type Ground, type Peer } from '../../../scripts/bench/peer.mjs';
import { scale, type Figures, type ScalePlan } from '../../../scripts/bench/scale.mjs';
import { now, Stamps } from '../../../scripts/bench/stamps.mjs';
import { Cleanups } from '../../support/eventually.js';
import { makeDirectory } from '../../support/host-fixture.js';

/** Starts again at once whatever is killed, and remembers what that was. */
class Prompt implements Peer {
  readonly name = 'ours';
  readonly stamps: Stamps;
  readonly startOne = undefined;
  readonly retryNow = undefined;
  /** Of each kill, how many. */
  readonly kills: number[] = [];
  readonly #deathsSinceStart = new Map<string, number>();
  /** A daemon's deaths between two starts of all. */
  mostDeaths = 0;
  #names: readonly string[] = [];

  constructor(private readonly file: string) {
    this.stamps = new Stamps(file);
  }

  #line(name: string, kind: 'S' | 'T'): void {
    appendFileSync(this.file, `${Math.round(now() * 1e6)} 1 ${name} ${kind}\n`);
  }

  setUp(names: readonly string[]): Promise<void> {
    this.#names = names;
    return Promise.resolve();
  }

  startAll(): Promise<number> {
    this.#deathsSinceStart.clear();
    const began = now();
    for (const name of this.#names) this.#line(name, 'S');
    return Promise.resolve(began);
  }

  stopAll(): Promise<number> {
    const began = now();
    for (const name of this.#names) this.#line(name, 'T');
    return Promise.resolve(began);
  }

  fix(): void {
    throw new Error('nothing crashes here');
  }

  status(times: number): Promise<readonly number[]> {
    return Promise.resolve(numbered(times).map(() => 1));
  }

  kill(names: readonly string[]): number {
    const began = now();
    this.kills.push(names.length);
    for (const name of names) {
      const deaths = (this.#deathsSinceStart.get(name) ?? 0) + 1;
      this.#deathsSinceStart.set(name, deaths);
      this.mostDeaths = Math.max(this.mostDeaths, deaths);
      this.#line(name, 'S');
    }
    return began;
  }

  processes(): readonly number[] {
    return [];
  }

  tearDown(): Promise<void> {
    this.stamps.close();
    return Promise.resolve();
  }
}

describe('scale of the benchmark', () => {
  const cleanups = new Cleanups();
  afterEach(() => cleanups.run());

  it('kills all of them at once, whatever their number, and each at its first death', async () => {
    const directory = makeDirectory(cleanups);
    const peers: Prompt[] = [];
    const ground: Ground = {
      available: ['ours'],
      leftOut: [],
      peer: () => {
        const peer = new Prompt(join(directory, String(peers.length)));
        peers.push(peer);
        return peer;
      },
      clear: () => Promise.resolve(),
    };
    const plan: ScalePlan = { sizes: [1, 10, 30], peers: () => ['ours'], rounds: (size) => (size > 10 ? 2 : 4), deaths: 3, ones: 10, idle: 0, statuses: 5, settle: 0 };
    const figures: Figures[] = [];
    for (const size of plan.sizes) figures.push(...(await scale(ground, plan, size, () => undefined, () => Promise.resolve())));
    expect(peers.map(({ kills }) => Math.max(...kills))).to.deep.equal([1, 10, 30]);
    expect(peers.map(({ mostDeaths }) => mostDeaths)).to.deep.equal([1, 1, 1]);
    // Three deaths of all, then each of ten alone.
    expect(peers.map(({ kills }) => kills.slice(0, 4))).to.deep.equal([[1, 1, 1, 1], [10, 10, 10, 1], [30, 30, 30, 1]]);
    expect(figures.map(({ start, stop, death, one }) => [start.length, stop.length, death.length, one.length])).to.deep.equal([[4, 4, 3, 1], [4, 4, 3, 10], [2, 2, 3, 10]]);
    expect(figures.flatMap(({ death, one }) => [...death, ...one]).every((ms) => ms >= 0)).to.equal(true);
  });
});
