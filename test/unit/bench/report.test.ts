/** What was measured is told at once, and what fails later takes nothing with it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { Section } from '../../../scripts/bench/figures.mjs';
import { peersLeftOut, sizesLeftOut } from '../../../scripts/bench/left-out.mjs';
import { Report, type Results } from '../../../scripts/bench/report.mjs';
import { Cleanups } from '../../support/eventually.js';
import { makeDirectory } from '../../support/host-fixture.js';

const place = (name: string): string => `<!-- ${name}: written by npm run bench -- ${name} --write -->\nold\n<!-- ${name}: end -->\n`;
const section = (name: string, title: string): Section => ({ name, title, parts: [`of ${title}`], bars: [], figures: { late: Infinity } });

describe('report of the benchmark', () => {
  const cleanups = new Cleanups();
  afterEach(() => cleanups.run());

  interface Fixture {
    readonly report: Report;
    readonly printed: string[];
    readonly complained: string[];
    readonly document: () => string;
    readonly results: () => Results;
  }

  function fixture(write = true): Fixture {
    const directory = makeDirectory(cleanups);
    const [document, json] = [join(directory, 'document.md'), join(directory, 'figures.json')];
    writeFileSync(document, ['scale', 'front'].map(place).join('\n'));
    const [printed, complained]: [string[], string[]] = [[], []];
    const report = new Report('Today.', { json, write, document, print: (text) => printed.push(text), complain: (text) => complained.push(text) });
    return { report, printed, complained, document: () => readFileSync(document, 'utf8'), results: () => JSON.parse(readFileSync(json, 'utf8')) as Results };
  }

  it('prints, writes and keeps each section as soon as it is there', async () => {
    const { report, printed, complained, document, results } = fixture();
    report.tell(section('scale', 'S'), ['1 daemon (--sizes)']);
    expect(printed).to.deep.equal(['### S\n\nof S\n\nToday. Left out: 1 daemon (--sizes).\n\n']);
    expect(document()).to.include('--write -->\n\nToday. Left out: 1 daemon (--sizes).\n\n### S\n\nof S\n\n<!-- scale: end').and.include(place('front'));
    expect(results().sections).to.deep.equal([{ name: 'scale', title: 'S', bars: [], figures: { late: 'never' }, header: 'Today.', leftOut: ['1 daemon (--sizes)'] }]);
    expect(await report.attempt('front', 'trixie', () => Promise.reject(new Error('no mirror\nat all')))).to.equal(false);
    expect([report.status, complained]).to.deep.equal([1, ['bench: front: trixie failed: no mirror\nat all\n']]);
    expect([results().sections.length, results().failed]).to.deep.equal([1, [{ name: 'front', what: 'trixie', why: 'no mirror\nat all' }]]);
    // It has no table that could take the old one's place.
    expect(document()).to.include(place('front'));
  });

  it('has several sections of one name in one place, and what failed of them above', async () => {
    const { report, document } = fixture();
    report.tell(section('front', 'bookworm'));
    await report.attempt('front', 'buster', () => { throw new Error('too old'); });
    report.tell(section('front', 'trixie'));
    expect(document()).to.include('\n\nToday. Failed: buster: too old.\n\n### bookworm\n\nof bookworm\n\n### trixie\n\nof trixie\n\n<!-- front: end');
  });

  it('goes on where the document has no place for a section', async () => {
    const { report, printed, results } = fixture();
    expect(await report.attempt('growth', 'all of it', () => report.tell(section('growth', 'G')))).to.equal(false);
    expect([printed.length, results().sections.map(({ name }) => name), results().failed[0]?.why.startsWith('there is no place')]).to.deep.equal([1, ['growth'], true]);
  });

  it('leaves the document alone unless told, and all is well', () => {
    const { report, document } = fixture(false);
    report.tell(section('scale', 'S'));
    expect([document(), report.status]).to.deep.equal([['scale', 'front'].map(place).join('\n'), 0]);
  });
});

describe('what the benchmark left out', () => {
  const peers = { usual: ['limit', 'ours', 'runit'], measured: ['ours'], available: ['limit', 'ours', 'runit'], reasons: [], by: '--peers' };

  it('names the peers that were not chosen, and those that are not here', () => {
    expect(peersLeftOut(peers)).to.deep.equal(['limit, runit (--peers)']);
    expect(peersLeftOut({ ...peers, available: ['limit', 'ours'], reasons: ['there is no harness'] })).to.deep.equal(['limit (--peers)', 'runit: there is no harness']);
    expect(peersLeftOut({ ...peers, measured: peers.usual })).to.deep.equal([]);
    expect(peersLeftOut({ ...peers, measured: peers.usual, reasons: ['there is no harness'] })).to.deep.equal(['there is no harness']);
  });

  it('names the sizes', () => {
    expect([sizesLeftOut([1, 10, 100], [10, 100], '--sizes'), sizesLeftOut([1, 10, 100], [7], '--sizes'), sizesLeftOut([1, 10], [1, 10, 5], '--sizes')]).to.deep.equal([['1 daemon (--sizes)'], ['1, 10, 100 daemons (--sizes)'], []]);
  });
});
