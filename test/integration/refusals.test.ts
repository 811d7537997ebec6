/** Real daemons that refuse to start: what daemon-util and the watcher make of their last lines. */
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';

import { expect } from 'chai';

import { buildOnce, DaemonUtilWorld, IS_ROOT } from '../support/daemon-util-world.js';

const REFUSALS = [
  { code: 'no-quorum', output: 'too few votes', reason: 'too few of the others agree', next: 'waking them' },
  { code: 'wrong-user', output: 'expected uid', reason: 'it wants another user', next: 'user in the catalogue' },
  { code: 'not-configured', output: 'certificate is missing', reason: 'it has no certificate', next: 'making one' },
];

interface Told {
  readonly outcomes: readonly { readonly name: string; readonly outcome: { readonly kind: string; readonly code?: string; readonly reason: string; readonly next?: string } }[];
}

for (const how of ['without a watcher', 'by the watcher'] as const) {
  describe(`refusals of real daemons, ${how}`, function () {
    this.timeout(120_000);
    let world: DaemonUtilWorld;
    let server: Server | undefined;

    before(() => buildOnce());
    beforeEach(() => (world = new DaemonUtilWorld()));
    afterEach(async () => {
      await world.cleanups.run();
      server?.close();
      server = undefined;
    });

    async function ready(): Promise<void> {
      // each of them is tried when the test asks for it
      world.write({ defaults: { boot: 'never' } }, { refusals: REFUSALS });
      if (how === 'by the watcher') await world.watch();
    }

    async function start(name: string): Promise<Told['outcomes'][number]['outcome']> {
      const { stdout, status } = await world.run('--json', 'start', name);
      expect(status).to.equal(1);
      const [first] = (JSON.parse(stdout) as Told).outcomes;
      if (first === undefined) throw new Error(`no outcome in ${stdout}`);
      return first.outcome;
    }

    const saying = (name: string, message: string) => world.add(name, { exits: { status: 1, after: 0, message } }, { outputFile: join(world.directory, `${name}.log`), restart: { immediateRestarts: 0, baseDelay: '30s' } });

    it('are told by the catalogue: no quorum, wrong user, no configuration', async () => {
      saying('voter', 'vote 3: too few votes');
      saying('user', 'started as 0, expected uid 105');
      saying('config', 'the certificate is missing');
      saying('other', 'the moon is full');
      await ready();
      for (const [name, rule] of [['voter', 0], ['user', 1], ['config', 2]] as const) {
        const outcome = await start(name);
        expect(outcome).to.include({ kind: 'failed', code: REFUSALS[rule]?.code });
        expect(outcome.reason).to.include('exited with status 1').and.include(`; ${REFUSALS[rule]?.reason ?? ''}; its last output: `);
        expect(outcome.next).to.include(REFUSALS[rule]?.next);
        expect((await world.run('start', name)).stderr).to.match(new RegExp(`cannot start ${name}: .*${REFUSALS[rule]?.reason ?? ''}.*; try ${REFUSALS[rule]?.next ?? ''}`));
      }
      expect(await start('other')).to.include({ code: 'failed' });
      if (how === 'by the watcher') expect((await world.run('status', 'voter')).stdout).to.include('too few of the others agree');
    });

    it('are not told by what an earlier start said', async () => {
      const log = join(world.directory, 'voter.log');
      saying('voter', 'the moon is full');
      writeFileSync(log, 'vote 3: too few votes\n', { mode: 0o640 });
      await ready();
      expect(await start('voter')).to.include({ code: 'failed' });
    });

    it('name who holds the address', async function () {
      server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const program = join(world.directory, 'listener');
      writeFileSync(program, `#!${process.execPath}\nrequire('node:net').createServer().listen(${port}, '127.0.0.1');\n`);
      chmodSync(program, 0o755);
      world.add('web', {}, { executable: program, arguments: [], readiness: { kind: 'tcp', host: '127.0.0.1', port }, outputFile: join(world.directory, 'web.log'), restart: { immediateRestarts: 0, baseDelay: '30s' } });
      await ready();
      const outcome = await start('web');
      expect(outcome).to.include({ kind: 'failed', code: 'address-taken' });
      expect(outcome.reason).to.include(`the address 127.0.0.1:${port} is taken by pid ${process.pid} (`);
      expect(outcome.next).to.include(`ps -fp ${process.pid}`);
    });

    it('are told of one that neither ends nor becomes ready', async () => {
      const program = join(world.directory, 'waiter');
      writeFileSync(program, "#!/bin/sh\necho 'vote 1: too few votes'\nexec sleep 1000\n");
      chmodSync(program, 0o755);
      world.add('waiter', {}, { executable: program, arguments: [], startTimeout: '1s', readiness: { kind: 'unix', path: join(world.directory, 'never') }, outputFile: join(world.directory, 'waiter.log'), restart: { immediateRestarts: 0, baseDelay: '30s' } });
      await ready();
      const outcome = await start('waiter');
      expect(outcome).to.include({ kind: 'failed', code: 'no-quorum' });
      expect(outcome.reason).to.include('not ready within 1 s').and.include('too few of the others agree');
    });

    it('is skipped by one of its conditions, with the path', async () => {
      world.add('web', {}, { conditions: [{ pathExists: join(world.directory, 'certificate') }] });
      await ready();
      const { status, stderr } = await world.run('start', 'web');
      expect(status).to.equal(0);
      expect(stderr).to.include('web: skipped:').and.include(join(world.directory, 'certificate'));
    });

    it('is success for one that is not the master', async () => {
      world.add('leader', { exits: { status: 11, after: 0, message: 'Not master, exiting.' } }, { outputFile: join(world.directory, 'leader.log') });
      await ready();
      const { status, stderr } = await world.run('start', 'leader');
      expect(status).to.equal(11);
      expect(stderr).to.include('leader: skipped: not master').and.include('Not master, exiting.');
    });

    before(function () {
      // others' processes are root's to look at
      if (!IS_ROOT) this.skip();
    });
  });
}
