import { expect } from 'chai';
import fc from 'fast-check';

import { MAX_MESSAGE, parseNotifyMessage, SILENCE, usesNotifications, watchdogOf } from '../../../src/core/notify-message.js';
import { daemonSpec } from '../../support/daemon-spec.js';

describe('sd_notify messages', () => {
  it('are read, several assignments at once', () => {
    expect(parseNotifyMessage('READY=1\nSTATUS=serves 3 clients\nMAINPID=4711\nWATCHDOG_USEC=2500000\nEXTEND_TIMEOUT_USEC=60000000')).to.deep.equal({
      ...SILENCE,
      ready: true,
      status: 'serves 3 clients',
      mainPid: 4711,
      watchdogInterval: 2500,
      extendTimeout: 60_000,
    });
    expect(parseNotifyMessage('RELOADING=1\nMONOTONIC_USEC=12\n')?.reloading).to.equal(true);
    expect(parseNotifyMessage('STOPPING=1')?.stopping).to.equal(true);
    expect(parseNotifyMessage('WATCHDOG=1')?.watchdog).to.equal('ping');
    expect(parseNotifyMessage('WATCHDOG=trigger')?.watchdog).to.equal('trigger');
  });

  it('that say nothing of ours are nothing', () => {
    for (const text of ['', 'FDSTORE=1\nFDNAME=x', 'READY', 'READY=yes', '=1', 'MAINPID=0', 'MAINPID=-1', 'MAINPID=99999999', 'WATCHDOG_USEC=0', 'WATCHDOG_USEC=1e9', 'ready=1']) {
      expect(parseNotifyMessage(text), text).to.equal(undefined);
    }
  });

  it('cannot do harm by what they hold', () => {
    expect(parseNotifyMessage('STATUS=\u001b[2Jred\r')?.status).to.equal('\\e[2Jred\\r');
    expect(parseNotifyMessage(`STATUS=${'x'.repeat(4000)}`)?.status?.length).to.equal(256);
    expect(parseNotifyMessage(`STATUS=${'x'.repeat(MAX_MESSAGE)}`)).to.equal(undefined);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const message = parseNotifyMessage(text);
        expect(message?.status?.length ?? 0).to.be.at.most(256);
      }),
    );
    const key = fc.constantFrom('READY', 'STATUS', 'MAINPID', 'WATCHDOG', 'WATCHDOG_USEC', 'EXTEND_TIMEOUT_USEC', '__proto__');
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string({ maxLength: 30 }))), (pairs) => {
        const message = parseNotifyMessage(pairs.map(([name, value]) => `${name}=${value}`).join('\n'));
        const { mainPid = 1, watchdogInterval = 1, extendTimeout = 1 } = message ?? {};
        expect(mainPid).to.be.within(1, 4 * 1024 * 1024);
        expect([watchdogInterval, extendTimeout].every((ms) => ms >= 1 && ms <= 86_400_000)).to.equal(true);
      }),
    );
  });

  it('are listened for where readiness or a watchdog needs them', () => {
    const watchdog = { name: 'w', kind: 'liveness', method: { kind: 'watchdog' }, grace: 0, interval: 2000, timeout: 1, successThreshold: 1, failureThreshold: 1 } as const;
    expect(usesNotifications(daemonSpec({ name: 'a' }))).to.equal(false);
    expect(usesNotifications(daemonSpec({ name: 'a', readiness: { kind: 'notify' } }))).to.equal(true);
    expect(watchdogOf(daemonSpec({ name: 'a', health: [watchdog] }))).to.equal(2000);
  });
});
