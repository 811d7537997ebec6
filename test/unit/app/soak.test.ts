/** Days of a watcher's life with 200 daemons, on a clock that the test turns. */
import { expect } from 'chai';

import type { DaemonSpec } from '../../../src/core/daemon.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { WatcherSite } from '../../support/watcher-site.js';

const DAEMONS = 200;
const HOUR = 3_600_000;
const DAYS = 3;

/** mulberry32: the same history each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chains of four: each needs the one before it; every third one follows its restarts. */
function group(): readonly DaemonSpec[] {
  return Array.from({ length: DAEMONS }, (_, index) => {
    const before = index % 4 === 0 ? [] : [`d${index - 1}`];
    return daemonSpec({ name: `d${index}`, requires: before, restartWith: index % 3 === 0 ? before : [], startTimeout: 20_000 });
  });
}

describe('a watcher over days', function () {
  this.timeout(60_000);

  it('after crashes, hangs, slow starts, stops and pauses: every desired-up daemon runs once, no desired-down one does, and no timer is left', async () => {
    const random = chance(20_261_121);
    const pick = <T>(list: readonly T[]): T => {
      const item = list[Math.floor(random() * list.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    };
    const specs = group();
    const site = await new WatcherSite(specs).begin();
    const { machine, watcher } = site;
    const down = new Set<string>();
    const until = machine.clock.monotonic() + DAYS * 24 * HOUR;
    const requests: Promise<unknown>[] = [];
    let turns = 0;

    while (machine.clock.monotonic() < until) {
      turns += 1;
      const { name } = pick(specs);
      const dice = random();
      if (dice < 0.5) {
        if (machine.processOf(name) !== undefined) machine.end(name);
      } else if (dice < 0.6) machine.broken.add(name);
      else if (dice < 0.65) machine.neverReady.add(name);
      else if (dice < 0.72) {
        down.add(name);
        requests.push(watcher.stop({ names: [name], by: 'chance' }));
      } else if (dice < 0.8) {
        down.delete(name);
        requests.push(watcher.start({ names: [name], by: 'chance', oneShotArguments: {} }));
      } else if (dice < 0.85) requests.push(watcher.restart({ names: [name], by: 'chance', oneShotArguments: {} }));
      else if (dice < 0.9) requests.push(watcher.reset({ names: [name], by: 'chance' }));
      else if (dice < 0.93) {
        const now = machine.clock.wall();
        site.pause([name], now + random() * 2 * HOUR);
      } else {
        machine.broken.clear();
        machine.neverReady.clear();
      }
      // A restart wishes it up as it is asked for, not as it is done.
      if (dice >= 0.8 && dice < 0.85) down.delete(name);
      await machine.clock.advanceAsync(random() < 0.95 ? random() * 5000 : random() * HOUR);
    }

    machine.broken.clear();
    machine.neverReady.clear();
    site.pause([], 0);
    await machine.clock.advanceAsync(3 * HOUR);
    await Promise.all(requests);
    expect(turns).to.be.greaterThan(1000);

    // What is up is up unless something that it needs is wanted down.
    const blocked = new Set<string>();
    for (const { name, requires } of specs) if (down.has(name) || requires.some((other) => blocked.has(other))) blocked.add(name);
    for (const { name } of specs) {
      const status = site.board.get(name);
      if (status === undefined) throw new Error(`${name} is not on the board`);
      expect(status.desired, name).to.equal(down.has(name) ? 'down' : 'up');
      if (down.has(name)) expect(machine.processOf(name), `${name} is wanted down`).to.equal(undefined);
      else if (!blocked.has(name)) expect([name, status.observed, machine.processOf(name)?.pid]).to.deep.equal([name, 'running', status.pid]);
    }
    expect(machine.clock.armed, 'timers').to.equal(0);
  });
});
