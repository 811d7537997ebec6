/** What a watcher is run with in a storm: each call that changes something is a fault point. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { killOrder, OrderFile } from '../../chaos/orders.js';

const FAULT_POINTS = fileURLToPath(new URL('../../chaos/fixtures/fault-points.cjs', import.meta.url));
const CALLS: Readonly<Record<string, string>> = {
  openSync: "fs.openSync('x', 'w')",
  renameSync: "fs.renameSync('there', 'x')",
  symlinkSync: "fs.symlinkSync('there', 'x')",
  utimesSync: "fs.utimesSync('there', 1, 1)",
  fdatasyncSync: 'fs.fdatasyncSync(1)',
  chownSync: "fs.chownSync('there', 0, 0)",
};

describe('the fault points of a storm', () => {
  let directory: string;
  let orders: OrderFile;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-fault-points-'));
    orders = new OrderFile(join(directory, 'orders'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [call, code] of Object.entries(CALLS)) {
    it(`${call} is one`, () => {
      writeFileSync(join(directory, 'there'), '');
      const order = killOrder(1);
      orders.arm(order);
      expect(diedIn(code)).to.deep.equal({ call: call.slice(0, -4), id: order.id });
    });
  }

  it('an order is one call of many, whatever else is ordered meanwhile', () => {
    const order = killOrder(2);
    orders.arm(order);
    expect(diedIn(`fs.writeFileSync('a', ''); ${meanwhile(JSON.stringify({ kills: [order, { id: 900, kill: 40 }], delay: 1 }))} fs.mkdirSync('b');`)).to.deep.equal({ call: 'mkdir', id: order.id });
  });

  it('an order that was taken back kills nobody, also where some of its calls are counted', () => {
    orders.arm(killOrder(3));
    expect(diedIn(`fs.writeFileSync('a', ''); ${meanwhile(JSON.stringify({ kills: [] }))} fs.mkdirSync('b'); fs.mkdirSync('c');`)).to.equal(undefined);
  });

  it('of two orders each is counted for itself, and one that was disarmed does not take the other along', () => {
    const [first, second] = [killOrder(2), killOrder(3)];
    orders.arm(first);
    orders.arm(second);
    orders.disarm(first);
    expect(diedIn("for (const name of 'abcd') fs.mkdirSync(name);")).to.deep.equal({ call: 'mkdir', id: second.id });
  });

  it('spares whom it is not for', () => {
    for (const [whom, died] of [['pid', true], ['except', false]] as const) {
      rmSync(join(directory, 'a'), { recursive: true, force: true });
      // Only it knows its pid; both calls are its own, but without an order yet.
      const file = `${orders.path}.new`;
      const write = `fs.writeFileSync('${file}', JSON.stringify({ kills: [{ id: 7, kill: 1, ${whom}: process.pid }] })); fs.renameSync('${file}', '${orders.path}');`;
      expect(diedIn(`${write} fs.mkdirSync('a');`)?.id).to.equal(died ? 7 : undefined);
    }
  });

  it('tells that a call took longer, once', () => {
    orders.set({ delay: 30 });
    const log = join(directory, 'log');
    for (const call of ["fs.mkdirSync('a'); fs.mkdirSync('b');", "fs.fsync(1, () => undefined);"]) {
      rmSync(log, { force: true });
      expect(diedIn(call)).to.equal(undefined);
      const told = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { e: string; took: number });
      expect(told.map(({ e }) => e)).to.deep.equal(['slowed']);
      expect(told[0]?.took).to.be.within(29, 10_000);
    }
  });

  /** What another process writes, atomically, between two calls of this one. */
  function meanwhile(text: string): string {
    return `require('node:child_process').spawnSync('/bin/sh', ['-c', 'printf %s "$1" >"$2.new" && mv "$2.new" "$2"', 'sh', ${JSON.stringify(text)}, ${JSON.stringify(orders.path)}]);`;
  }

  function diedIn(code: string): { readonly call: string; readonly id: number } | undefined {
    const log = join(directory, 'log');
    rmSync(log, { force: true });
    const { signal, status, stderr } = spawnSync(process.execPath, ['--require', FAULT_POINTS, '--eval', code], { cwd: directory, env: { CHAOS_ORDERS: orders.path, CHAOS_LOG: log }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    expect([signal === 'SIGKILL' ? 0 : status, stderr]).to.deep.equal([0, '']);
    if (signal === null) return undefined;
    const { call, id } = JSON.parse(readFileSync(log, 'utf8')) as { call: string; id: number };
    return { call: call.split(' ')[0] ?? '', id };
  }
});
