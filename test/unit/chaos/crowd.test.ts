/** Hundreds of clients of a watcher that is made up: who hears them, who is deaf, and who is not there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { crowd } from '../../chaos/faults-clients.js';
import { FAULTS } from '../../chaos/faults.js';
import type { Fault } from '../../chaos/plan.js';
import { Storm } from '../../chaos/storm.js';
import type { World } from '../../chaos/world.js';
import { eventually } from '../../support/eventually.js';
import { procProcess } from '../../support/proc.js';

const FAULT: Fault = { step: 3, kind: 'many-clients', target: 0, choice: 0, hold: 0, pause: 0 };
const FEW = { clients: 20, patience: 300, longestWait: 5000 };

describe('a crowd of clients', () => {
  let directory: string;
  let watcher: number | undefined;
  let server: Server | undefined;
  let storm: Storm;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-crowd-'));
    mkdirSync(join(directory, 'run'));
    watcher = process.pid;
    const site = { names: ['d0'], paths: { runtime: join(directory, 'run') }, observations: join(directory, 'observations') };
    appendFileSync(site.observations, '');
    const world = { kind: 'plain', site, watcher: () => watcher } as unknown as World;
    storm = new Storm(world, { daemons: site.names, requires: new Map(), pulls: false, checked: [], bound: 1000, longestLook: 1000, stable: 10, formats: [] });
  });

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    rmSync(directory, { recursive: true });
  });

  async function begin(answer: RequestListener): Promise<Server> {
    writeFileSync(join(directory, 'run/watcher'), `1 ${process.pid} 1 boot 1 1\n`);
    const begun = (server = createServer(answer));
    await new Promise<void>((resolve) => begun.listen(join(directory, 'run/control.sock'), 1000, resolve));
    return begun;
  }

  const told = (): readonly unknown[] => readFileSync(join(directory, 'observations'), 'utf8').split('\n').filter((line) => line !== '').map((line) => ({ ...(JSON.parse(line) as object), at: 0 }));
  const one = (answered: number, lived: boolean, clients = FEW.clients): unknown => ({ at: 0, e: 'crowd', step: 3, clients, answered, lived });

  it('is told how many of it were answered', async () => {
    await begin((_, response) => response.end('{}'));
    expect(await crowd(storm, FAULT, { ...FEW, patience: 10_000 })).to.equal(undefined);
    expect(told()).to.deep.equal([one(FEW.clients, true)]);
  });

  it('comes one at a time, so that a watcher which takes a thousand refuses none', async () => {
    let most = 0;
    let open = 0;
    const begun = await begin((_, response) => setTimeout(() => response.end('{}'), 50));
    begun.on('connection', (socket) => {
      most = Math.max(most, (open += 1));
      socket.once('close', () => (open -= 1));
    });
    await Promise.all([1, 2].map(() => FAULTS['many-clients'](storm, FAULT)));
    expect(most).to.be.at.most(500);
    expect(told()).to.deep.equal([one(500, true, 500), one(500, true, 500)]);
  });

  it('has met a watcher that lives and is deaf: no miss, and to be judged', async () => {
    await begin(() => undefined);
    expect(await crowd(storm, FAULT, FEW)).to.equal(undefined);
    expect(told()).to.deep.equal([one(0, true)]);
  });

  it('has met one that refused all of it, and heard them soon after', async () => {
    const begun = await begin((_, response) => response.end('{}'));
    const since = performance.now();
    begun.prependListener('connection', (socket: Socket) => {
      if (performance.now() - since < 400) socket.destroy();
    });
    expect(await crowd(storm, FAULT, { ...FEW, patience: 10_000 })).to.equal(undefined);
    expect(told()).to.deep.equal([one(1, true)]);
  });

  it('misses a watcher that ended meanwhile', async () => {
    await begin(() => (watcher = undefined));
    expect(await crowd(storm, FAULT, FEW)).to.equal('the watcher ended before it answered one');
    expect(told()).to.deep.equal([one(0, false)]);
  });

  it('does not take one for at work that has ended and was not waited for yet', async () => {
    const ended = spawn('/usr/bin/perl', ['-e', '$| = 1; my $child = fork; exit unless $child; print $child; sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(ended.stdout, 'data')) as [Buffer];
    try {
      watcher = Number(line);
      writeFileSync(join(directory, 'run/watcher'), `1 ${watcher} 1 boot 1 1\n`);
      await eventually('it is a zombie', () => procProcess(watcher ?? 0)?.state === 'Z');
      expect(await crowd(storm, FAULT, { ...FEW, longestWait: 100 })).to.equal('no watcher ran');
      expect(told()).to.deep.equal([]);
    } finally {
      ended.kill('SIGKILL');
    }
  });

  it('misses where no watcher is at work, not before it has waited for one', async () => {
    expect(await crowd(storm, FAULT, { ...FEW, longestWait: 100 })).to.equal('no watcher ran');
    setTimeout(() => void begin((_, response) => response.end('{}')), 200);
    expect(await crowd(storm, FAULT, { ...FEW, patience: 10_000, longestWait: 10_000 })).to.equal(undefined);
  });
});
