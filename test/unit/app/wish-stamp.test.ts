import { expect } from 'chai';

import { stampedBoard, WishStamp } from '../../../src/app/wish-stamp.js';
import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import type { FileState } from '../../../src/ports/start-claim.js';

const DIRECTORY = '/state/desired';

function status(desired: 'up' | 'down', reason = ''): DaemonStatus {
  return { name: 'web', desired, observed: 'running', ready: true, pid: 1, uptime: 5, owner: 'systemd', restarts: 0, nextTry: null, reason, lastExit: null };
}

describe('the proof that the board has the last word of what is wanted', () => {
  let now: number;
  let directory: FileState | undefined;
  let provenAt: number | undefined;
  let renewed: number;
  let stamp: WishStamp;

  beforeEach(() => {
    now = 1_000_000;
    directory = { stamp: 'a', modified: 500_000 };
    provenAt = undefined;
    renewed = 0;
    stamp = new WishStamp({
      clock: { wall: () => now },
      ground: { state: (path) => (path === DIRECTORY ? directory : undefined) },
      file: { publish: (_text, at) => void (provenAt = at), withdraw: () => void (provenAt = undefined) },
      directory: DIRECTORY,
    });
  });

  function look(): void {
    now += 5000;
    stamp.look(() => {
      expect(provenAt ?? 0, 'told before it is proven').to.be.below(now - 5000);
      renewed += 1;
    });
  }

  it('looks at the records once, and again when one has changed', () => {
    look();
    look();
    expect(renewed).to.equal(1);
    directory = { stamp: 'b', modified: now + 100 };
    look();
    look();
    expect(renewed).to.equal(2);
  });

  it('is as old as the look began, and by a tick of the clock', () => {
    look();
    expect(provenAt).to.be.within(now - 100, now - 10);
  });

  it('looks once more where a change may leave no trace', () => {
    directory = { stamp: 'b', modified: now + 5000 };
    look();
    look();
    look();
    expect(renewed).to.equal(2);
  });

  it('proves nothing where there are no records, and begins anew', () => {
    look();
    const before = directory;
    directory = undefined;
    look();
    expect(provenAt).to.equal(undefined);
    directory = before;
    look();
    expect(renewed).to.equal(2);
    expect(provenAt).to.be.a('number');
  });

  it('knows what is on the board, and ends with it', () => {
    const published: string[] = [];
    const board = stampedBoard({ publish: ({ name }) => void published.push(name), withdraw: (name) => void published.push(`-${name}`), heartbeat: () => void published.push('beat'), close: () => void published.push('closed') }, stamp);
    expect(stamp.isTold(status('up'))).to.equal(false);
    board.publish(status('up'), undefined);
    expect(stamp.isTold(status('up'))).to.equal(true);
    expect(stamp.isTold(status('down'))).to.equal(false);
    expect(stamp.isTold(status('up', 'why'))).to.equal(false);
    board.withdraw('web');
    expect(stamp.isTold(status('up'))).to.equal(false);
    look();
    board.heartbeat();
    board.close();
    expect(provenAt).to.equal(undefined);
    expect(published).to.deep.equal(['web', '-web', 'beat', 'closed']);
  });
});
