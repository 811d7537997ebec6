import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { expect } from 'chai';

import { SystemdObserver } from '../../../src/adapters/systemd/observer.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { Observation } from '../../../src/core/observation.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { isLive } from '../../support/proc.js';
import { Bench, must, newName, only, systemctl } from './bench.js';

/** Everything that an observer told, in order. */
class Follower {
  readonly observations: { name: string; observation: Observation; at: number }[] = [];
  readonly connections: { connected: boolean; reason: string }[] = [];
  readonly #cancel: { cancel(): void };

  constructor(bench: Bench, specs: readonly DaemonSpec[], socket?: string) {
    const observer = new SystemdObserver({ clock: bench.clock, processes: bench.processes, ...(socket === undefined ? {} : { socket }) });
    this.#cancel = observer.follow(specs, {
      observed: (name, observation) => this.observations.push({ name, observation, at: performance.now() }),
      connection: (connected, reason) => this.connections.push({ connected, reason }),
    });
  }

  last(spec: DaemonSpec): Observation | undefined {
    return this.observations.findLast(({ name }) => name === spec.name)?.observation;
  }

  sees(spec: DaemonSpec, state: Observation['state'], timeout = 20_000): Promise<void> {
    return eventually(`${spec.name} is seen ${state}, not ${JSON.stringify(this.last(spec))}`, () => this.last(spec)?.state === state, timeout);
  }

  isConnected(): boolean {
    return this.connections.at(-1)?.connected === true;
  }

  cancel(): void {
    this.#cancel.cancel();
  }
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

