import { expect } from 'chai';

import { chooseControl, chooseReader } from '../../../src/app/control-choice.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import type { Controller } from '../../../src/ports/controller.js';
import type { ServiceManagerKind } from '../../../src/ports/service-manager.js';
import { FakeLocks, LeapingClock } from '../../support/control-fakes.js';

const nothing = () => Promise.resolve([]);
const fake = (via: Controller['via']): Controller => ({ via, start: nothing, stop: nothing, restart: nothing, status: nothing });

function parts(kind: ServiceManagerKind, findWatcher: () => Promise<Controller | undefined>) {
  const diary: string[] = [];
  const locks = new FakeLocks(diary);
  const clock = new LeapingClock();
  return { diary, locks, clock, given: { findWatcher, direct: () => Promise.resolve(fake('direct')), locks, clock, kind: () => Promise.resolve(kind), timeout: 2000, purpose: 'test' } };
}

describe('who carries out a request', () => {
  it('is the watcher, where one answers, without any lock', async () => {
    const { given, diary } = parts('built-in', () => Promise.resolve(fake('watcher')));
    expect((await chooseControl(given)).controller.via).to.equal('watcher');
    expect(diary).to.deep.equal([]);
  });

  it('is this process where nobody has control, which it holds until it is done', async () => {
    const { given, diary } = parts('start-stop-daemon', () => Promise.resolve(undefined));
    const chosen = await chooseControl(given);
    expect(chosen.controller.via).to.equal('direct');
    expect(diary).to.deep.equal(['lock control']);
    chosen.release();
    expect(diary).to.deep.equal(['lock control', 'unlock control']);
  });

  it('is this process under systemd, without a lock', async () => {
    const { given, diary } = parts('systemd', () => Promise.resolve(undefined));
    expect((await chooseControl(given)).controller.via).to.equal('direct');
    expect(diary).to.deep.equal([]);
  });

  it('is a watcher that has control already but only begins to answer', async () => {
    let asked = 0;
    const { given, locks } = parts('built-in', () => Promise.resolve(++asked === 3 ? fake('watcher') : undefined));
    locks.takenByOthers.set('control', 'watchkeeper run (pid 5)');
    expect((await chooseControl(given)).controller.via).to.equal('watcher');
    expect(locks.held.size).to.equal(0);
  });

  it('is nobody where the watcher has control and never answers: told with its name, after the deadline', async () => {
    const { given, locks, clock } = parts('built-in', () => Promise.resolve(undefined));
    locks.takenByOthers.set('control', 'watchkeeper run (pid 5) since 3 h');
    const began = clock.now;
    const error = await chooseControl(given).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(WatchkeeperError).with.property('code', 'WATCHER_SILENT');
    expect(String(error)).to.include('watchkeeper run (pid 5)');
    expect(clock.now - began).to.be.within(given.timeout, given.timeout + 500);
  });

  it('is not this process without systemd, where the watcher hangs or may not be asked', async () => {
    for (const code of ['WATCHER_SILENT', 'STATE_UNWRITABLE'] as const) {
      const refusal = new WatchkeeperError(code, 'cannot ask the watcher', 'it hangs', '');
      const { given, diary } = parts('built-in', () => Promise.reject(refusal));
      expect(await chooseControl(given).then(() => undefined, (reason: unknown) => reason)).to.equal(refusal);
      expect(diary).to.deep.equal([]);
    }
  });

  it('is this process under systemd, also where the watcher hangs', async () => {
    const { given } = parts('systemd', () => Promise.reject(new WatchkeeperError('WATCHER_SILENT', 'cannot ask the watcher', 'it hangs', '')));
    const chosen = await chooseControl(given);
    expect(chosen.controller.via).to.equal('direct');
    expect(chosen.reason).to.include('it hangs');
  });

  it('answers questions without a watcher that hangs, but not without one that may not be asked', async () => {
    const silent = new WatchkeeperError('WATCHER_SILENT', 'cannot ask the watcher', 'it hangs', '');
    const forbidden = new WatchkeeperError('STATE_UNWRITABLE', 'cannot ask the watcher', 'permission denied', 'the same as root');
    expect((await chooseReader(parts('built-in', () => Promise.reject(silent)).given)).controller.via).to.equal('direct');
    expect((await chooseReader(parts('systemd', () => Promise.reject(forbidden)).given)).controller.via).to.equal('direct');
    const error = await chooseReader(parts('built-in', () => Promise.reject(forbidden)).given).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.equal(forbidden);
  });

  it('lets control go where it cannot use it', async () => {
    const { given, locks } = parts('built-in', () => Promise.resolve(undefined));
    const error = await chooseControl({ ...given, direct: () => Promise.reject(new Error('no')) }).then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(locks.held.size).to.equal(0);
  });

  it('locks nothing for a question', async () => {
    const { given, diary } = parts('built-in', () => Promise.resolve(undefined));
    expect((await chooseReader(given)).controller.via).to.equal('direct');
    expect(diary).to.deep.equal([]);
  });
});
