/** Whom an operator has to bring back under systemd, and who has to come up by himself. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { lastJobOf, leftBehind, type LastJob, type LeftBehind } from '../../chaos/left-behind.js';
import { parseObservations, type Observation } from '../../chaos/observation.js';
import { markdownTable, reportOf } from '../../chaos/report.js';
import { Site } from '../../chaos/site.js';
import { Storm } from '../../chaos/storm.js';
import type { World } from '../../chaos/world.js';

const request = (verb: 'start' | 'stop' | 'restart', name: string, from: number, to: number, result: 'done' | 'refused' | 'none' = 'done'): readonly Observation[] => [
  { at: from, e: 'ask', verb, name },
  { at: to, e: 'answer', verb, name, result, detail: '' },
];

/** d1 requires d0. */
const job = (type: string, result = 'done', at = 50_000): LastJob => ({ at, type, result });

describe('whom systemd leaves down in a storm', () => {
  const cases: readonly (readonly [string, LastJob, readonly Observation[], LeftBehind | undefined])[] = [
    ['one whose start failed with that of what it requires', job('start', 'dependency'), [], 'dependency'],
    ['one that was stopped with what it requires', job('stop'), request('stop', 'd0', 49_000, 51_000), 'stopped along'],
    ['the same where nobody has been answered yet', job('stop'), request('stop', 'd0', 49_000, 51_000).slice(0, 1), 'stopped along'],
    ['one that was stopped with a restart that failed', job('stop'), request('restart', 'd0', 49_000, 51_000, 'refused'), 'stopped along'],
    ['one that was to be restarted with what it requires, which was stopped before that was up', job('restart'), request('stop', 'd0', 60_000, 61_000), 'stopped along'],
    ['not one that was stopped though nobody stopped what it requires', job('stop'), [], undefined],
    ['not one for whose sake another one was stopped', job('stop'), request('stop', 'd2', 49_000, 51_000), undefined],
    ['not one that was stopped by itself long before or after', job('stop'), [...request('stop', 'd0', 10_000, 11_000), ...request('stop', 'd0', 60_000, 61_000)], undefined],
    ['not one that a restart stopped along, and was to bring back', job('stop'), request('restart', 'd0', 49_000, 51_000), undefined],
    ['not one that was to be restarted along', job('restart'), request('restart', 'd0', 49_000, 51_000), undefined],
    ['not one that what it requires was only started for', job('stop'), request('start', 'd0', 49_000, 51_000), undefined],
    ['not one whose own start failed', job('start', 'failed'), request('stop', 'd0', 49_000, 51_000), undefined],
    ['not one that was started, and ended then', job('start'), request('stop', 'd0', 49_000, 51_000), undefined],
  ];
  for (const [what, last, log, expected] of cases) {
    it(what, () => expect(leftBehind(last, 'd0', log)).to.equal(expected));
  }

  it('is read from the journal, where of a job that is not over nothing is known', () => {
    const entry = (at: number, type: string, result?: string): string => `${JSON.stringify({ __MONOTONIC_TIMESTAMP: String(at), JOB_TYPE: type, ...(result === undefined ? {} : { JOB_RESULT: result }) })}\n`;
    expect(lastJobOf('')).to.equal(undefined);
    expect(lastJobOf(entry(68_451_182_454, 'stop'))).to.equal(undefined);
    expect(lastJobOf([entry(1, 'start', 'done'), entry(68_452_728_528, 'stop'), entry(68_452_728_620, 'restart', 'done'), entry(68_452_800_000, 'start')].join(''))).to.deep.equal({ at: 68_452_728.62, type: 'restart', result: 'done' });
  });

  describe('is started by the operator of the storm', () => {
    let directory: string;
    let asked: string[];
    let jobs: Readonly<Record<string, LastJob>>;
    let storm: Storm;

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'wk-left-behind-'));
      [asked, jobs] = [[], {}];
      const paths = { state: join(directory, 'state'), runtime: join(directory, 'run'), log: join(directory, 'log') };
      const world = {
        kind: 'systemd',
        // d1 requires d0, d6 requires d5.
        site: new Site(directory, paths, join(directory, 'observations'), 7),
        lastJob: (name: string) => jobs[name],
        ask: (verb: string, name: string) => {
          asked.push(`${verb} ${name}`);
          return Promise.resolve({ result: 'done', detail: '' });
        },
      } as unknown as World;
      const { names, requires } = world.site;
      storm = new Storm(world, { daemons: names, requires, pulls: true, checked: [], bound: 1000, longestLook: 1000, stable: 10, formats: [] });
      for (const name of names) for (const one of request('start', name, 0, 0)) storm.tell({ ...one });
      for (const name of names) if (name !== 'd1' && name !== 'd6') storm.tell({ e: 'seen', name, pids: [1] });
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    const log = (): readonly Observation[] => parseObservations(readFileSync(join(directory, 'observations'), 'utf8'));

    it('and nobody else is', async () => {
      // d6 is down, and its service manager is about to start it, or should be.
      jobs = { d1: job('start', 'dependency') };
      await storm.bringBack();
      expect(asked).to.deep.equal(['start d1']);
      const report = reportOf('systemd', 1, log(), { losses: [] });
      expect(report.leftBehind).to.deep.equal({ dependency: 1 });
      expect(markdownTable([report])).to.include('left down by systemd for what they require, and started by the operator: 1 (dependency).');
    });

    it('but for one that is up, or for which a request is open', async () => {
      jobs = { d1: job('start', 'dependency'), d6: job('start', 'dependency') };
      storm.tell({ e: 'seen', name: 'd1', pids: [2] });
      for (const one of request('start', 'd6', 0, 0, 'refused')) storm.tell({ ...one });
      await storm.bringBack();
      expect(asked).to.deep.equal([]);
    });
  });
});
