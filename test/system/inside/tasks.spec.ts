/** Scheduled tasks of the installed watcher: what becomes of them with its unit. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { TaskRun } from '../../../src/core/task-run.js';
import { eventually } from '../../support/eventually.js';
import { isLive } from '../../support/proc.js';
import { must, systemctl } from './bench.js';
import { isReplaced, Site, status, WATCHER, watcherPid } from './site.js';

const NEVER = '0 0 29 2 1';

describe('scheduled tasks of the installed watcher', function () {
  this.timeout(120_000);
  let site: Site;
  let notes: string;

  before(() => Site.install());
  beforeEach(() => {
    site = new Site();
    site.add('web');
    notes = join(site.directory, 'notes');
    must('/usr/bin/chmod', '0755', site.directory);
    mkdirSync(notes);
    must('/usr/bin/chmod', '1777', notes);
  });
  afterEach(() => site.cleanup());

  const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script];
  const noted = (name: string): readonly string[] => (existsSync(join(notes, name)) ? readFileSync(join(notes, name), 'utf8').trim().split('\n') : []);
  const runs = (name: string): readonly TaskRun[] => (JSON.parse(must('/usr/sbin/watchkeeper', 'tasks', 'history', name, '--json')) as { runs: readonly TaskRun[] }).runs;
  const last = (name: string): TaskRun | undefined => runs(name).at(-1);

  function begin(tasks: Readonly<Record<string, unknown>>): void {
    site.settle({ units: true }, { tasks });
    systemctl('start', WATCHER);
    expect(status().watcher).to.include({ restartOwner: 'systemd' });
  }

  /** Runs one by hand. @returns its pid */
  async function run(name: string): Promise<number> {
    must('/usr/sbin/watchkeeper', 'tasks', 'run', name);
    await eventually(`${name} is written down`, () => typeof last(name)?.process?.pid === 'number', 15_000);
    return last(name)?.process?.pid ?? 0;
  }

  interface Way {
    readonly way: string;
    readonly replace: (pid: number) => void;
    /** Whether the watcher can still write down what was said under it. */
    readonly orderly: boolean;
  }
  const ways: readonly Way[] = [
    { way: 'a restart of its unit', replace: () => systemctl('restart', WATCHER), orderly: true },
    { way: 'a SIGTERM, after which systemd starts another one', replace: (pid) => process.kill(pid, 'SIGTERM'), orderly: true },
    { way: 'a kill -9', replace: (pid) => process.kill(pid, 'SIGKILL'), orderly: false },
  ];
  for (const { way, replace, orderly } of ways) {
    it(`outlive ${way}: as their user, with their output, their time-out and their history`, async () => {
      const count = `id -un >>${notes}/user; echo begin; i=0; until [ -e ${notes}/go ]; do echo line $i; i=$((i+1)); sleep 0.2; done; echo end`;
      begin({
        once: { argv: sh(`echo ran >>${notes}/once`), schedule: NEVER },
        long: { argv: sh(count), schedule: NEVER, user: 'nobody' },
        late: { argv: ['/bin/sleep', '1000'], schedule: NEVER, timeout: '15s' },
      });
      await run('once');
      await eventually('the short one has ended', () => last('once')?.result === 'ok', 15_000);
      const [long, late] = [await run('long'), await run('late')];
      await eventually('it has said something', () => noted('user').length === 1, 15_000);
      const before = watcherPid();
      replace(before);
      await eventually('another watcher is there', () => isReplaced(before) && status().watcher?.pid === watcherPid(), 30_000);
      expect([isLive(long), isLive(late)], 'both go on').to.deep.equal([true, true]);
      expect(last('long')).to.deep.include({ id: 1, result: 'running' });
      expect(runs('once').map(({ result }) => result)).to.deep.equal(['ok']);
      writeFileSync(join(notes, 'go'), '');
      await eventually('it has come to its own end', () => last('long')?.result === 'cut-off', 15_000);
      const [first] = runs('long');
      expect(first?.output.at(-1), 'said under the next watcher').to.equal('end');
      // The last 20 lines are kept; whether the first is among them is a matter of speed.
      const numbers = first?.output.filter((line) => line.startsWith('line ')).map((line) => Number(line.slice(5))) ?? [];
      expect(numbers, 'no line lost, none twice').to.deep.equal(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      if (orderly) expect((first?.output.length ?? 0) + (first?.omitted ?? 0)).to.equal((numbers.at(-1) ?? 0) + 3);
      expect([noted('user'), runs('long').length]).to.deep.equal([['nobody'], 1]);
      await eventually('the late one is ended in time', () => last('late')?.result === 'timed-out', 30_000);
      expect([isLive(late), noted('once')]).to.deep.equal([false, ['ran']]);
    });
  }

  it('are ended with a stop of its unit, as nobody keeps their time-outs any more', async () => {
    begin({ mild: { argv: ['/bin/sleep', '1000'], schedule: NEVER }, deaf: { argv: sh("trap '' TERM; while :; do sleep 1; done"), schedule: NEVER } });
    const pids = [await run('mild'), await run('deaf')];
    const before = performance.now();
    systemctl('stop', '--no-block', WATCHER);
    await eventually('the watcher has ended', () => watcherPid() === 0, 60_000);
    expect(performance.now() - before).to.be.greaterThan(9000); // their ten seconds
    expect(pids.map(isLive)).to.deep.equal([false, false]);
    expect([last('mild')?.result, last('deaf')?.result]).to.deep.equal(['failed', 'failed']);
  });

  it('of a boot run once, whatever becomes of the watcher', async () => {
    begin({ boot: { argv: sh(`echo ran >>${notes}/boot`), at: 'boot' } });
    await eventually('it has run', () => last('boot')?.result === 'ok', 15_000);
    systemctl('restart', WATCHER);
    const killed = watcherPid();
    process.kill(killed, 'SIGKILL');
    await eventually('another watcher is there', () => isReplaced(killed), 30_000);
    systemctl('stop', WATCHER);
    systemctl('start', WATCHER);
    // A task by hand comes to its end behind whatever the start would have begun.
    must('/usr/sbin/watchkeeper', 'tasks', 'run', 'boot');
    await eventually('the one by hand has run', () => runs('boot').length >= 2 && last('boot')?.result === 'ok', 15_000);
    expect(runs('boot').map(({ why }) => why === 'boot')).to.deep.equal([true, false]);
    expect(noted('boot')).to.have.length(2);
  });
});
