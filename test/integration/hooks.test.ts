/** Hooks on events: real programs, told by a real watcher, and by daemon-util without one. */
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { liveProcesses } from '../support/proc.js';
import { WatcherWorld } from '../support/watcher-world.js';

interface Told {
  readonly event: string;
  readonly daemon: string | null;
  readonly role: string | null;
  readonly pid: number | null;
  readonly reason: string;
  readonly suppressed: number;
  readonly test: boolean;
  readonly members: readonly string[];
}

describe('hooks on events', function () {
  this.timeout(60_000);
  let world: WatcherWorld;
  let notes: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    notes = join(world.directory, 'notes');
    mkdirSync(notes, { mode: 0o777 });
    chmodSync(notes, 0o777); // a hook may run as another user
  });
  afterEach(() => world.cleanups.run());

  /** A program that writes down its stdin, by one line, and then does what `script` says. */
  function program(name: string, script = '', path = join(world.directory, name)): string {
    writeFileSync(path, `#!/bin/sh\nread -r line\nprintf '%s\\n' "$line" >>${notes}/${name}\n${script}\n`, { mode: 0o755 });
    chmodSync(path, 0o755);
    return path;
  }

  const lines = (name: string): readonly string[] => (existsSync(join(notes, name)) ? readFileSync(join(notes, name), 'utf8').split('\n').slice(0, -1) : []);
  const told = (name: string): readonly Told[] => lines(name).map((line) => JSON.parse(line) as Told);

  it('tell of a crash and the restart after it, on stdin and in the environment', async () => {
    const web = world.add('web', { exits: { status: 9, after: 4000 } }, { restart: { immediateRestarts: 0, baseDelay: '10m', maxDelay: '10m' } });
    const mail = program('mail', `env >${notes}/env-$WATCHKEEPER_EVENT; id -u >>${notes}/uid; pwd >>${notes}/pwd`);
    world.write({ hooks: { mail: { on: ['crash', 'restart'], argv: [mail, 'a b'], environment: { TO: "ro'ot" }, ...(IS_ROOT ? { user: 'nobody' } : {}) } } });
    await world.startWatcher([], { WATCHKEEPER_LEAK: 'secret' });
    await world.running('web');
    const [pid] = web.mains();
    expect(pid, 'it still runs').to.be.a('number');
    await eventually('both were told', () => lines('mail').length === 2 && existsSync(join(notes, 'env-restart')), 15_000);
    const [crash, restart] = told('mail');
    expect(crash).to.deep.include({ schemaVersion: 1, event: 'crash', daemon: 'web', role: null, pid, test: false, suppressed: 0, observed: 'backing-off' });
    expect(crash?.reason).to.include('exited with status 9');
    expect(restart).to.deep.include({ event: 'restart' });
    expect(restart).to.have.property('nextTryMs').within(400_000, 800_000);
    const environment = readFileSync(join(notes, 'env-crash'), 'utf8');
    expect(environment).to.match(/^WATCHKEEPER_EVENT_DAEMON=web$/m).and.to.match(new RegExp(`^WATCHKEEPER_EVENT_PID=${pid ?? 0}$`, 'm')).and.to.match(/^TO=ro'ot$/m);
    expect(environment).not.to.match(/secret|^WATCHKEEPER_DAEMON=|^WATCHKEEPER_CONFIG=/m);
    expect(readFileSync(join(notes, 'pwd'), 'utf8').split('\n')[0]).to.equal('/');
    if (IS_ROOT) expect(readFileSync(join(notes, 'uid'), 'utf8').split('\n')[0]).to.equal('65534');
  });

  it('delay nothing when they are slow, and are killed at the time-out with all of their process group', async () => {
    const web = world.add('web');
    const seconds = String(100_000 + randomInt(900_000));
    const slow = program('slow', `sleep ${seconds} & wait`);
    const left = (): readonly number[] => liveProcesses().filter(({ argv }) => argv.includes(seconds)).map(({ pid }) => pid);
    world.cleanups.add(() => left().forEach((pid) => void process.kill(pid, 'SIGKILL')));
    const quick = program('quick');
    world.write({ hooks: { slow: { on: ['crash'], argv: [slow], timeout: '9s' }, quick: { on: ['crash'], argv: [quick] } } });
    await world.startWatcher();
    await world.running('web');
    for (let round = 1; round <= 2; round += 1) {
      const [old] = web.mains();
      process.kill(old ?? 0, 'SIGKILL');
      await eventually('it is back at once', () => web.starts() === round + 1 && web.mains().length === 1, 4000);
      await world.running('web');
      await eventually('the quick one was told', () => lines('quick').length === round, 4000);
    }
    expect(lines('slow'), 'one at a time').to.have.length(1);
    await eventually('the first is killed, and the second told', () => lines('slow').length === 2, 20_000);
    await eventually('nothing of them is left', () => left().length === 0, 20_000);
  });

  it('of the directory run too, but nothing that others could have written', async function () {
    if (!IS_ROOT) this.skip();
    world.add('web', { exits: { status: 78, after: 300 } });
    const directory = join(world.directory, 'hooks.d');
    mkdirSync(join(directory, 'given-up'), { recursive: true });
    program('good', '', join(directory, 'given-up', '50-good'));
    chmodSync(program('open', '', join(directory, 'given-up', '60-open')), 0o757);
    program('off', '', join(directory, 'given-up', '70-off.dpkg-old'));
    world.write({ hooksDirectory: directory, hooks: { bad: { argv: [program('bad')] } } });
    chmodSync(join(world.directory, 'bad'), 0o775);
    await world.startWatcher();
    await eventually('the good one was told', () => lines('good').length === 1);
    expect([lines('open'), lines('off'), lines('bad')]).to.deep.equal([[], [], []]);
    expect(world.output).to.include('60-open').and.to.include('may be written by others');
  });

  it('tell of a crash loop, of what was given up, of a recovery, and of health that comes and goes', async () => {
    const restart = { immediateRestarts: 1, baseDelay: '20ms', maxDelay: '20ms', intensity: 3, period: '1m', slowRetryDelay: '10m', stableAfter: '500ms' };
    world.add('looping', { exits: { status: 3, after: 60 } }, { restart });
    world.add('hopeless', { exits: { status: 78, after: 60 } }, { restart });
    const sick = join(world.directory, 'sick');
    const look = join(world.directory, 'look');
    writeFileSync(look, `#!/bin/sh\n[ ! -e ${sick} ]\n`, { mode: 0o755 });
    const ready = { kind: 'readiness', by: 'exec', argv: [look], interval: '100ms', failureThreshold: 2 };
    const web = world.add('web', {}, { restart, health: { ready } });
    const events = ['crash-loop', 'given-up', 'recovered', 'health'];
    world.write({ hooks: Object.fromEntries(events.map((event) => [event, { on: [event], argv: [program(event)] }])) });
    await world.startWatcher();
    await eventually('of the crash loop and of what was given up', () => lines('crash-loop').length === 1 && lines('given-up').length === 1, 30_000);
    expect(told('crash-loop')[0]).to.deep.include({ event: 'crash-loop', daemon: 'looping' });
    expect(told('crash-loop')[0]?.reason).to.include('exited with status 3');
    expect(told('given-up')[0]).to.deep.include({ event: 'given-up', daemon: 'hopeless' });

    await world.running('web');
    process.kill(web.mains()[0] ?? 0, 'SIGKILL');
    await eventually('of the recovery', () => lines('recovered').length === 1, 30_000);
    expect(told('recovered')[0]).to.deep.include({ event: 'recovered', daemon: 'web', observed: 'running' });

    const before = told('health').length;
    writeFileSync(sick, '');
    await eventually('of bad health', () => told('health').length === before + 1, 30_000);
    expect(told('health').at(-1)).to.deep.include({ daemon: 'web', observed: 'degraded' });
    rmSync(sick);
    await eventually('of good health', () => told('health').length === before + 2, 30_000);
    expect(told('health').at(-1)).to.deep.include({ daemon: 'web', observed: 'running' });
  });

  it('are spared by their rate limit, and told how many', async () => {
    const web = world.add('web', { exits: { status: 1, after: 60 } }, { restart: { immediateRestarts: 100, intensity: 100, baseDelay: '10ms', maxDelay: '10ms' } });
    world.write({ hooks: { mail: { on: ['crash'], argv: [program('mail')], rateLimit: { events: 1, period: '1s' } } } });
    await world.startWatcher();
    await eventually('it was told twice', () => lines('mail').length >= 2, 10_000);
    expect(told('mail')[1]?.suppressed).to.be.greaterThan(0).and.to.be.at.most(web.starts());
  });

  for (const watched of [true, false]) {
    it(`role-stop comes before the first stop, role-start after the last is ready; ${watched ? 'through the watcher' : 'without a watcher'}`, async () => {
      world.add('db');
      const api = world.add('api', { readyAfter: 300 }, { roles: ['master'] });
      const web = world.add('web', { readyAfter: 300 }, { roles: ['master'], requires: ['api'] });
      const seen = (name: string): string => `for d in ${join(world.directory, 'd')}/*/ready; do [ -e "$d" ] && cat "$d"; done | wc -l >>${notes}/ready-${name}`;
      // Slow, so that a stop that does not wait would be seen.
      const start = program('start', seen('start'));
      const stop = program('stop', `sleep 0.3; ${seen('stop')}`);
      world.write({ hooks: { start: { on: ['role-start'], roles: ['master'], argv: [start] }, stop: { on: ['role-stop'], argv: [stop] } } });
      if (watched) await world.startWatcher();
      else expect((await world.run('start-master')).status).to.equal(0);
      await eventually('role-start was told', () => lines('ready-start').length === 1, 10_000);
      const others = watched ? 1 : 0; // db
      expect(told('start')[0]).to.deep.include({ event: 'role-start', role: 'master', daemon: null, members: ['api', 'web'] });
      expect(Number(lines('ready-start')[0])).to.equal(2 + others);
      expect((await world.run('start-master')).status).to.equal(0);
      expect((await world.run('stop', 'web')).status).to.equal(0);
      expect(lines('stop'), 'half of a role').to.deep.equal([]);
      expect((await world.run('start', 'web')).status).to.equal(0);
      expect((await world.run('stop-master')).status).to.equal(0);
      expect(told('stop').map(({ role }) => role)).to.deep.equal(['master']);
      expect(Number(lines('ready-stop')[0])).to.equal(2 + others);
      expect([...api.mains(), ...web.mains()]).to.deep.equal([]);
      expect((await world.run('stop-master')).status).to.equal(0);
      expect(lines('stop')).to.have.length(1);
      expect(lines('start'), 'only the first start brought the role up').to.have.length(1);
    });
  }

  it('can be tried by hand, marked as a test', async () => {
    world.add('web', {}, { roles: ['master'] });
    world.write({ hooks: { ok: { argv: [program('ok', 'echo said; echo more >&2')] }, bad: { on: ['crash'], argv: [program('bad', 'exit 3')] } } });
    const fine = await world.watchkeeper('hooks', 'test', 'role-start', 'master', '--json');
    expect(fine.status, fine.stderr).to.equal(0);
    expect(JSON.parse(fine.stdout)).to.have.nested.property('hooks[0].output').deep.equal(['said', 'more']);
    expect(told('ok')[0]).to.deep.include({ event: 'role-start', role: 'master', test: true, members: ['web'] });
    const bad = await world.watchkeeper('hooks', 'test', 'crash', 'web');
    expect(bad.status).to.equal(1);
    expect(bad.stdout).to.include('bad: failed: exited with status 3');
    for (const wrong of [['crash', 'nobody'], ['role-stop', 'web'], ['explosion', 'web'], ['crash']]) {
      expect((await world.watchkeeper('hooks', 'test', ...wrong)).status, wrong.join(' ')).to.equal(1);
    }
  });

  it('are reloaded with the configuration', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    world.write({ hooks: { mail: { on: ['crash'], argv: [program('mail')] } } });
    expect((await world.watchkeeper('reload')).status).to.equal(0);
    web.mains().forEach((pid) => void process.kill(pid, 'SIGKILL'));
    await eventually('it was told', () => lines('mail').length === 1);
  });
});