describe('D-Bus observer', function () {
  this.timeout(40_000);
  let bench: Bench;
  const followers: Follower[] = [];
  const follow = (specs: readonly DaemonSpec[], socket?: string): Follower => {
    const follower = new Follower(bench, specs, socket);
    followers.push(follower);
    return follower;
  };

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(() => {
    for (const follower of followers.splice(0)) follower.cancel();
    // A test may have left the bus dead.
    spawnSync('/usr/bin/systemctl', ['start', 'dbus.service'], { timeout: 20_000 });
    bench.cleanup();
  });

  it('tells each daemon once at first, with what systemctl says of it too', async () => {
    const [up, down] = [bench.daemon(), bench.daemon()];
    await bench.start(up.spec);
    const missing = daemonSpec({ name: newName() });
    const follower = follow([up.spec, down.spec, missing]);
    await eventually('all are told', () => follower.observations.length === 3);
    const bySystemctl = await bench.manager.observe([up.spec, down.spec, missing]);
    expect([up.spec, down.spec, missing].map((spec) => follower.last(spec))).to.deep.equal(bySystemctl);
    expect(follower.last(up.spec)?.process?.pid).to.equal(only(up.mains()));
    expect(follower.last(down.spec)?.state).to.equal('stopped');
    expect(follower.last(missing)?.details['LoadState']).to.equal('not-found');
    expect(follower.connections).to.have.length(1);
  });

  it('sees starts, stops and accidents of units that were not loaded before', async () => {
    const daemon = bench.daemon();
    const follower = follow([daemon.spec]);
    await follower.sees(daemon.spec, 'stopped');
    await bench.start(daemon.spec);
    await follower.sees(daemon.spec, 'running');
    expect(follower.last(daemon.spec)?.process?.pid).to.equal(only(daemon.mains()));
    await bench.stop(daemon.spec);
    await follower.sees(daemon.spec, 'stopped');
    systemctl('start', daemon.spec.unit);
    await follower.sees(daemon.spec, 'running');
    kill(daemon.mains());
    await follower.sees(daemon.spec, 'failed');
    expect(follower.last(daemon.spec)?.lastExit).to.deep.equal({ kind: 'killed', signal: 'SIGKILL' });
    expect(follower.last(daemon.spec)?.process).to.equal(undefined);
  });

  it('is quick: the median of kill -9 to the news is far below a second', async () => {
    const daemon = bench.daemon();
    const follower = follow([daemon.spec]);
    const delays: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      await bench.start(daemon.spec);
      await follower.sees(daemon.spec, 'running');
      const from = follower.observations.length;
      const killed = performance.now();
      kill(daemon.mains());
      await follower.sees(daemon.spec, 'failed');
      const seen = follower.observations.slice(from).find(({ observation }) => observation.state === 'failed');
      delays.push((seen?.at ?? Infinity) - killed);
    }
    expect(delays.toSorted((a, b) => a - b)[3]).to.be.below(100);
  });

  it("counts systemd's own restarts, and tells the new process", async () => {
    const daemon = bench.daemon({}, { restart: { ...TEST_RESTART_POLICY, when: 'always', baseDelay: 100 } });
    const follower = follow([daemon.spec]);
    await bench.start(daemon.spec);
    await follower.sees(daemon.spec, 'running');
    const first = only(daemon.mains());
    kill([first]);
    await eventually('the restart is seen', () => follower.last(daemon.spec)?.restarts === 1 && follower.last(daemon.spec)?.state === 'running');
    expect(follower.last(daemon.spec)?.process?.pid).to.equal(only(daemon.mains()));
    expect(only(daemon.mains())).not.to.equal(first);
    // In between it was told as dead and waiting, with the reason.
    const between = follower.observations.map(({ observation }) => observation).find(({ details }) => details['SubState']?.startsWith('auto-restart') === true);
    expect(between?.state).to.equal('starting');
    expect(between?.process).to.equal(undefined);
  });

  it('tells nothing where nothing changes', async () => {
    const daemon = bench.daemon();
    await bench.start(daemon.spec);
    const follower = follow([daemon.spec]);
    await follower.sees(daemon.spec, 'running');
    const told = follower.observations.length;
    systemctl('daemon-reload');
    systemctl('start', daemon.spec.unit);
    // A change of another follower's unit is the sign that the bus has delivered all of before.
    const other = bench.daemon();
    const second = follow([other.spec]);
    await second.sees(other.spec, 'stopped');
    await bench.start(other.spec);
    await second.sees(other.spec, 'running');
    const during = follower.observations.slice(told).map(({ observation }) => observation);
    expect(during.filter(({ state, process }) => state !== 'running' || process?.pid !== daemon.mains()[0])).to.deep.equal([]);
  });

  it('notices a unit that a daemon-reload brings or takes away', async () => {
    const spec = daemonSpec({ name: newName() });
    const follower = follow([spec]);
    await eventually('it is told as missing', () => follower.last(spec)?.details['LoadState'] === 'not-found');
    bench.unit(spec.unit, '[Service]\nExecStart=/bin/sleep infinity\n');
    systemctl('daemon-reload');
    await eventually('it is told as loaded', () => follower.last(spec)?.details['LoadState'] === 'loaded');
    must('/bin/rm', join('/run/systemd/system', spec.unit));
    systemctl('daemon-reload');
    await eventually('it is told as missing again', () => follower.last(spec)?.details['LoadState'] === 'not-found');
  });

  it('survives the death of dbus-daemon: says so, comes back, and has missed nothing', async () => {
    const [kept, stopped] = [bench.daemon(), bench.daemon()];
    await bench.start(kept.spec);
    await bench.start(stopped.spec);
    const follower = follow([kept.spec, stopped.spec]);
    await follower.sees(kept.spec, 'running');
    await follower.sees(stopped.spec, 'running');
    const pid = Number(bench.property('dbus.service', 'MainPID'));
    systemctl('stop', 'dbus.socket', 'dbus.service');
    await eventually('dbus-daemon is gone', () => !isLive(pid));
    await eventually('the loss is told', () => !follower.isConnected());
    // While nobody can tell us: systemctl uses systemd's private socket.
    expect((await bench.stop(stopped.spec)).kind).to.equal('ok');
    const told = follower.observations.length;
    systemctl('start', 'dbus.socket', 'dbus.service');
    await eventually('it is back', () => follower.isConnected(), 15_000);
    await follower.sees(stopped.spec, 'stopped');
    await eventually('all is told anew', () => follower.observations.slice(told).some(({ name }) => name === kept.spec.name));
    kill(kept.mains());
    await follower.sees(kept.spec, 'failed');
  });

  it('survives kill -9 of dbus-daemon', async () => {
    const daemon = bench.daemon();
    await bench.start(daemon.spec);
    const follower = follow([daemon.spec]);
    await follower.sees(daemon.spec, 'running');
    process.kill(Number(bench.property('dbus.service', 'MainPID')), 'SIGKILL');
    await eventually('the loss is told', () => follower.connections.some(({ connected }) => !connected));
    await eventually('it is back', () => follower.isConnected(), 15_000);
    kill(daemon.mains());
    await follower.sees(daemon.spec, 'failed');
  });

  it('survives systemctl daemon-reexec, and follows on', async () => {
    const daemon = bench.daemon();
    await bench.start(daemon.spec);
    const follower = follow([daemon.spec]);
    await follower.sees(daemon.spec, 'running');
    const before = only(daemon.mains());
    systemctl('daemon-reexec');
    await eventually('it is connected', () => follower.isConnected(), 15_000);
    await eventually('changes are seen again', async () => {
      await bench.stop(daemon.spec);
      await bench.start(daemon.spec);
      const now = only(daemon.mains());
      return now !== before && follower.last(daemon.spec)?.process?.pid === now;
    }, 15_000);
  });

  it('is not ended by a bus that sends rubbish, or half a message', async () => {
    const daemon = bench.daemon();
    const socket = join(bench.directory, 'bus');
    let accepted = 0;
    const server: Server = createServer((peer) => {
      accepted += 1;
      const round = accepted;
      peer.on('error', () => undefined);
      peer.on('data', (data) => {
        if (data.includes('AUTH')) peer.write('OK 00000000000000000000000000000000\r\n');
        // A header that promises more than comes, or bytes that are no header at all.
        else if (round % 2 === 1) peer.end(Buffer.from('6c02000164000000010000003d000000060173', 'hex'));
        else peer.end(Buffer.alloc(4096, 0xff));
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const follower = follow([daemon.spec], socket);
      await eventually('it has tried again several times', () => accepted >= 4, 15_000);
      expect(follower.isConnected()).to.equal(false);
      // Told once, not once a try.
      expect(follower.connections).to.have.length(1);
      follower.cancel();
    } finally {
      server.close();
    }
  });

  it('follows more units than the bus allows match rules', async function () {
    const daemon = bench.daemon();
    const strangers = Array.from({ length: 600 }, () => daemonSpec({ name: newName() }));
    const follower = follow([...strangers, daemon.spec]);
    await eventually('all are told', () => new Set(follower.observations.map(({ name }) => name)).size === 601, 20_000);
    await bench.start(daemon.spec);
    await follower.sees(daemon.spec, 'running');
  });

  it('tells nothing after it was cancelled', async () => {
    const daemon = bench.daemon();
    const follower = follow([daemon.spec]);
    await follower.sees(daemon.spec, 'stopped');
    follower.cancel();
    const told = follower.observations.length;
    const second = follow([daemon.spec]);
    await second.sees(daemon.spec, 'stopped');
    await bench.start(daemon.spec);
    await second.sees(daemon.spec, 'running');
    expect(follower.observations).to.have.length(told);
    expect(follower.connections).to.have.length(1);
  });
});
