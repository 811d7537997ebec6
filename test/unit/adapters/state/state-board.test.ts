import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { boardLine, stateBoard } from '../../../../src/adapters/state/state-board.js';
import type { DaemonStatus } from '../../../../src/core/daemon-status.js';
import { FakeClock } from '../../../support/fake-clock.js';

const SELF = { pid: 4711, startTicks: 100, bootId: 'boot' };

describe('the state board of a watcher', () => {
  let runtime = '';
  beforeEach(() => (runtime = fs.mkdtempSync(join(tmpdir(), 'wk-board-'))));
  afterEach(() => fs.rmSync(runtime, { recursive: true, force: true }));

  const status = (name: string, observed: DaemonStatus['observed']): DaemonStatus => ({
    name, desired: 'up', observed, ready: observed === 'running', pid: null, uptime: null, owner: 'systemd', restarts: 0, nextTry: null, reason: 'of a test', lastExit: null,
  });
  const open = () => stateBoard(runtime, SELF, new FakeClock(), 3000);
  const lines = (): readonly string[] => fs.readdirSync(join(runtime, 'state')).sort();
  const vouches = (): string | undefined => fs.readFileSync(join(runtime, 'watcher'), 'utf8').split(' ')[1];

  /** As a watcher that was killed. */
  function leave(...names: string[]): void {
    fs.mkdirSync(join(runtime, 'state'), { recursive: true });
    for (const name of names) fs.writeFileSync(join(runtime, 'state', name), boardLine(status(name, 'stopped'), undefined, 1));
    fs.writeFileSync(join(runtime, 'watcher'), '1 99 100 boot 1 3000\n');
  }

  it('has no line of an earlier one before its first sign of life, also of what is no longer in the catalogue', () => {
    leave('web', 'removed-since');
    const board = open();
    expect([lines(), vouches()]).to.deep.equal([[], '99']);
    board.publish(status('db', 'running'), SELF);
    board.heartbeat();
    expect([lines(), vouches()]).to.deep.equal([['db'], '4711']);
    board.close();
    expect(lines()).to.deep.equal([]);
  });

  it('gives no sign of life beside lines of an earlier one that cannot be removed, and removes none of its own later', () => {
    leave('web', 'db');
    const { rmSync } = fs;
    fs.rmSync = () => {
      throw new Error('EROFS: read-only file system');
    };
    syncBuiltinESMExports();
    const board = (() => {
      try {
        const opened = open();
        expect(() => opened.heartbeat()).to.throw('EROFS');
        return opened;
      } finally {
        fs.rmSync = rmSync;
        syncBuiltinESMExports();
      }
    })();
    expect([lines(), vouches()]).to.deep.equal([['db', 'web'], '99']);
    board.publish(status('db', 'running'), SELF);
    board.heartbeat();
    expect([lines(), vouches()]).to.deep.equal([['db'], '4711']);
  });
});
