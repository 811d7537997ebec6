/**
 * A short storm with a fixed seed in each world, side by side, as `npm run chaos`
 * runs longer ones; and one in which a broken watcher is played by hand, so that
 * it is known that losses are seen.
 */
import { rmSync } from 'node:fs';
import { expect } from 'chai';

import { missingRequirement } from '../support/containers/requirements.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { systemdStorm } from './container.js';
import type { Invariant } from './invariants.js';
import { plainStorm } from './plain.js';
import { patience, type StormOptions, type StormResult } from './options.js';
import type { WorldKind } from './plan.js';
import { lossLines, markdownTable, reportOf, unhitLines } from './report.js';

/** Each kind is among the first. */
const LEAST_FAULTS = 40;
const OPTIONS: StormOptions = { seed: 20_261_121, faults: 1500, seconds: 15, atLeast: LEAST_FAULTS, daemons: 8, bound: 90_000 };

describe('a storm', function () {
  // The first run may build a root file system.
  this.timeout(2_400_000);
  const missing = missingRequirement();
  const storms = new Map<WorldKind, Promise<StormResult>>();
  let begun = false;

  before(function () {
    if (missing !== undefined) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    buildOnce();
  });

  /** Both at once, with the first that is asked for. */
  function stormOf(world: WorldKind): Promise<StormResult> {
    if (!begun) storms.set('plain', plainStorm(OPTIONS)).set('systemd', systemdStorm(OPTIONS));
    begun = true;
    // Awaited in their turn; until then a failure is not an unhandled one.
    for (const storm of storms.values()) storm.catch(() => undefined);
    return storms.get(world) ?? Promise.reject(new Error(`no storm of ${world} was begun`));
  }

  for (const world of ['plain', 'systemd'] as const) {
    it(`of ${OPTIONS.seconds} s, ${world}: nothing is lost`, async function () {
      // A loss is one, and the next storm not the same: its second try would hide what is rare.
      this.retries(0);
      this.timeout(patience(OPTIONS) + 600_000);
      const { verdict, log, directory } = await stormOf(world);
      const report = reportOf(world, OPTIONS.seed, log, verdict);
      console.log(`      ${markdownTable([report]).trim().split('\n').at(-1) ?? ''}`);
      expect(lossLines(report), `see ${directory}`).to.deep.equal([]);
      expect(unhitLines(report)).to.deep.equal([]);
    });
  }

  it('under systemd, starts whom systemd leaves down for what he requires, and nobody else', async function () {
    this.timeout(patience(OPTIONS) + 600_000);
    const { verdict, log, directory } = await systemdStorm({ ...OPTIONS, atLeast: 0, faults: 5, seconds: 10, daemons: 12, bound: 8000, sabotage: true });
    expect(log.flatMap((one) => (one.e === 'left-behind' ? [`${one.name}: ${one.why}`] : [])).sort()).to.deep.equal(['d1: stopped along', 'd6: dependency']);
    expect(verdict.losses.map(({ invariant, what }) => `${invariant}: ${what}`)).to.deep.equal(['up in time: not all is where it is wanted within 8000 ms after the last fault: d11 is wanted up and has 0 processes']);
    rmSync(directory, { recursive: true });
  });

  it('sees each loss, where a broken watcher is played by hand', async () => {
    const { verdict, directory } = await plainStorm({ ...OPTIONS, atLeast: 0, faults: 5, seconds: 10, daemons: 3, bound: 8000, sabotage: true });
    const lost = new Set<Invariant>(verdict.losses.map(({ invariant }) => invariant));
    expect([...lost].sort()).to.deep.equal(['neighbours untouched', 'nothing left', 'one instance', 'state parses', 'stopped stays stopped', 'strangers untouched', 'up in time']);
    const whats = verdict.losses.map(({ what }) => what).join('\n');
    for (const said of ['d0 runs as ', 'd0 began as pid', 'd2 began as pid', 'got SIGTERM from', 'd1, pid ', 'ended: SIGKILL', 'state/d1 holds "1 d1 runn"', 'forgotten']) expect(whats).to.include(said);
    // At each start it lives for a moment, in which it may be seen.
    expect(whats).to.match(/d1 is wanted up and has 0 processes|only after \d+ ms/);
    rmSync(directory, { recursive: true });
  });
});
