/**
 * A wide restart must not flood the watcher. What is counted here are messages,
 * not time: each unit has a rule of its own, nothing is read back, and what is
 * told is told in bounded turns.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { rmSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';

import { type BusCall, BusConnection } from '../../../src/adapters/systemd/bus.js';
import { SystemdObserver, UNITS_PER_CONNECTION } from '../../../src/adapters/systemd/observer.js';
import type { Observation } from '../../../src/core/observation.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { Cleanups, eventually } from '../../support/eventually.js';
import { Bench, must, newName, systemctl, systemdVersion } from './bench.js';

/** More than one connection may have rules for; the whole thousand on one of the two systemds is enough for two cores. */
const UNITS = systemdVersion() < 254 ? 1000 : 420;
const WATCHED_FEW = 8;

interface Arrived {
  readonly type: number;
  readonly path?: string;
  readonly body?: readonly unknown[];
}

/** Counts what goes over our connections, at dbus-next's own parser. */
class Tap {
  readonly calls = new Map<string, number>();
  /** By path; one map for each connection, in the order in which they were made. */
  readonly signals: Map<string, number>[] = [];
  readonly #undo: (() => void)[] = [];

  constructor() {
    type Unmarshal = (stream: unknown, receive: (message: Arrived) => void, options: unknown) => void;
    const parser = createRequire(import.meta.url)('dbus-next/lib/message.js') as { unmarshalMessages: Unmarshal };
    const unmarshal = parser.unmarshalMessages;
    parser.unmarshalMessages = (stream, receive, options) => {
      const own = new Map<string, number>();
      this.signals.push(own);
      unmarshal(stream, (message) => {
        if (message.type === 4) count(own, message.path ?? '');
        receive(message);
      }, options);
    };
    const prototype = BusConnection.prototype;
    const call: (this: BusConnection, one: BusCall) => Promise<readonly unknown[]> = Reflect.get(prototype, 'call');
    const { calls } = this;
    prototype.call = function (this: BusConnection, one) {
      count(calls, one.member);
      return call.call(this, one);
    };
    this.#undo.push(() => (parser.unmarshalMessages = unmarshal), () => (prototype.call = call));
  }

  clear(): void {
    this.calls.clear();
    for (const own of this.signals) own.clear();
  }

  release(): void {
    for (const undo of this.#undo) undo();
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function total(map: ReadonlyMap<string, number>): number {
  return [...map.values()].reduce((sum, one) => sum + one, 0);
}

describe(`a restart of ${UNITS} units`, function () {
  this.timeout(180_000);
  const cleanups = new Cleanups();
  let bench: Bench;
  let tap: Tap;
  const units = Array.from({ length: UNITS }, () => `${newName()}.service`);
  const specs = units.map((unit) => daemonSpec({ name: unit.replace('.service', ''), unit }));

  before(() => {
    bench = new Bench();
    tap = new Tap();
    cleanups.add(() => bench.cleanup());
    cleanups.add(() => tap.release());
    cleanups.add(() => {
      systemctl('stop', ...units);
      for (const unit of units) rmSync(`/run/systemd/system/${unit}`, { force: true });
      systemctl('daemon-reload');
    });
    for (const unit of units) writeFileSync(`/run/systemd/system/${unit}`, '[Service]\nType=simple\nExecStart=/bin/sleep infinity\n');
    must('/usr/bin/systemctl', 'start', ...units);
  });
  after(() => cleanups.run());

  async function restartAll(): Promise<void> {
    const [status] = (await once(spawn('/usr/bin/systemctl', ['restart', ...units], { stdio: 'ignore' }), 'exit')) as [number];
    expect(status).to.equal(0);
  }

  function areNew(seen: ReadonlyMap<string, Observation>, all: readonly { name: string; unit: string }[]): boolean {
    const pids = must('/usr/bin/systemctl', 'show', '--property=MainPID', '--value', ...all.map(({ unit }) => unit)).split('\n').filter((line) => line !== '');
    return all.every(({ name }, index) => String(seen.get(name)?.process?.pid) === pids[index]);
  }

  it('is little to a watcher of some of them, and no flood to one of all: no reading back, no loss, bounded turns', async () => {
    const few = specs.slice(0, WATCHED_FEW);
    const seenByFew = new Map<string, Observation>();
    const seen = new Map<string, Observation>();
    const connections: boolean[] = [];
    let told = 0;
    let inTurn = 0;
    let longestTurn = 0;
    const observer = new SystemdObserver({ clock: bench.clock, processes: bench.processes });
    const following = [observer.follow(few, { observed: (name, observation) => seenByFew.set(name, observation), connection: () => undefined })];
    await eventually('the few are seen', () => seenByFew.size === WATCHED_FEW);
    following.push(
      observer.follow(specs, {
        observed: (name, observation) => {
          if (inTurn === 0) setImmediate(() => (inTurn = 0));
          told += 1;
          inTurn += 1;
          longestTurn = Math.max(longestTurn, inTurn);
          seen.set(name, observation);
        },
        connection: (connected) => connections.push(connected),
      }),
    );
    try {
      await eventually('all are seen', () => seen.size === UNITS && connections.length > 0, 60_000);
      const shards = Math.ceil(UNITS / UNITS_PER_CONNECTION);
      // One rule for each unit, and two for systemd itself on each connection.
      expect(tap.calls.get('AddMatch')).to.equal(UNITS + WATCHED_FEW + 2 * (shards + 1));
      expect(tap.signals).to.have.length(shards + 1);
      tap.clear();
      told = 0;
      const used = process.cpuUsage();
      await restartAll();
      await eventually('all new processes are seen', () => areNew(seen, specs) && areNew(seenByFew, few), 60_000);
      const { user, system } = process.cpuUsage(used);
      const [ofFew = new Map<string, number>(), ...ofAll] = tap.signals;
      const signals = ofAll.reduce((sum, own) => sum + total(own), 0);
      console.log(`        ${signals} signals, ${total(tap.calls)} calls, ${told} told, ${Math.round((user + system) / 1000)} ms of CPU`);
      expect(total(tap.calls)).to.equal(0);
      expect(connections).to.deep.equal([true]);
      // Two interfaces for each step of a restart: its job's begin, stopping, stopped, starting, up, its job's end.
      expect([...ofFew.keys()].filter((path) => path.includes('/unit/'))).to.have.length(WATCHED_FEW);
      expect(total(ofFew)).to.be.at.most(30 * WATCHED_FEW);
      expect(signals).to.be.at.most(30 * UNITS);
      expect(told).to.be.at.most(signals / 2);
      // 64 for each connection, if all their turns fall together.
      expect(longestTurn).to.be.at.most(64 * shards);
      following[0]?.cancel();
      tap.clear();
      systemctl('daemon-reload');
      await eventually('all are read again', () => (tap.calls.get('GetAll') ?? 0) >= UNITS, 60_000);
      // Each once, and nothing else is asked.
      expect([...tap.calls]).to.deep.equal([['GetAll', UNITS]]);
    } finally {
      for (const one of following) one.cancel();
    }
  });
});
