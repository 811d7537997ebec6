import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ReadinessCheck } from '../../src/core/daemon.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { makeHostFixture, type HostFixture } from '../support/host-fixture.js';

describe('readiness', function () {
  this.timeout(15_000);
  let fixture: HostFixture;
  const servers: Server[] = [];
  beforeEach(() => {
    fixture = makeHostFixture('built-in');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    await fixture.cleanup();
  });

  const look = (readiness: ReadinessCheck, uptime = 0, timeout = 1000) => fixture.parts.readiness.check(daemonSpec({ name: 'd', readiness }), uptime, timeout);

  async function listen(server: Server, where: string | number): Promise<void> {
    servers.push(server);
    if (typeof where === 'number') server.listen(where, '127.0.0.1');
    else server.listen(where);
    await once(server, 'listening');
  }

  it('by uptime', async () => {
    expect((await look({ kind: 'settled', settle: 100 }, 99)).ready).to.equal(false);
    expect((await look({ kind: 'settled', settle: 100 }, 100)).ready).to.equal(true);
  });

  it('by a UNIX socket: absent, a dead one, a live one', async () => {
    const path = join(fixture.directory, 's');
    expect((await look({ kind: 'unix', path })).reason).to.include(path);
    writeFileSync(path, '');
    expect((await look({ kind: 'unix', path })).ready).to.equal(false);
    const live = join(fixture.directory, 'live');
    await listen(createServer(), live);
    expect((await look({ kind: 'unix', path: live })).ready).to.equal(true);
  });

  it('by a port', async () => {
    const server = createServer();
    await listen(server, 0);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect((await look({ kind: 'tcp', host: '127.0.0.1', port })).ready).to.equal(true);
    server.close();
    await once(server, 'close');
    expect((await look({ kind: 'tcp', host: '127.0.0.1', port })).reason).to.include('ECONNREFUSED');
  });

  it('by a program, within the time given', async () => {
    expect((await look({ kind: 'exec', argv: ['/usr/bin/true'] })).ready).to.equal(true);
    expect((await look({ kind: 'exec', argv: ['/usr/bin/perl', '-e', 'print STDERR "not\\nyet"; exit 3'] })).reason).to.include('status 3').and.to.include('not\\nyet');
    const before = performance.now();
    expect((await look({ kind: 'exec', argv: ['/usr/bin/sleep', '60'] }, 0, 300)).ready).to.equal(false);
    expect(performance.now() - before).to.be.below(4000);
  });

  it('by a pid file that names the daemon, not just anybody', async () => {
    const pidFile = join(fixture.directory, 'd.pid');
    const readiness: ReadinessCheck = { kind: 'pid-file' };
    const daemon = fixture.testDaemon({ readyAfter: 300 }, { pidFile, pidFileWriter: 'daemon', readiness });
    writeFileSync(pidFile, `${process.ppid}\n`);
    expect((await fixture.parts.readiness.check(daemon.spec, 0, 1000)).ready).to.equal(false);
    const [outcome] = await fixture.manager.start([{ spec: daemon.spec, oneShotArguments: [] }]);
    expect(outcome?.kind).to.equal('ok');
    expect(daemon.isReady()).to.equal(true);
  });
});
