/** Control groups of daemons, where the machine lets us make some. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import type { DaemonSpec } from '../../src/core/daemon.js';
import { groupMembers, groupsOf, ownGroup } from '../support/control-groups.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { eventually } from '../support/eventually.js';
import { makeHostFixture, TEST_GROUP, type HostFixture } from '../support/host-fixture.js';
import { isLive } from '../support/proc.js';

const STARTER = fileURLToPath(new URL('../fixtures/start-with-descriptor.ts', import.meta.url));

/** Has a child that leaves its session, a moment after its own start. */
const LEAVER = 'use POSIX (); select undef, undef, undef, 0.3; if (!fork) { POSIX::setsid(); sleep 600; exit } sleep 600';

describe('control groups of daemons', function () {
  this.timeout(20_000);
  let fixture: HostFixture;
  let base: string;
  const started: DaemonSpec[] = [];
  before(function () {
    if (ownGroup() === undefined) this.skip();
  });
  beforeEach(() => {
    fixture = makeHostFixture('built-in');
    base = groupsOf(fixture.runtime) ?? '';
  });
  afterEach(async () => {
    for (const { name } of started.splice(0)) groupMembers(join(base, name)).forEach((pid) => process.kill(pid, 'SIGKILL'));
    await fixture.cleanup();
  });

  /** A daemon is also found by its name in the environment of processes, whoever started it. */
  const unique = (name: string): string => `${name}-${randomBytes(4).toString('hex')}`;

  async function start(spec: DaemonSpec): Promise<number> {
    started.push(spec);
    const [outcome] = await fixture.manager.start([{ spec, oneShotArguments: [] }]);
    if (outcome?.kind !== 'ok' || outcome.process === undefined) throw new Error(`not started: ${JSON.stringify(outcome)}`);
    const { pid } = outcome.process;
    await eventually('it is in its group', () => groupMembers(join(base, spec.name)).includes(pid));
    return pid;
  }

  const leaver = (killMode: DaemonSpec['killMode']): DaemonSpec =>
    daemonSpec({ name: unique('leaver'), executable: '/usr/bin/perl', arguments: ['-e', LEAVER], killMode });

  async function childOf(pid: number, spec: DaemonSpec): Promise<number> {
    const others = (): readonly number[] => groupMembers(join(base, spec.name)).filter((member) => member !== pid);
    await eventually('it has a child', () => others().length === 1);
    const [child = 0] = others();
    await eventually('the child leads a session', () => readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ')[3] === String(child));
    return child;
  }

  it('are one for each daemon, and gone with it', async () => {
    const [a, b] = [fixture.testDaemon(), fixture.testDaemon()];
    await start(a.spec);
    await start(b.spec);
    expect(groupMembers(join(base, a.spec.name))).to.deep.equal(a.mains());
    await fixture.manager.stop([a.spec]);
    expect([existsSync(join(base, a.spec.name)), existsSync(join(base, b.spec.name))]).to.deep.equal([false, true]);
    await fixture.manager.stop([b.spec]);
    expect(existsSync(base)).to.equal(false);
  });

  it('let a stop end also a child that left the session', async () => {
    const spec = leaver('group');
    const pid = await start(spec);
    const child = await childOf(pid, spec);
    expect((await fixture.manager.stop([spec]))[0]).to.include({ kind: 'ok' });
    expect([isLive(pid), isLive(child)]).to.deep.equal([false, false]);
    expect(existsSync(base)).to.equal(false);
  });

  it('let a start clear away such a child of a daemon that died', async () => {
    const spec = leaver('group');
    const pid = await start(spec);
    const child = await childOf(pid, spec);
    process.kill(pid, 'SIGKILL');
    await eventually('it has ended', () => !isLive(pid));
    await start(spec);
    await eventually('its old child is gone', () => !isLive(child));
    await fixture.manager.stop([spec]);
  });

  it('do not make killMode process end a child', async () => {
    const spec = leaver('process');
    const pid = await start(spec);
    const child = await childOf(pid, spec);
    expect((await fixture.manager.stop([spec]))[0]).to.include({ kind: 'ok' });
    expect([isLive(pid), isLive(child)]).to.deep.equal([false, true]);
    expect(existsSync(join(base, spec.name)), 'its group stays with it').to.equal(true);
    process.kill(child, 'SIGKILL');
    await eventually('it has ended', () => !isLive(child));
    fixture.parts.groups.sweep();
    expect(existsSync(base)).to.equal(false);
  });

  it('do not nest, and a stop spares other daemons that this one started', async () => {
    const spec = daemonSpec({ name: unique('outer'), executable: '/usr/bin/perl', arguments: ['-e', 'sleep 600'] });
    const pid = await start(spec);
    const inner = ['--import', 'tsx', STARTER, fixture.runtime, 'built-in'];
    const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    const starter = spawn('/bin/sh', ['-c', script, join(base, spec.name), process.execPath, ...inner], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await once(starter.stdout, 'data')) as [Buffer];
    const other = (JSON.parse(text.toString()) as { process: { pid: number } }).process.pid;
    try {
      await eventually('it has a group beside that of its starter', () => groupMembers(join(base, 'd')).includes(other));
      writeFileSync(join(base, spec.name, 'cgroup.procs'), String(other)); // as if it had been too late
      await fixture.manager.stop([spec]);
      expect([isLive(pid), isLive(other)]).to.deep.equal([false, true]);
    } finally {
      process.kill(other, 'SIGKILL');
    }
  });

  it('tell the end of a lonely process at once', async () => {
    const { processes } = fixture.parts;
    const took: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const daemon = fixture.testDaemon();
      const identity = processes.identify(await start(daemon.spec));
      if (identity === undefined) throw new Error('no process');
      const told = new Promise<number>((resolve) => processes.onExit(identity, () => resolve(performance.now())));
      const began = performance.now();
      process.kill(identity.pid, 'SIGKILL');
      took.push((await told) - began);
    }
    // A look every 250 ms would take 125 on the average.
    expect(took.sort((a, b) => a - b)[4]).to.be.below(100);
  });

  it('tell the end of a process that its child outlives, too', async () => {
    const { processes } = fixture.parts;
    const spec = leaver('group');
    const pid = await start(spec);
    const identity = processes.identify(pid);
    if (identity === undefined) throw new Error('no process');
    let told = false;
    processes.onExit(identity, () => (told = true)); // lonely as yet
    const child = await childOf(pid, spec);
    process.kill(pid, 'SIGKILL');
    await eventually('its end is told', () => told);
    expect(isLive(child)).to.equal(true);
    await fixture.manager.stop([spec]);
  });

  it('are done without where they cannot be made', async () => {
    mkdirSync(base);
    writeFileSync(join(base, 'cgroup.type'), 'threaded'); // takes no processes
    const daemon = fixture.testDaemon();
    const [outcome] = await fixture.manager.start([{ spec: daemon.spec, oneShotArguments: [] }]);
    expect(outcome).to.include({ kind: 'ok' });
    expect((await fixture.manager.stop([daemon.spec]))[0]).to.include({ kind: 'ok' });
    expect(daemon.mains()).to.deep.equal([]);
    if (existsSync(base)) rmdirSync(base);
  });

  it('are not made where it is said so', async () => {
    const without = makeHostFixture('built-in', TEST_GROUP, { controlGroups: false });
    try {
      const daemon = without.testDaemon();
      await without.manager.start([{ spec: daemon.spec, oneShotArguments: [] }]);
      await without.manager.stop([daemon.spec]);
      expect(existsSync(groupsOf(without.runtime) ?? '')).to.equal(false);
    } finally {
      await without.cleanup();
    }
  });
});
