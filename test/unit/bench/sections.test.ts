/** What never came is the worst outcome of all: its bar is there, and not met. */
import { expect } from 'chai';

import { crashSection, type Crashed } from '../../../scripts/bench/crash-loop.mjs';
import { inJson, isMet, type Section } from '../../../scripts/bench/figures.mjs';
import { recoverySection } from '../../../scripts/bench/recovery.mjs';
import { growthSection, scaleSection } from '../../../scripts/bench/scale-tables.mjs';
import type { Figures, ScalePlan } from '../../../scripts/bench/scale.mjs';

const bars = ({ bars: all }: Section): Readonly<Record<string, boolean | undefined>> => Object.fromEntries(all.map((bar) => [bar.what, isMet(bar)]));
const times = (good: number, never: number): number[] => [...Array.from({ length: good }, () => 3), ...Array.from({ length: never }, () => Infinity)];

describe('sections of the benchmark', () => {
  const plan = { kills: 20, age: 15 };
  const bare = { first: times(20, 0), second: times(20, 0) };

  it('recovery: who comes back once in twenty meets nothing', () => {
    const ours = { first: times(1, 19), second: times(1, 0) };
    const section = recoverySection(new Map([['bare-node-ssd', bare], ['ours', ours]]), plan);
    expect(bars(section)).to.deep.equal({ 'first kill': false, 'first kill, among the first group': false, 'second kill, at once': true });
    expect(section.parts[0]).to.match(/^\| ours \| never \| never \| never \| 3\.00 \| 3\.00 \| 19 \|$/m);
    expect(JSON.parse(JSON.stringify(section.figures, inJson))).to.have.nested.property('ours.first[19]', 'never');
  });

  it('recovery: who never comes back has no second kill, and does not meet it', () => {
    const never = { first: times(0, 20), second: [] };
    const found = bars(recoverySection(new Map([['ours', never], ['ours-adopted', bare], ['ours-adopted-proc', never]]), plan));
    expect(found).to.deep.equal({ 'first kill': false, 'first kill, among the first group': false, 'second kill, at once': false, 'adopted, without them: seen': false });
  });

  it('recovery: leaves out only what nobody asked for, and compares with nothing that never came', () => {
    expect(bars(recoverySection(new Map([['bare-node-ssd', bare]]), plan))).to.deep.equal({});
    expect(bars(recoverySection(new Map([['ours', bare], ['bare-node-ssd', { first: times(0, 20), second: [] }]]), plan))).to.deep.equal({
      'first kill': undefined, 'first kill, among the first group': true, 'second kill, at once': undefined,
    });
  });

  it('crash loop: no start, no retry and no neighbour that comes back', () => {
    const lost: Crashed = { starts: [], before: [5, 5], neighbour: [Infinity, Infinity], back: undefined, retried: Infinity };
    const slow: Crashed = { starts: [1], before: [5], neighbour: [], back: Infinity, retried: undefined };
    const section = crashSection(new Map([['ours', lost], ['ours-slow-retry', slow]]), { loop: 60, after: 30 });
    expect(section.bars.map((bar) => isMet(bar))).to.deep.equal([false, false, false, false]);
    expect(section.parts[0]).to.match(/^\| ours \| 0 \| {2}\| not within 30 s \(retry-now\) \|/m).and.match(/^\| ours-slow-retry \| 1 \| 1\.00 \| not within 30 s \|/m);
    const good: Crashed = { starts: [1, 2], before: [5, 5], neighbour: [5, 6], back: undefined, retried: 0.1 };
    const found = crashSection(new Map([['ours', good]]), { loop: 60, after: 30 });
    expect(bars(found)).to.deep.equal({ 'starts in the loop, no storm': true, 'back after retry-now': true, 'killed neighbour, median': true });
    expect(found.parts[0]).to.include('0.10 (retry-now)');
  });

  it('crash loop: a killed neighbour beside the smaller of what is known', () => {
    const crashed: Crashed = { starts: [1], before: [10, 12, 14], neighbour: [9], back: undefined, retried: 0.1 };
    const bar = (before: readonly number[], firstKill?: number): unknown => {
      const found = crashSection(new Map([['ours', { ...crashed, before }]]), { loop: 60, after: 30, ...(firstKill === undefined ? {} : { firstKill }) }).bars.find(({ what }) => what.startsWith('killed neighbour'));
      return [found?.most, found?.of, found === undefined ? undefined : isMet(found)];
    };
    expect(bar(crashed.before)).to.deep.equal([18, '1.5 × before the loop', true]);
    expect(bar(crashed.before, 4)).to.deep.equal([6, '1.5 × first kill of recovery, the smaller: before the loop 12.0 ms', false]);
    expect(bar(crashed.before, 16)).to.deep.equal([18, '1.5 × before the loop, the smaller: first kill of recovery 16.0 ms', true]);
    expect(bar([], 4)).to.deep.include(6);
    expect(bar(crashed.before, Infinity)).to.deep.equal([18, '1.5 × before the loop, the smaller: first kill of recovery never', true]);
  });

  const scaled = (size: number, peer: string, change: Partial<Figures> = {}): Figures =>
    ({ size, peer, start: [100, 110, 120], stop: [1], death: [900, 1000, 2000], one: [1], status: [20], emptyNode: peer === 'ours' ? [40] : [], idle: [0.1, 0.3], memory: [60, 100, 62], ...change });
  const scalePlan: ScalePlan = { sizes: [100, 1000], peers: () => ['ours'], rounds: (size) => (size > 100 ? 3 : 9), deaths: 3, ones: 10, idle: 10, statuses: 5, settle: 0 };

  it('scale: no start, no status and no return of all', () => {
    const all = [100, 1000].map((size) => scaled(size, 'ours', { start: [Infinity], death: [Infinity], status: [] }));
    const section = scaleSection(all, scalePlan);
    expect(section.bars.map((bar) => [bar.what, isMet(bar)])).to.deep.equal([
      ['start of 100', false], ['start of 100', false], ['start of 100', false], ['idle CPU of 1000', true], ['PSS of 1000', true], ['status of all 100', false], ['status of all 1000', false], ['death of all 1000: all back', false],
    ]);
    expect(scaleSection([], scalePlan).bars).to.deep.equal([]);
    expect(growthSection(all).parts[0]).to.match(/^\| ours \| all killed at once: all back, ms \| never \| never \| – \|$/m);
  });

  it('scale: p95 and the largest in brackets, and ratios where something is held against', () => {
    const section = scaleSection([scaled(100, 'ours', { start: [180] }), scaled(100, 'limit-node'), scaled(100, 'bare-node-ssd', { start: [150, 150] })], scalePlan);
    const rows = section.parts[0]?.split('\n') ?? [];
    expect(rows[0]).to.equal('100 daemons, 9 starts and stops, 3 deaths of all:');
    expect(rows[2]).to.include('| start all, ms | × bare-node-ssd | × limit-node | stop all, ms |').and.include('| status of all, ms | × an empty Node program |');
    expect(rows[4]).to.equal('| ours | 180 | 1.20 | 1.64 | 1.00 | 0.20 (0.30) | 62.0 (100) | 20.0 | 0.50 | 1000 (1900) | 1.00 |');
    expect(rows[5]).to.match(/^\| limit-node \| 110 \(119\) \| 0\.73 \| 1\.00 \|/);
    expect(section.bars.filter(({ what }) => what === 'start of 100').map((bar) => [bar.of, bar.most, isMet(bar)])).to.deep.equal([
      ['1.5 × bare-node-ssd', 225, true], ['1.5 × limit-node', 165, false], ['systemd', NaN, undefined],
    ]);
    expect(scaleSection([scaled(1, 'systemd')], scalePlan).parts[0]).to.match(/^1 daemon, /).and.not.include('×');
  });
});
