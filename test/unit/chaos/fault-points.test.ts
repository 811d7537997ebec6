/** What a watcher is run with in a storm: each call that changes something is a fault point. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

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
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'wk-fault-points-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [call, code] of Object.entries(CALLS)) {
    it(`${call} is one`, () => {
      const [orders, log] = [join(directory, 'orders'), join(directory, 'log')];
      writeFileSync(join(directory, 'there'), '');
      writeFileSync(orders, JSON.stringify({ id: 5, kill: 1 }));
      const { signal } = spawnSync(process.execPath, ['--require', FAULT_POINTS, '--eval', code], { cwd: directory, env: { CHAOS_ORDERS: orders, CHAOS_LOG: log }, stdio: 'ignore' });
      expect(signal).to.equal('SIGKILL');
      expect(JSON.parse(readFileSync(log, 'utf8'))).to.deep.include({ e: 'killed-before', id: 5 });
    });
  }
});
