/** `npm run bench` at its smallest: it is not to rot, and its figures are nobody's here. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect } from 'chai';

import { LocalGround } from '../../scripts/bench/local-ground.mjs';
import { groupsOf, ownGroup } from '../support/control-groups.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { makeDirectory } from '../support/host-fixture.js';

const ROOT = resolve(import.meta.dirname, '../..');
const GROUND = process.geteuid?.() === 0 ? '/var/lib' : undefined;

const MEMORY = '/dev/shm';

interface Result {
  readonly leftOut: readonly string[];
  readonly failed: readonly { readonly name: string }[];
  readonly sections: readonly { readonly name: string; readonly figures: unknown }[];
}

function bench(...words: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'scripts/bench/bench.mjs'), ...words], { encoding: 'utf8', timeout: 170_000 });
}

/** Directories that runs of the benchmark made here, ours or not. */
function grounds(): readonly string[] {
  return GROUND === undefined ? [] : readdirSync(GROUND).filter((name) => name.startsWith('wk-bench-'));
}

/** What of it is in memory. */
function volatile(): readonly string[] {
  return readdirSync(MEMORY).filter((name) => name.startsWith('wk-bench-ours-'));
}

/** Of the daemons of the one that is new. */
function groupOf(before: readonly string[]): string {
  const name = volatile().find((one) => !before.includes(one)) ?? '';
  return groupsOf(join(MEMORY, name, 'run')) ?? '';
}

describe('npm run bench', function () {
  this.timeout(180_000);
  const cleanups = new Cleanups();
  afterEach(() => cleanups.run());

  before(function () {
    // Its daemon is to be as small as can be: in C.
    if (!existsSync('/usr/bin/cc')) this.skip();
  });

  it('measures us beside a bare supervisor, tells what it left out, and leaves nothing behind', () => {
    const before = grounds();
    const file = join(makeDirectory(cleanups), 'figures.json');
    const { status, stdout, stderr } = bench('recovery', 'scale', 'growth', '--quick', '--local', '--peers=ours,limit-node', '--kills=1', '--age=0', '--sizes=2,3', '--idle=0.5', `--json=${file}`);
    expect(status, stderr).to.equal(0);
    for (const row of [/^\| ours \| \d[^|]*\|.*\| 0 \|$/m, /^\| limit-node \| \d[^|]*\|.*\| 0 \|$/m, /^\| first kill, among the first group \|/m, /^\| ours \| start all, ms \| [\d.]+ \| [\d.]+ \| –?-?[\d.]* \|/m]) expect(stdout).to.match(row);
    expect(stdout).to.match(/Left out: .*no harness/).and.match(/Left out: 1, 10, 100, 1000 daemons \(--sizes\)/);
    const result = JSON.parse(readFileSync(file, 'utf8')) as Result;
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).to.deep.equal(result);
    expect(stderr).to.match(/^bench: recovery/).and.match(/^bench: took \d+ s\n$/m);
    expect(result.sections.map(({ name }) => name)).to.deep.equal(['recovery', 'scale', 'growth']);
    const recovered = result.sections[0]?.figures as Readonly<Record<string, { readonly first: readonly number[]; readonly second: readonly number[] }>>;
    for (const name of ['ours', 'limit-node']) expect([recovered[name]?.first.length, recovered[name]?.second.length], name).to.deep.equal([1, 1]);
    expect(grounds().filter((name) => !before.includes(name))).to.deep.equal([]);
  });

  it('tells what failed, goes on, and ends with 1', () => {
    const { status, stdout, stderr } = bench('crash-loop', 'scale', '--local', '--peers=limit-node', '--sizes=2', '--rounds=1', '--deaths=1', '--idle=0.1');
    const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
    expect([status, result.failed.map(({ name }) => name), result.sections.map(({ name }) => name)], stderr).to.deep.equal([1, ['crash-loop'], ['scale']]);
    expect(stderr).to.include('crash-loop: all of it failed: without the harness');
    expect(stdout).to.match(/^\| limit-node \| [\d.]+ \|/m);
  });

  it('removes the control groups of its daemons with them', async function () {
    if (ownGroup() === undefined || !existsSync(MEMORY)) this.skip();
    const before = volatile();
    const ground = new LocalGround('this is a test');
    cleanups.add(() => ground.clear());
    const peer = ground.peer('ours');
    await peer.setUp(['d1']);
    const group = groupOf(before);
    await peer.startAll();
    await eventually('its group', () => existsSync(join(group, 'd1')));
    await peer.tearDown();
    expect([existsSync(group), volatile().filter((name) => !before.includes(name))]).to.deep.equal([false, []]);
  });

  it('leaves nothing behind when its terminal is closed', async function () {
    if (ownGroup() === undefined || !existsSync(MEMORY)) this.skip();
    const before = { volatile: volatile(), grounds: grounds() };
    const child = spawn(process.execPath, [join(ROOT, 'scripts/bench/bench.mjs'), 'recovery', '--local', '--peers=ours', '--kills=1', '--age=60'], { stdio: 'ignore' });
    cleanups.add(() => void child.kill('SIGTERM'));
    const ended = once(child, 'exit');
    await eventually('its daemon', () => volatile().length > before.volatile.length && existsSync(join(groupOf(before.volatile), 'd1')), 60_000);
    const group = groupOf(before.volatile);
    child.kill('SIGHUP');
    expect((await ended)[0]).to.equal(130);
    expect([existsSync(group), volatile().filter((name) => !before.volatile.includes(name)), grounds().filter((name) => !before.grounds.includes(name))]).to.deep.equal([false, [], []]);
  });

  it('refuses what it does not know', () => {
    const { status, stderr } = bench('speed');
    expect([status, stderr.includes('recovery, crash-loop, scale, growth')]).to.deep.equal([2, true]);
    expect(bench('recovery', '--fast').status).to.equal(2);
    expect(bench('--help')).to.deep.include({ status: 0, stderr: '' });
  });
});
