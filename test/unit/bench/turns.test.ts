/** Calls of the benchmark of the front, and what they ended with. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { LOOP, row, sides, type Side } from '../../../scripts/bench/turns.mjs';
import { Cleanups } from '../../support/eventually.js';
import { makeDirectory } from '../../support/host-fixture.js';

const BASH = '/bin/bash';
const side = (wall: number, ...statuses: readonly number[]): Side => ({ statuses, samples: [{ wall, cpu: 2 }, { wall, cpu: 3 }] });
const met = (pair: Parameters<typeof row>[0], reference: Side, ours: Side): string | undefined => row(pair, reference, ours)[5];

describe('turns of the benchmark', () => {
  const cleanups = new Cleanups();
  afterEach(() => cleanups.run());

  it('are timed by a shell that tells what each call ended with', function () {
    if (!existsSync(BASH)) this.skip();
    const kept = join(makeDirectory(cleanups), 'times');
    const loop = (...calls: readonly string[]): ReturnType<typeof spawnSync> => spawnSync(BASH, ['-c', LOOP, 'bash', kept, '4', ...calls], { encoding: 'utf8' });
    const { stdout, status } = loop('/bin/true', '/bin/false;/bin/true', '/bin/sh -c exit');
    expect(status).to.equal(0);
    const found = sides(String(stdout), 3);
    expect(found.map(({ statuses }) => statuses)).to.deep.equal([[0], [1, 0], [0]]);
    expect(found.map(({ samples }) => samples.length)).to.deep.equal([3, 3, 3]);
    expect(found.flatMap(({ samples }) => samples).every(({ wall, cpu }) => wall > 0 && cpu >= 0)).to.equal(true);
    // Makes what is there, and the second time it is there.
    const changed = loop(`/bin/mkdir ${kept}.d`);
    expect([changed.status, String(changed.stderr)]).to.deep.equal([1, `/bin/mkdir ${kept}.d ended with 1,, and before with 0,\n`]);
  });

  it('are refused without their statuses', () => {
    expect(() => sides('0 100 1\n0 100 1\nstatus 0,\n', 2)).to.throw('cannot tell what the calls ended with');
    expect(() => sides('0 100 1\n0 100 1\n', 1)).to.throw('cannot tell');
    expect(() => sides('0 100 1\nstatus \n', 1)).to.throw('cannot tell');
  });

  it('meet no bar where ours ends otherwise than it has to, however quick', () => {
    const pair = { what: 'start-all', most: 0.5 };
    expect(row(pair, side(100, 0), side(10, 0))).to.deep.equal(['start-all', '100 (100)', '10.0 (10.0)', '0.10', '0.50', 'yes', '2.50', '2.50']);
    expect(row(pair, side(100, 0, 0), side(10, 0, 1)).slice(1, 6)).to.deep.equal(['100 (100)', '10.0 (10.0) (ends with 0, 1)', '0.10', '0.50', '**no**']);
    expect(met({ what: 'without a bar' }, side(100, 0), side(10, 1))).to.equal('**no**');
    expect(met({ what: 'without a bar' }, side(100, 0), side(10, 0))).to.equal('–');
  });

  it('mark a reference that fails', () => {
    expect(row({ what: 'start-all', most: 0.5 }, side(100, 1), side(10, 0)).slice(1, 6)).to.deep.equal(['100 (100) (ends with 1)', '10.0 (10.0)', '0.10', '0.50', 'yes']);
  });

  it('may have to end with another status than 0', () => {
    const check = { what: 'check of one that is down', most: 0.5, ends: 1 };
    expect([met(check, side(100, 1), side(10, 1)), met(check, side(100, 1), side(10, 0))]).to.deep.equal(['yes', '**no**']);
    expect(row(check, side(100, 3), side(10, 1))[1]).to.equal('100 (100) (ends with 3)');
  });
});
