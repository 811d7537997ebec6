/** Faults that are really made, what doctor says of each, and that its command mends it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { buildOnce, IS_ROOT } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { WatcherWorld } from '../support/watcher-world.js';

const BUNDLE = fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));
const NO_RETRY = { restart: { immediateRestarts: 0, baseDelay: '60s', jitter: 0 } };

interface Finding {
  readonly code: string;
  readonly kind: string;
  readonly daemon: string | null;
  readonly what: string;
  readonly command: string | null;
}

describe('watchkeeper doctor', function () {
  this.timeout(120_000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    mkdirSync(join(world.directory, 'bin'));
    for (const program of ['daemon-util', 'watchkeeper']) writeFileSync(join(world.directory, 'bin', program), `#!/bin/sh\nexec ${process.execPath} ${BUNDLE} ${program} "$@"\n`, { mode: 0o755 });
  });
  afterEach(() => world.cleanups.run());

  async function examine(...names: string[]): Promise<{ readonly status: number | null; readonly findings: readonly Finding[] }> {
    const { status, stdout } = await world.watchkeeper('doctor', '--json', ...names);
    const { schemaVersion, ok, findings } = JSON.parse(stdout) as { schemaVersion: number; ok: boolean; findings: Finding[] };
    expect(schemaVersion).to.equal(1);
    expect(status === 0).to.equal(ok);
    return { status, findings };
  }

  /** The first finding about this daemon. */
  async function found(name: string): Promise<Finding | undefined> {
    return (await examine(name)).findings.find(({ daemon }) => daemon === name);
  }

  function shell(command: string): void {
    const { status, stderr, stdout } = spawnSync('/bin/sh', ['-c', command], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: `${join(world.directory, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, WATCHKEEPER_CONFIG: world.config, LC_ALL: 'C.UTF-8' },
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
  }

  /** Does what doctor says, again and again, until there is nothing more to do. @returns the codes on the way */
  async function mend(name: string): Promise<readonly string[]> {
    const codes: string[] = [];
    await eventually(
      `${name} is mended`,
      async () => {
        const finding = await found(name);
        if (finding === undefined) return true;
        codes.push(finding.code);
        if (finding.command !== null) shell(finding.command);
        return false;
      },
      60_000,
    );
    return codes;
  }

  /** A daemon that ends with status 3 until its file is there. @returns the file */
  function sickly(name: string, keys: Record<string, unknown>): string {
    const cure = join(world.directory, `${name}.cure`);
    const program = join(world.directory, `${name}.program`);
    writeFileSync(program, `#!/bin/sh\n[ -e ${cure} ] || { echo 'no cure'; exit 3; }\nexec sleep 1000\n`, { mode: 0o755 });
    world.add(name, {}, { executable: program, arguments: [], readiness: { kind: 'settled', settle: '300ms' }, ...keys });
    return cure;
  }

  function stranger(...argv: [string, ...string[]]): ChildProcess {
    const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
    world.cleanups.add(() => void child.kill('SIGKILL'));
    return child;
  }

  it('says that nothing is wrong, where nothing is', async () => {
    world.add('web');
    world.add('db');
    world.write();
    await world.startWatcher();
    await world.running('web');
    await world.running('db');
    expect(await examine()).to.deep.equal({ status: 0, findings: [] });
    expect((await world.watchkeeper('doctor')).stdout).to.match(/^nothing is wrong: 2 of 2 daemons up and answering \(\S+: .*\)\n$/);
    expect((await world.watchkeeper('doctor', 'web')).stdout).to.match(/^nothing is wrong: web: running \(pid \d+, .*\)\n$/);
  });

  it('configuration-invalid: names every mistake, and ends with 78', async () => {
    world.add('web', {}, { surprise: 1, stopTimeout: 'soon' });
    world.write();
    const { status, findings } = await examine();
    expect(status).to.equal(78);
    expect(findings[0]).to.include({ code: 'configuration-invalid', daemon: null });
    expect(findings[0]?.what).to.match(/surprise/).and.to.match(/soon/);
  });

  it('refuses a daemon that there is not', async () => {
    world.write({ daemons: {} });
    const { status, stderr } = await world.watchkeeper('doctor', 'nobody');
    expect([status, stderr]).to.deep.equal([1, "watchkeeper: cannot act: the catalogue has no daemon 'nobody'; try daemon-util list-stop-daemons\n"]);
  });

  it('state-unwritable, watcher-absent: what is wrong with the machine comes first', async () => {
    world.add('web');
    world.write();
    writeFileSync(world.state, 'not a directory');
    const { status, findings } = await examine();
    expect(status).to.equal(1);
    expect(findings.map(({ code, daemon }) => `${daemon ?? '-'} ${code}`)).to.deep.equal(['- state-unwritable', '- watcher-absent', 'web down']);
    rmSync(world.state);
    expect((await examine()).findings[0]).to.include({ code: 'watcher-absent' });
    await world.startWatcher();
    await world.running('web');
    expect((await examine()).findings).to.deep.equal([]);
  });

  it('watcher-silent: one that hangs is named, and what it keeps is looked at without it', async () => {
    world.add('web');
    world.write({ controlTimeout: '1s' });
    const watcher = await world.startWatcher();
    await world.running('web');
    watcher.kill('SIGSTOP');
    const { findings } = await examine();
    expect(findings.map(({ code }) => code)).to.deep.equal(['watcher-silent']);
    expect(findings[0]?.command).to.include(`kill -KILL ${watcher.pid}; `);
    shell(`kill -KILL ${watcher.pid}`);
    await watcher.ended;
    await world.startWatcher();
    await world.running('web');
    expect((await examine()).findings).to.deep.equal([]);
  });

  it('stale-configuration', async () => {
    world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    world.change('web', { stopTimeout: '6s' });
    world.write();
    const { findings } = await examine();
    expect(findings.map(({ code, command }) => `${code}: ${command ?? ''}`)).to.deep.equal(['stale-configuration: watchkeeper reload']);
    shell(findings[0]?.command ?? '');
    expect((await examine()).findings).to.deep.equal([]);
  });

  it('restart-needed', async () => {
    world.add('web');
    world.write();
    const watcher = await world.startWatcher();
    await world.running('web');
    world.write({ output: { files: 2 } });
    shell('watchkeeper reload');
    const { findings } = await examine();
    expect(findings.map(({ code, kind }) => `${code}: ${kind}`)).to.deep.equal(['restart-needed: fault']);
    expect(findings[0]?.what).to.include('goes by the old output until it is restarted');
    shell(`kill -KILL ${watcher.pid}`);
    await watcher.ended;
    await world.startWatcher();
    expect((await examine()).findings).to.deep.equal([]);
  });

  it('wanted-down is no fault, and says by whom', async () => {
    world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    await world.run('stop', 'web');
    const { status, findings } = await examine('web');
    expect(status).to.equal(0);
    expect(findings[0]).to.include({ code: 'wanted-down', kind: 'intended', command: 'daemon-util start web' });
    expect(findings[0]?.what).to.match(/^it is wanted down: .*daemon-util stop web \(uid/);
    expect(await mend('web')).to.deep.equal(['wanted-down']);
    expect(await world.observed('web')).to.equal('running');
  });

  it('paused', async () => {
    const web = world.add('web');
    world.write();
    await world.startWatcher();
    await world.running('web');
    await world.watchkeeper('pause', 'web', '--owner', 'alice', '--reason', 'an upgrade');
    expect(await found('web')).to.include({ code: 'paused', kind: 'intended' });
    for (const pid of web.mains()) process.kill(pid, 'SIGKILL');
    await eventually('it is down', async () => (await world.observed('web')) !== 'running');
    expect((await found('web'))?.what).to.match(/^paused by alice until .*: an upgrade$/);
    expect((await mend('web'))[0]).to.equal('paused');
    expect(await world.observed('web')).to.equal('running');
  });

  it('condition-unmet, either way', async () => {
    const [wanted, unwanted] = [join(world.directory, 'wanted'), join(world.directory, 'unwanted')];
    world.add('web', {}, { conditions: [{ pathExists: wanted }, { pathMissing: unwanted }] });
    world.write();
    writeFileSync(unwanted, '');
    await world.startWatcher();
    expect(await found('web')).to.include({ code: 'condition-unmet', kind: 'intended', what: `${wanted} does not exist; start it once that is otherwise` });
    writeFileSync(wanted, '');
    expect((await found('web'))?.what).to.equal(`${unwanted} exists; start it once that is otherwise`);
    expect(await mend('web')).to.deep.equal(['condition-unmet']);
  });

  it('not-master, role-unknown', async () => {
    const [program, state] = [join(world.directory, 'is-master'), join(world.directory, 'status')];
    writeFileSync(program, `#!/bin/sh\necho node2 says so\nexit $(cat ${state})\n`, { mode: 0o755 });
    writeFileSync(state, '1');
    world.add('till', {}, { roles: ['master'] });
    world.write({}, { roles: { master: { source: { argv: [program], watch: [state], interval: '1s', startAfter: '0s' } } } });
    await world.startWatcher();
    await eventually('it is asked', async () => (await found('till'))?.code === 'not-master');
    expect(await found('till')).to.include({ kind: 'intended', what: 'not master: node2 says so' });
    writeFileSync(state, '5');
    await eventually('nobody knows', async () => (await found('till'))?.code === 'role-unknown');
    expect((await found('till'))?.what).to.match(/whether this node is master is not known: .*exited with status 5/);
    writeFileSync(state, '0');
    await world.running('till');
    expect(await found('till')).to.equal(undefined);
  });

  it('executable-missing, executable-forbidden, executable-untrusted', async () => {
    const cure = sickly('web', NO_RETRY);
    writeFileSync(cure, '');
    world.write();
    const program = join(world.directory, 'web.program');
    await world.startWatcher();
    await world.running('web');
    await world.run('stop', 'web');
    renameSync(program, `${program}.away`);
    await world.run('start', 'web');
    expect(await found('web')).to.include({ code: 'executable-missing', what: `${program} is missing: install the package that it belongs to` });
    renameSync(`${program}.away`, program);
    chmodSync(program, 0o644);
    expect(await found('web')).to.include({ code: 'executable-forbidden', command: `chmod a+x ${program}` });
    expect(await mend('web')).to.include('executable-forbidden');
    if (!IS_ROOT) return;
    await world.run('stop', 'web');
    chmodSync(program, 0o777);
    await world.run('start', 'web');
    expect((await mend('web'))[0]).to.equal('executable-untrusted');
    expect(await world.observed('web')).to.equal('running');
  });

  it('directory-missing, environment-invalid', async () => {
    const file = join(world.directory, 'default');
    world.add('web', {}, { workingDirectory: join(world.directory, 'a', 'b'), ...NO_RETRY });
    writeFileSync(file, 'GOOD=1\nWEB_ARGS=$(reboot)\n');
    world.write({}, { environmentFile: file });
    await world.startWatcher();
    expect(await found('web')).to.include({ code: 'directory-missing' });
    shell((await found('web'))?.command ?? '');
    const second = await found('web');
    expect(second).to.include({ code: 'environment-invalid' });
    expect(second?.what).to.include(`${file}:2: `);
    writeFileSync(file, 'GOOD=1\n');
    await mend('web');
    expect(await world.observed('web')).to.equal('running');
  });

  it('port-taken: by whom, and what ends that', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const listen = `require('node:net').createServer().listen(${port},'127.0.0.1',()=>console.log('up'))`;
    const holder = stranger(process.execPath, '-e', listen);
    if (holder.stdout !== null) await once(holder.stdout, 'data');
    const program = join(world.directory, 'listener');
    writeFileSync(program, `#!${process.execPath}\n${listen}\n`, { mode: 0o755 });
    world.add('web', {}, { executable: program, arguments: [], readiness: { kind: 'tcp', host: '127.0.0.1', port }, ...NO_RETRY });
    world.write();
    await world.startWatcher();
    await eventually('it is taken', async () => (await found('web'))?.code === 'port-taken');
    expect(await found('web')).to.include({ command: `kill ${holder.pid}` });
    expect((await found('web'))?.what).to.include(`127.0.0.1:${port} is taken by pid ${holder.pid}`);
    expect(await mend('web')).to.include('port-taken');
    expect(await world.observed('web')).to.equal('running');
  });

  it('pid-file-foreign: of one that is down, and of one that runs', async () => {
    const pidFile = join(world.directory, 'web.pid');
    world.add('web', {}, { pidFile });
    world.write();
    const other = stranger('/bin/sleep', '1000');
    writeFileSync(pidFile, `${other.pid}\n`);
    expect(await found('web')).to.include({ code: 'pid-file-foreign', command: 'daemon-util start web' });
    expect((await found('web'))?.what).to.match(new RegExp(`^${pidFile} is not its own: .*${other.pid}`));
    expect(await mend('web')).to.deep.equal(['pid-file-foreign']);
    writeFileSync(pidFile, `${other.pid}\n`);
    expect(await found('web')).to.include({ code: 'pid-file-foreign', command: 'daemon-util restart web' });
    expect(await mend('web')).to.deep.equal(['pid-file-foreign']);
    expect(other.exitCode).to.equal(null);
  });

  it('held-back: down to the one that is to blame, with what mends that one', async () => {
    world.add('api', {}, { requires: ['db'] });
    world.add('web', {}, { requires: ['api'] });
    writeFileSync(sickly('db', NO_RETRY), '');
    world.write();
    const program = join(world.directory, 'db.program');
    chmodSync(program, 0o644);
    await world.startWatcher();
    await eventually('web waits', async () => (await world.observed('web')) === 'waiting');
    expect(await found('web')).to.include({ code: 'held-back', command: `chmod a+x ${program}`, what: `it waits for api, which waits for db: executable-forbidden: ${program} may not be executed` });
    expect(await mend('web')).to.include('held-back');
    expect(await world.observed('db')).to.equal('running');
  });

  it('backing-off, crash-loop, given-up: once their cause is gone, the command brings them back', async () => {
    const cures = [
      sickly('retried', NO_RETRY),
      sickly('looping', { restart: { intensity: 1, slowRetryDelay: '1h' } }),
      sickly('lost', { restart: { intensity: 1, onIntensity: 'give-up' } }),
    ];
    world.write();
    await world.startWatcher();
    for (const [name, code, command] of [['retried', 'backing-off', 'watchkeeper retry-now retried'], ['looping', 'crash-loop', 'watchkeeper reset looping'], ['lost', 'given-up', 'daemon-util start lost']] as const) {
      await eventually(code, async () => (await found(name))?.code === code);
      const finding = await found(name);
      expect(finding).to.include({ kind: 'fault', command });
      expect(finding?.what).to.match(/exited with status 3; its last output: no cure/);
    }
    for (const cure of cures) writeFileSync(cure, '');
    for (const name of ['retried', 'looping', 'lost']) {
      await mend(name);
      expect(await world.observed(name)).to.equal('running');
    }
  });

  it('halted, not-answering, unhealthy: of those that run', async () => {
    const well = join(world.directory, 'well');
    writeFileSync(well, '');
    const web = world.add('web', {}, { health: { well: { kind: 'readiness', by: 'exec', argv: ['/usr/bin/test', '-e', well], interval: '200ms', failureThreshold: 1 } } });
    world.write();
    await world.startWatcher();
    await world.running('web');
    for (const pid of web.mains()) process.kill(pid, 'SIGSTOP');
    expect(await found('web')).to.include({ code: 'halted' });
    expect(await mend('web')).to.deep.equal(['halted']);
    rmSync(join(web.directory, 's'));
    expect(await found('web')).to.include({ code: 'not-answering', command: 'daemon-util restart web' });
    expect(await mend('web')).to.deep.equal(['not-answering']);
    rmSync(well);
    await eventually('it is looked at', async () => (await found('web'))?.code === 'unhealthy');
    expect((await found('web'))?.what).to.match(/^well \(readiness, exec\): /);
    writeFileSync(well, '');
    await eventually('it is well again', async () => (await found('web')) === undefined);
  });

  it('in-transition: what takes its time to start', async () => {
    writeFileSync(sickly('slow', { readiness: { kind: 'unix', path: join(world.directory, 'never') }, startTimeout: '60s' }), '');
    world.write();
    await world.startWatcher();
    await eventually('it starts', async () => (await found('slow'))?.code === 'in-transition');
    expect((await examine('slow')).status).to.equal(0);
  });

  it('runs-unwanted: what somebody started outside', async () => {
    const pidFile = join(world.directory, 'web.pid');
    const web = world.add('web', {}, { pidFile });
    const { spec } = web;
    world.write();
    await world.run('stop', 'web');
    const outside = stranger(spec.executable, ...spec.arguments);
    await eventually('it runs', () => web.mains().length === 1);
    writeFileSync(pidFile, `${outside.pid}\n`);
    expect(await found('web')).to.include({ code: 'runs-unwanted', kind: 'intended', command: 'daemon-util stop web' });
    expect((await mend('web')).slice(0, 2)).to.deep.equal(['runs-unwanted', 'wanted-down']);
  });
});
