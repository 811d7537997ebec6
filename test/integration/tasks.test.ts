/** Scheduled tasks and watcher hooks by the built watcher, on this machine. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { TaskRecord, TaskRun } from '../../src/core/task-run.js';
import type { TaskStatus } from '../../src/ports/task-control.js';
import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { isLive, liveProcesses } from '../support/proc.js';
import { WatcherWorld } from '../support/watcher-world.js';

const SECOND = '* * * * * *';
const NEVER = '0 0 29 2 1';

describe('scheduled tasks', function () {
  this.timeout(60_000);
  let world: WatcherWorld;
  /** Writable for everybody: what tasks write down. */
  let notes: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    notes = join(world.directory, 'notes');
    mkdirSync(notes);
    chmodSync(notes, 0o1777);
  });
  afterEach(() => world.cleanups.run());

  const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script];
  const note = (name: string): string => join(notes, name);
  const noted = (name: string): string[] => (existsSync(note(name)) ? readFileSync(note(name), 'utf8').trim().split('\n') : []);

  async function list(): Promise<readonly TaskStatus[]> {
    const { stdout, stderr, status } = await world.watchkeeper('tasks', '--json');
    if (status !== 0) throw new Error(stderr);
    return (JSON.parse(stdout) as { tasks: readonly TaskStatus[] }).tasks;
  }

  async function history(name: string): Promise<readonly TaskRun[]> {
    const { stdout, stderr, status } = await world.watchkeeper('tasks', 'history', name, '--json');
    if (status !== 0) throw new Error(stderr);
    return (JSON.parse(stdout) as { runs: readonly TaskRun[] }).runs;
  }

  async function last(name: string): Promise<TaskRun | undefined> {
    return (await history(name)).at(-1);
  }

  function recordFile(name: string): string {
    return join(world.state, 'tasks', `${name}.json`);
  }

  function editRecord(name: string, change: (record: TaskRecord) => TaskRecord): void {
    writeFileSync(recordFile(name), JSON.stringify(change(JSON.parse(readFileSync(recordFile(name), 'utf8')) as TaskRecord)));
  }

  it('every second, each second once, with output in its order and by lines', async () => {
    world.write({ tasks: { tick: { argv: sh('echo one; echo two >&2; printf "\\033[31mthree\\tX"'), schedule: SECOND } } });
    await world.startWatcher();
    await eventually('five runs', async () => (await history('tick')).length >= 5, 15_000);
    const runs = (await history('tick')).filter(({ result }) => result !== 'running');
    expect(runs.every(({ result, took }) => result === 'ok' && took !== null && took < 1000)).to.equal(true);
    expect(runs[0]?.output).to.deep.equal(['one', 'two', '\\e[31mthree\\tX']);
    const scheduled = runs.map((run) => run.scheduled ?? 0);
    expect(new Set(scheduled).size).to.equal(scheduled.length);
    expect(scheduled.every((at) => at % 1000 === 0)).to.equal(true);
    const [task] = await list();
    expect(task).to.include({ name: 'tick', schedule: SECOND, enabled: true });
    expect(task?.next ?? 0).to.be.greaterThan(Date.now() - 2000);
  });

  it('as another user, with its environment and directory, in a session of its own, without our descriptors', async function () {
    if (!IS_ROOT) this.skip();
    const script = `{ id -un; id -gn; pwd; echo "$HOME|$SECRET|$WATCHKEEPER_TASK|$PATH"; echo $$; ls -l /proc/self/fd; } > ${note('who')}; sleep 0.3`;
    world.write({ tasks: { who: { argv: sh(script), user: 'nobody', environment: { SECRET: 'hunter2' }, workingDirectory: '/usr' } } });
    const watcher = await world.startWatcher();
    expect((await world.watchkeeper('tasks', 'run', 'who')).status).to.equal(0);
    await eventually('it has run', async () => (await last('who'))?.result === 'ok');
    const [user, group, directory, variables, pid, ...descriptors] = noted('who');
    expect([user, group, directory]).to.deep.equal(['nobody', 'nogroup', '/usr']);
    expect(variables).to.match(/^\/nonexistent\|hunter2\|who\|\/usr\/local\/sbin:/);
    expect(Number(pid)).to.equal((await last('who'))?.process?.pid);
    // Beside stdin, stdout, stderr and the directory that ls reads: what we inherited ourselves is covered.
    const others = descriptors.filter((line) => / \d+ -> /.test(line) && !/ [0123] -> /.test(line));
    expect(others.every((line) => line.endsWith('-> /dev/null')), others.join('\n')).to.equal(true);
    expect(liveProcesses().find((one) => one.pid === watcher.pid)?.uid).to.equal(0);
    const shown = await world.watchkeeper('config', 'show');
    expect(shown.stdout).to.not.include('hunter2');
    expect(world.output + readFileSync(recordFile('who'), 'utf8')).to.not.include('hunter2');
    expect(statSync(recordFile('who')).mode & 0o777).to.equal(0o600);
  });

  it('overlap: skip runs none meanwhile, queue runs one right behind', async () => {
    const script = (name: string): readonly string[] => sh(`echo begin >> ${note(name)}; sleep 2.5; echo end >> ${note(name)}`);
    world.write({ tasks: { skips: { argv: script('skips'), schedule: SECOND }, queues: { argv: script('queues'), schedule: SECOND, overlap: 'queue' } } });
    await world.startWatcher();
    await eventually('three of the queue', () => noted('queues').length >= 6, 20_000);
    for (const name of ['skips', 'queues']) {
      const lines = noted(name);
      expect(lines.every((line, index) => line === (index % 2 === 0 ? 'begin' : 'end')), `${name}: never two at once`).to.equal(true);
    }
    const gaps = (runs: readonly TaskRun[]): number[] => runs.slice(1).map((run, index) => run.startedAt - (runs[index]?.startedAt ?? 0) - (runs[index]?.took ?? 0));
    // The next second is half a second away: one run at least is not kept waiting for it, however slow the machine.
    expect(Math.min(...gaps(await history('queues')))).to.be.lessThan(400);
    await eventually('one is queued', async () => (await list()).find(({ name }) => name === 'queues')?.queued === true);
    await eventually('some are skipped', async () => ((await list()).find(({ name }) => name === 'skips')?.skipped?.count ?? 0) > 0);
  });

  it('a time-out ends all that the task has started, also what ignores SIGTERM', async () => {
    const script = `trap "" TERM; sleep 1000 & echo $! > ${note('child')}; echo $$ > ${note('self')}; wait; sleep 1000`;
    world.write({ tasks: { hangs: { argv: sh(script), timeout: '300ms' } } });
    await world.startWatcher();
    await world.watchkeeper('tasks', 'run', 'hangs');
    await eventually('it is ended', async () => (await last('hangs'))?.result === 'timed-out', 15_000);
    expect(await last('hangs')).to.deep.include({ exit: { kind: 'killed', signal: 'SIGKILL' } });
    const pids = [...noted('child'), ...noted('self')].map(Number);
    expect(pids.length).to.equal(2);
    await eventually('all are gone', () => !pids.some(isLive));
  });

  it('a task that floods, with lines and without, takes neither the watcher nor the disk', async () => {
    const tasks = { yes: { argv: ['/usr/bin/yes', 'x'.repeat(3000)], timeout: '3s' }, zeros: { argv: ['/bin/cat', '/dev/zero'], timeout: '3s' } };
    world.write({ tasks });
    const watcher = await world.startWatcher();
    for (const name of Object.keys(tasks)) await world.watchkeeper('tasks', 'run', name);
    let slowest = 0;
    while ((await last('yes'))?.result === 'running') {
      const began = performance.now();
      await world.status();
      slowest = Math.max(slowest, performance.now() - began);
    }
    await eventually('both are ended', async () => (await last('zeros'))?.result === 'timed-out');
    expect(slowest).to.be.lessThan(10_000);
    const run = await last('yes');
    expect(run?.result).to.equal('timed-out');
    expect(run?.output.length).to.equal(20);
    expect(run?.output.every((line) => line.length === 500 && line.endsWith('…'))).to.equal(true);
    expect(run?.omitted).to.be.greaterThan(100);
    expect(statSync(recordFile('yes')).size).to.be.lessThan(64 * 1024);
    expect(world.output.length, 'of the log').to.be.lessThan(512 * 1024);
    const memory = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${watcher.pid}/status`, 'latin1'))?.[1];
    expect(Number(memory)).to.be.lessThan(200_000);
  });

  it('says why a program could not be run', async () => {
    const own = join(world.directory, 'own');
    writeFileSync(own, '#!/bin/sh\ntrue\n');
    chmodSync(own, 0o777);
    world.write({ tasks: { missing: { argv: ['/nonexistent/program'] }, open: { argv: [own] }, stranger: { argv: ['/bin/true'], user: 'no-such-user' } } });
    await world.startWatcher();
    for (const name of IS_ROOT ? ['missing', 'open', 'stranger'] : ['missing']) {
      await world.watchkeeper('tasks', 'run', name);
      await eventually(`${name} is told`, async () => (await last(name))?.result === 'not-started');
    }
  });

  it('a role that nobody vouches for, or an onlyIf that says no, skips', async () => {
    const allowed = note('allowed');
    const argv = (name: string): readonly string[] => sh(`echo ran >> ${note(name)}`);
    world.write({
      tasks: {
        master: { argv: argv('master'), schedule: SECOND, role: 'master' },
        asks: { argv: argv('asks'), schedule: SECOND, onlyIf: ['/usr/bin/test', '-e', allowed] },
      },
    });
    await world.startWatcher();
    await eventually('both skipped twice', async () => (await list()).every(({ skipped }) => (skipped?.count ?? 0) >= 2), 10_000);
    expect([noted('master'), noted('asks')]).to.deep.equal([[], []]);
    expect((await world.watchkeeper('tasks', 'run', 'master')).status).to.equal(1);
    writeFileSync(allowed, '');
    await eventually('it runs once it is allowed to', () => noted('asks').length > 0);
  });

  it('kill -9 of the watcher: the task goes on, is not doubled, keeps its output and its time-out', async () => {
    const script = `echo begin >> ${note('long')}; i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; echo end >> ${note('long')}`;
    const slow = { argv: sh(`echo $$ > ${note('slow')}; exec sleep 1000`), at: 'boot', timeout: '6s' };
    world.write({ tasks: { long: { argv: sh(script), schedule: SECOND }, slow } });
    const first = await world.startWatcher();
    await eventually('both run', () => noted('long').length === 1 && noted('slow').length === 1);
    await eventually('it is written down', async () => typeof (await last('long'))?.process?.pid === 'number');
    first.kill('SIGKILL');
    await first.ended;
    const [run] = await history('long');
    expect(run?.result, 'told without a watcher').to.equal('running');
    const pid = run?.process?.pid ?? 0;
    expect(isLive(pid)).to.equal(true);
    await world.startWatcher();
    expect(await last('long')).to.deep.include({ id: 1, result: 'running' });
    expect((await world.watchkeeper('tasks', 'run', 'long')).stderr).to.include(`pid ${pid}`);
    await eventually('it has come to its own end', () => noted('long').includes('end'), 15_000);
    expect(noted('long').slice(0, 2)).to.deep.equal(['begin', 'end']);
    await eventually('and the next run has come', async () => (await history('long')).length >= 2);
    const [cut] = await history('long');
    expect(cut?.result).to.equal('cut-off');
    expect(cut?.output.at(-1), 'said after the kill').to.equal('line 59');
    await eventually('the slow one is ended in time', async () => (await last('slow'))?.result === 'timed-out', 10_000);
    expect(isLive(Number(noted('slow')[0]))).to.equal(false);
  });

  it('kill -9 before the pid was written down: the run is found all the same', async () => {
    world.write({ tasks: { slow: { argv: ['/bin/sleep', '1000'], at: 'boot' } } });
    const first = await world.startWatcher();
    await eventually('it is written down', async () => typeof (await last('slow'))?.process?.pid === 'number');
    const pid = (await last('slow'))?.process?.pid;
    first.kill('SIGKILL');
    await first.ended;
    editRecord('slow', (record) => ({ ...record, runs: record.runs.map((run) => ({ ...run, process: null })) }));
    const second = await world.startWatcher();
    expect((await last('slow'))?.process?.pid).to.equal(pid);
    second.kill('SIGTERM');
    // Nobody would keep its time-out: it has ten seconds to end by itself.
    expect(await second.ended).to.equal(0);
    expect(isLive(pid ?? 0)).to.equal(false);
  });

  it('runs killed with the machine are shown as cut off, with and without a watcher', async () => {
    world.write({ tasks: { slow: { argv: ['/bin/sleep', '1000'], schedule: NEVER } } });
    const first = await world.startWatcher();
    await world.watchkeeper('tasks', 'run', 'slow');
    await eventually('it is written down', async () => typeof (await last('slow'))?.process?.pid === 'number');
    first.kill('SIGKILL');
    await first.ended;
    const pid = (await last('slow'))?.process?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => !isLive(pid));
    expect((await last('slow'))?.result).to.equal('cut-off');
    await world.startWatcher();
    expect((await history('slow')).map(({ result }) => result)).to.deep.equal(['cut-off']);
  });

  it('a reload fires nothing, and what runs goes on', async () => {
    const argv = (name: string): readonly string[] => sh(`echo ran >> ${note(name)}; sleep 3; echo end >> ${note(name)}`);
    world.write({ tasks: { stays: { argv: argv('stays'), at: 'boot' }, old: { argv: argv('old'), schedule: '0 0 1 1 *', catchUp: 'once' } } });
    await world.startWatcher();
    await eventually('it runs', () => noted('stays').length === 1);
    world.write({
      tasks: {
        stays: { argv: argv('stays'), at: 'boot', timeout: '1m' },
        old: { argv: argv('old'), schedule: NEVER, catchUp: 'once' },
        new: { argv: argv('new'), schedule: '0 0 1 1 *', catchUp: 'once' },
        boots: { argv: argv('boots'), at: 'boot' },
        soon: { argv: argv('soon'), schedule: SECOND },
      },
    });
    const reloaded = await world.watchkeeper('reload');
    expect(reloaded.stderr).to.equal('');
    expect(reloaded.stdout.trim().split('\n').sort()).to.deep.equal([
      'task boots: new; planned from now on, nothing was run',
      'task new: new; planned from now on, nothing was run',
      'task old: schedule changed; in force from its next run on',
      'task soon: new; planned from now on, nothing was run',
      'task stays: timeout changed; in force from its next run on',
    ]);
    await eventually('the new schedule is in force', () => noted('soon').length > 0);
    await eventually('what ran has ended by itself', () => noted('stays').includes('end'));
    expect([noted('stays'), noted('old'), noted('new'), noted('boots')]).to.deep.equal([['ran', 'end'], [], [], []]);
    const good = readFileSync(world.config, 'utf8');
    world.write({ tasks: { broken: { argv: argv('broken'), schedule: '61 * * * *' } } });
    expect((await world.watchkeeper('reload')).status).to.equal(78);
    writeFileSync(world.config, good);
    expect((await list()).map(({ name }) => name), 'the old configuration is in force').to.include('soon');
  });

  it('catch-up after a time without a watcher: none, or one run', async () => {
    const argv = (name: string): readonly string[] => sh(`echo ran >> ${note(name)}`);
    const tasks = { none: { argv: argv('none'), schedule: '*/5 * * * *' }, once: { argv: argv('once'), schedule: '*/5 * * * *', catchUp: 'once' } };
    world.write({ tasks: { ...tasks } });
    const first = await world.startWatcher();
    await eventually('they are planned', () => existsSync(recordFile('once')) && existsSync(recordFile('none')));
    first.kill('SIGTERM');
    await first.ended;
    const before = [noted('none').length, noted('once').length];
    // As if the watcher had been away for two days.
    for (const name of ['none', 'once']) editRecord(name, (record) => ({ ...record, plan: { ...record.plan, cursor: Date.now() - 2 * 86_400_000 } }));
    // Not so short after a scheduled time that the run would merely be late, nor right before the next one.
    const phase = (): number => Date.now() % 300_000;
    await eventually('the minute is right', () => phase() > 65_000 && phase() < 270_000, 110_000);
    const second = await world.startWatcher();
    await eventually('one run was made up', () => noted('once').length === (before[1] ?? 0) + 1);
    second.kill('SIGTERM');
    await second.ended;
    await world.startWatcher();
    await eventually('it was looked at', async () => (await list()).length === 2);
    expect([noted('none').length, noted('once').length]).to.deep.equal([before[0], (before[1] ?? 0) + 1]);
  }).timeout(150_000);

  it('at boot: once per boot, whatever becomes of the watcher; again after the next boot', async () => {
    world.write({ tasks: { boots: { argv: sh(`echo ran >> ${note('boots')}`), at: 'boot' } } });
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGKILL'] as const) {
      const watcher = await world.startWatcher();
      await eventually('it has run', async () => (await last('boots'))?.result === 'ok');
      watcher.kill(signal);
      await watcher.ended;
    }
    expect(noted('boots').length).to.equal(1);
    editRecord('boots', (record) => ({ ...record, boot: 'another boot' }));
    await world.startWatcher();
    await eventually('it has run in the new boot', () => noted('boots').length === 2);
  });

  it('a history that is rubbish stops no task', async () => {
    world.write({ tasks: { tick: { argv: sh(`echo ran >> ${note('tick')}`), schedule: SECOND } } });
    mkdirSync(join(world.state, 'tasks'), { recursive: true, mode: 0o700 });
    writeFileSync(recordFile('tick'), '{"schemaVersion":1,"plan":');
    await world.startWatcher();
    await eventually('it runs', async () => (await last('tick'))?.result === 'ok');
  });

  it('the commands without a watcher, and refusals', async () => {
    world.write({ tasks: { tick: { argv: sh('echo hi; exit 3'), schedule: NEVER } } });
    expect((await world.watchkeeper('tasks')).stdout).to.match(/^tick +0 0 29 2 1 +- +- +- +never ran$/m);
    expect((await world.watchkeeper('tasks', 'history', 'tick')).stdout).to.equal('tick has not run yet\n');
    expect((await world.watchkeeper('tasks', 'run', 'tick')).status).to.equal(1);
    expect((await world.watchkeeper('tasks', 'history', 'no\u001bsuch')).stderr).to.include('no\\esuch').and.not.include('\u001b');
    expect((await world.watchkeeper('tasks', 'history', '../../etc/passwd')).status).to.equal(1);
    expect((await world.watchkeeper('tasks', 'run')).status).to.equal(1);
    const watcher = await world.startWatcher();
    expect((await world.watchkeeper('tasks', 'run', 'nosuch')).status).to.equal(1);
    await world.watchkeeper('tasks', 'run', 'tick');
    await eventually('it has failed', async () => (await last('tick'))?.result === 'failed');
    watcher.kill('SIGTERM');
    await watcher.ended;
    const text = (await world.watchkeeper('tasks', 'history', 'tick')).stdout;
    expect(text).to.match(/ failed: exited with status 3 after .* \(by hand: watchkeeper tasks run \(uid \d+, pid \d+\)\)\n {4}hi\n$/);
    const config = readFileSync(world.config, 'utf8');
    for (const [tasks, key] of [
      [{ a: { schedule: '@daily' } }, 'tasks.a.argv'],
      [{ a: { argv: ['true'] } }, 'tasks.a.argv'],
      [{ a: { argv: ['/bin/true'], schedule: '@reboot' } }, 'tasks.a.schedule'],
      [{ a: { argv: ['/bin/true'], schedule: '@daily', at: 'boot' } }, 'tasks.a.at'],
      [{ a: { argv: ['/bin/true'], timezone: 'Mars/Phobos' } }, 'tasks.a.timezone'],
      [{ a: { argv: ['/bin/true'], role: 'king' } }, 'tasks.a.role'],
      [{ 'a/b': { argv: ['/bin/true'] } }, 'tasks.a/b'],
      [{ a: { argv: ['/bin/true'], overlaps: 'skip' } }, 'overlap'],
    ] as const) {
      world.write({ tasks });
      const checked = await world.watchkeeper('config', 'check');
      expect([checked.status, checked.stderr.includes(key)], checked.stderr).to.deep.equal([78, true]);
    }
    writeFileSync(world.config, config);
  });

  describe('watcher hooks', () => {
    it("run after each interval as run-parts has them, and none that others could have put there", async function () {
      if (!IS_ROOT) this.skip();
      const directory = join(world.directory, 'hooks');
      mkdirSync(directory);
      const hook = (name: string, script: string, mode = 0o755): string => {
        const path = join(directory, name);
        writeFileSync(path, `#!/bin/sh\n${script}\n`);
        chmodSync(path, mode);
        return path;
      };
      const say = (name: string): string => `echo ${name} $WATCHKEEPER_HOOK >> ${note('hooks')}`;
      hook('20-second', `${say('second')}; exit 4`);
      hook('10_first', `${say('first')}; echo told`);
      hook('30-hangs', `${say('hangs')}; exec sleep 1000`);
      hook('ignored.sh', say('ignored'));
      hook('no-program', say('no-program'), 0o644);
      hook('open', say('open'), 0o777);
      chownSync(hook('strangers', say('strangers')), 65_534, 65_534);
      mkdirSync(join(directory, 'directory'));
      world.write({ watcherHooks: { directory, interval: '1s', timeout: '400ms' } });
      await world.startWatcher();
      await eventually('two rounds', () => noted('hooks').length >= 6, 15_000);
      expect(noted('hooks').slice(0, 6)).to.deep.equal(['first 10_first', 'second 20-second', 'hangs 30-hangs', 'first 10_first', 'second 20-second', 'hangs 30-hangs']);
      expect((await history('hook:10_first'))[0]).to.deep.include({ result: 'ok', output: ['told'] });
      expect((await history('hook:20-second'))[0]).to.deep.include({ result: 'failed', exit: { kind: 'exited', status: 4 } });
      expect((await history('hook:30-hangs'))[0]?.result).to.equal('timed-out');
      expect((await list()).map(({ name }) => name)).to.deep.equal(['hook:10_first', 'hook:20-second', 'hook:30-hangs']);
      chmodSync(directory, 0o777);
      const before = noted('hooks').length;
      await eventually('a directory that others may write to is refused', () => world.output.includes('watcher hooks that are not run') && world.output.includes(`${directory} may be written`));
      expect(noted('hooks').length).to.be.lessThan(before + 4);
    });
  });
});
