/** What is done about a kind of fault that has hit nothing, and how that is told. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { hitEachKind, kindsHit } from '../../chaos/each-kind.js';
import { kindsOf, type Fault, type FaultKind } from '../../chaos/plan.js';
import { reportOf, unhitLines } from '../../chaos/report.js';
import { Storm } from '../../chaos/storm.js';
import type { World } from '../../chaos/world.js';

const OPTIONS = { seed: 1, world: 'plain', faults: 100, daemons: 2 } as const;

describe('a kind of fault that has hit nothing', () => {
  let directory: string;
  let tried: Fault[];
  /** Of each kind, how many of them miss. */
  let misses: Map<FaultKind, number>;
  let storm: Storm;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-each-kind-'));
    tried = [];
    misses = new Map();
    const site = { names: ['d0', 'd1'], paths: { runtime: directory }, observations: join(directory, 'observations'), program: '/nowhere/daemon', pidFiles: (name: string) => (name === 'd1' ? [site.observations] : []) };
    appendFileSync(site.observations, '');
    writeFileSync(join(directory, 'watcher'), `1 ${process.pid}`);
    class Counted extends Storm {
      override tryOne(fault: Fault): Promise<void> {
        tried.push(fault);
        this.tell({ e: 'fault', step: fault.step, kind: fault.kind, detail: '' });
        const left = misses.get(fault.kind) ?? 0;
        misses.set(fault.kind, left - 1);
        if (left > 0) this.tell({ e: 'missed', step: fault.step, why: 'x' });
        return Promise.resolve();
      }
    }
    const world = { kind: 'plain', site, ask: () => Promise.resolve({ result: 'done', detail: '' }) } as unknown as World;
    storm = new Counted(world, { daemons: site.names, requires: new Map(), pulls: false, checked: [], bound: 1000, longestLook: 1000, stable: 10, formats: [] });
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is tried until it hits, by itself, at a daemon with a pid file; one that hit is not', async () => {
    misses = new Map([['kill', 0], ['freeze', 2], ['clock-step', 1]]);
    for (const [step, kind] of (['kill', 'freeze'] as const).entries()) await storm.tryOne({ step, kind, target: 0, choice: 0, hold: 0, pause: 0 });
    tried = [];
    await hitEachKind(storm, ['kill', 'freeze', 'clock-step'], OPTIONS);
    expect(tried.map(({ kind }) => kind)).to.deep.equal(['freeze', 'clock-step', 'freeze', 'clock-step']);
    expect(tried.map(({ step }) => step)).to.deep.equal([100, 101, 102, 103]);
    expect(new Set(tried.map(({ target }) => target))).to.deep.equal(new Set([1]));
    expect([...kindsHit(storm.observations())].sort()).to.deep.equal(['clock-step', 'freeze', 'kill']);
  });

  it('is given up after some tries, or when the time is over, and is told', async () => {
    misses = new Map([['freeze', 99]]);
    await hitEachKind(storm, ['freeze'], OPTIONS);
    expect(tried).to.have.length(6);
    await hitEachKind(storm, ['freeze'], OPTIONS, -1);
    expect(tried).to.have.length(6);
    const report = reportOf('plain', 1, storm.observations(), { losses: [] });
    expect(unhitLines(report, ['freeze'])).to.deep.equal(['nothing hit (plain): freeze, tried 6 times']);
    expect(unhitLines(report)).to.have.length(kindsOf('plain').length);
    expect(unhitLines(report, ['bus-restart'])).to.deep.equal([]);
  });
});
