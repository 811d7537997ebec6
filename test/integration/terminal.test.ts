/** What an operator sees at a terminal, of real daemons without systemd. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { DaemonDetails } from '../../src/core/daemon-details.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { schemaProblems } from '../support/status-schema.js';
import { WatcherWorld, type StatusJson } from '../support/watcher-world.js';

interface Detailed extends StatusJson {
  readonly details: Readonly<Record<string, DaemonDetails>>;
}

describe('watchkeeper at a terminal', function () {
  this.timeout(60_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  async function detailed(name: string): Promise<Detailed> {
    return (await world.status(name)) as Detailed;
  }

  /** What it prints, line by line; it must succeed. */
  async function printed(...argv: string[]): Promise<readonly string[]> {
    const { status, stdout, stderr } = await world.watchkeeper(...argv);
    expect(status, stderr).to.equal(0);
    return stdout.trimEnd().split('\n');
  }

  it('status --json is what docs/status.schema.json says, whatever happens, with a watcher and without', async () => {
    const health = { answers: { kind: 'liveness', by: 'exec', argv: ['/bin/true'], interval: '200ms', timeout: '2s' } };
    world.add('web', { children: 1 }, { health });
    world.add('queue', { exits: { status: 3, after: 50 } }, { restart: { immediateRestarts: 0, baseDelay: '10s' } });
    world.add('mail', { readyAfter: 'never' }, { readiness: { kind: 'tcp', host: '127.0.0.1', port: 1 }, startTimeout: '1s', requires: ['web'] });
    world.write();
    const answers: unknown[] = [await world.status(), await world.status('web')];
    await world.startWatcher();
    await world.running('web');
    await eventually('queue backs off', async () => (await world.observed('queue')) === 'backing-off');
    await printed('pause', 'web', '--for', '10m');
    await eventually('it is looked at', async () => typeof (await world.status('web')).daemons['web']?.health?.[0]?.at === 'number');
    answers.push(await world.status(), await world.status('web', 'mail'));
    for (const name of ['web', 'queue', 'mail']) answers.push(await world.status(name));
    for (const answer of answers) expect(schemaProblems(answer)).to.deep.equal([]);
    expect(schemaProblems({ ...(answers[0] as object), surprise: 1, watcher: 'me' })).to.have.length(2);
  });

  it('status NAME tells one daemon whole', async () => {
    const daemon = world.add('web', { children: 1 });
    world.write();
    await world.startWatcher();
    await world.running('web');
    await printed('pause', 'web', '--owner', 'alice', '--reason', 'an upgrade');
    await world.run('restart', 'web', '--no-voting', '--token=secret', 'plain');
    await world.running('web');
    const [pid] = daemon.mains();
    const { details, daemons } = await detailed('web');
    const web = details['web'];
    expect(web?.desiredReason).to.match(/^started by daemon-util restart web \(uid/);
    expect(web?.processes.map(({ depth }) => depth)).to.deep.equal([0, 1]);
    expect(web?.processes[0]).to.include({ pid, depth: 0 });
    expect(web?.processes[0]?.memory).to.be.greaterThan(100_000);
    expect(web?.oneShotArguments).to.deep.equal(['--no-voting', '--token=…', '…']);
    expect(web?.pauses.map(({ owner, reason }) => `${owner}: ${reason}`)).to.deep.equal(['alice: an upgrade']);
    expect(daemons['web']?.paused).to.match(/^paused by alice until .*: an upgrade$/);
    const text = (await printed('status', 'web')).join('\n');
    expect(text).to.match(/^web\n {2}observed +running: /);
    for (const part of [/ paused +by alice until .*: an upgrade/, / restart owner +watcher \(watcher pid \d+/, / one-shot words +--no-voting --token=… … \(/, new RegExp(` main process +pid ${pid ?? ''}, up `), /2 processes, /]) {
      expect(text).to.match(part);
    }
    expect(text).not.to.match(/secret|plain/);
    expect(text).not.to.include('\u001b[');
  });

  it('status NAME tells how it ended, when, and its last words; without a watcher, too', async () => {
    world.add('queue', { exits: { status: 3, after: 100, message: 'cannot open \u001b[31mthe queue' } }, { restart: { immediateRestarts: 0, baseDelay: '20s' } });
    world.write();
    const watcher = await world.startWatcher();
    await eventually('it backs off', async () => (await world.observed('queue')) === 'backing-off');
    const text = (await printed('status', 'queue')).join('\n');
    expect(text).to.match(/ next try +in (?:\d+) s; watchkeeper retry-now queue/);
    expect(text).to.match(/ last end +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: exited with status 3; its last output: cannot open \\e\[31mthe queue/);
    expect(text).to.match(/ restarts +0 since .*; 1 failure within 5 m/);
    expect(text).to.match(/queue\.log; watchkeeper logs queue\n +cannot open \\e\[31mthe queue$/);
    watcher.kill('SIGTERM');
    await watcher.ended;
    const alone = (await printed('status', 'queue')).join('\n');
    expect(alone).to.match(/ restart owner +watcher, but none runs: nobody restarts it/);
    expect(alone).to.match(/ last end +\d{4}-\S+ \S+: exited with status 3/);
    expect(alone).to.match(/ service manager +(?:start-stop-daemon|built-in): /);
  });

  it('status NAME names what holds it back, down to the one that is to blame', async () => {
    world.add('db', { exits: { status: 4, after: 0 } }, { restart: { immediateRestarts: 0, baseDelay: '20s' } });
    world.add('api', {}, { requires: ['db'] });
    world.add('web', {}, { requires: ['api'] });
    world.write();
    await world.startWatcher();
    await eventually('web waits', async () => (await world.observed('web')) === 'waiting' && (await world.observed('db')) === 'backing-off', 20_000);
    const { details } = await detailed('web');
    expect(details['web']?.heldBackBy.map(({ name, observed }) => `${name} ${observed}`)).to.deep.equal(['api waiting', 'db backing-off']);
    expect((await printed('status', 'web')).join('\n')).to.match(/ held back by +api: waiting: .*\n +db: backing-off: exited with status 4/);
  });

  it('status has a line for each pause, and colour only if it is asked for', async () => {
    world.add('web');
    world.add('db');
    world.write();
    await world.startWatcher();
    await world.running('web');
    await world.running('db');
    await printed('pause', '--owner', 'bob', '--reason', 'all hands');
    expect((await printed('status')).at(-1)).to.match(/^paused: all daemons: paused by bob until .*: all hands$/);
    world.environment = { CLICOLOR_FORCE: '1' };
    expect((await printed('status')).join('\n')).to.include('\u001b[32mrunning\u001b[39m');
    world.environment = { CLICOLOR_FORCE: '1', NO_COLOR: '1' };
    expect((await printed('status')).join('\n')).not.to.include('\u001b');
    expect((await world.watchkeeper('status', '--watch')).stderr).to.match(/cannot watch: stdout is no terminal; try watchkeeper status --json/);
  });

  it('events are told of one daemon alone, and after the watcher has ended', async () => {
    world.add('web');
    world.add('db');
    world.write();
    const watcher = await world.startWatcher();
    await world.running('web');
    await world.running('db');
    expect((await printed('events', 'web')).map((line) => line.split(' ').slice(2, 4).join(' '))).to.deep.equal(['web start:', 'web ready:']);
    watcher.kill('SIGTERM');
    await watcher.ended;
    expect((await printed('events', 'db', '-n', '1'))[0]).to.match(/ db ready: /);
    expect((await world.watchkeeper('events', 'nobody')).stderr).to.match(/no daemon 'nobody'/);
  });

  it('history is kept across watchers, also killed ones, and says what nobody saw', async () => {
    world.add('web');
    world.add('idle', {}, { onDemand: true });
    world.write();
    const first = await world.startWatcher();
    await world.running('web');
    first.kill('SIGKILL');
    await first.ended;
    await world.startWatcher();
    await world.running('web');
    const { stdout } = await world.watchkeeper('history', '--json', '--since', '1h');
    const told = JSON.parse(stdout) as { schemaVersion: number; from: number; to: number; daemons: Record<string, { from: number; to: number; state: string; desired: string }[]> };
    expect([told.schemaVersion, told.to - told.from]).to.deep.equal([1, 3_600_000]);
    const states = told.daemons['web']?.map(({ state }) => state) ?? [];
    expect(states).to.include('starting').and.to.include('running');
    expect(told.daemons['web']?.at(-1)).to.include({ state: 'running', to: told.to, desired: 'up' });
    expect(told.daemons['idle']?.map(({ state, desired }) => `${state} ${desired}`).at(-1)).to.equal('stopped down');
    const lines = await printed('history', 'web', '--since', '1m');
    expect(lines[0]).to.match(/^DAEMON {2}\d\d:\d\d +\d\d:\d\d {2}UP$/);
    expect(lines[1]).to.match(/^web {5} *[█▄·]+ .* %$/);
    expect(lines.at(-1)).to.match(/ up +for .* now$/);
    world.environment = { LC_ALL: 'C' };
    expect((await printed('history', '--since', '1m')).join('\n')).to.match(/^[\x20-\x7e\n]*#[\x20-\x7e\n]*$/);
  });

  it('graph draws the start order as a tree, and for dot', async () => {
    world.add('db');
    world.add('cache');
    world.add('api', {}, { requires: ['db'], after: ['cache'] });
    world.add('web', {}, { requires: ['api'], onDemand: true });
    world.write();
    expect(await printed('graph')).to.deep.equal(['db', 'cache', '└── api  (also after db)', '    └── web  (on demand)']);
    world.environment = { LC_ALL: 'C' };
    expect((await printed('graph'))[2]).to.equal('`-- api  (also after db)');
    const dot = await printed('graph', '--dot');
    expect(dot[0]).to.equal('digraph "test" {');
    expect(dot).to.include('  "db" -> "api";').and.to.include('  "cache" -> "api" [style=dashed];');
  });

  describe('logs', () => {
    const output = (): string => join(world.directory, 'log', 'web.log');

    beforeEach(() => {
      world.add('web');
      world.write();
      mkdirSync(join(world.directory, 'log'));
    });

    it('shows the last lines, those of rotated files before, and nothing that moves the cursor', async () => {
      writeFileSync(`${output()}.2`, 'one\ntwo\n');
      writeFileSync(`${output()}.1`, 'three\n');
      writeFileSync(output(), 'fo\u001b[2Jur\nfive\n');
      expect(await printed('logs', 'web', '-n', '4')).to.deep.equal(['two', 'three', 'fo\\e[2Jur', 'five']);
      writeFileSync(output(), Array.from({ length: 20_000 }, (_, index) => `line ${index} ${'x'.repeat(20)}\n`).join(''));
      expect(await printed('logs', 'web', '--lines', '3')).to.deep.equal([19_997, 19_998, 19_999].map((index) => `line ${index} ${'x'.repeat(20)}`));
      rmSync(output());
      rmSync(`${output()}.1`);
      const empty = await world.watchkeeper('logs', 'web');
      expect([empty.status, empty.stdout, empty.stderr]).to.deep.equal([0, '', `watchkeeper: ${output()} is empty or not there yet\n`]);
    });

    it('goes on as lines come, across both ways of rotation, without loss', async () => {
      writeFileSync(output(), 'old\n');
      const following = world.spawnWatchkeeper('logs', 'web', '-f', '-n', '1');
      let seen = '';
      following.stdout?.setEncoding('utf8').on('data', (text: string) => (seen += text));
      const expected = ['old'];
      const say = (text: string): void => {
        appendFileSync(output(), `${text}\n`);
        expected.push(text);
      };
      const settled = (): Promise<void> => eventually(`${expected.length} lines are shown`, () => seen.split('\n').length > expected.length, 15_000);
      await settled();
      say('first');
      await settled();
      // As the watcher does it: copied, and cut; with lines that come in between.
      say('just before');
      copyFileSync(output(), `${output()}.1`);
      truncateSync(output(), 0);
      say('after the cut');
      await settled();
      // As logrotate does it by default.
      say('before the move');
      copyFileSync(output(), `${output()}.2`);
      rmSync(output());
      say('a new file');
      await settled();
      appendFileSync(output(), 'half ');
      say('a line');
      expected.splice(-1, 1, 'half a line');
      await settled();
      expect(seen.trimEnd().split('\n')).to.deep.equal(expected);
      following.kill('SIGTERM');
    });

    it('says what is wrong where there is nothing to show', async () => {
      world.add('mute', {}, { outputFile: 'none' });
      world.write();
      expect((await world.watchkeeper('logs', 'mute')).stderr).to.match(/the output of mute is thrown away/);
      expect((await world.watchkeeper('logs')).stderr).to.match(/the name of a daemon is missing/);
      expect((await world.watchkeeper('logs', 'web', '-n', 'x')).stderr).to.match(/--lines needs a whole number, not 'x'/);
    });
  });

  it('keeps a short word of all that happened on the disk', async () => {
    world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    const lines = readFileSync(join(world.state, 'history.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.every((line) => line.length < 90)).to.equal(true);
    expect(lines.length).to.be.within(3, 8);
  });
});
