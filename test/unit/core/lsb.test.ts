import { expect } from 'chai';

import type { DaemonStatus, StatusState } from '../../../src/core/daemon-status.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import { lsbStatus, lsbStatusOfAll, type LsbSubject } from '../../../src/core/lsb.js';
import { daemonSpec } from '../../support/daemon-spec.js';

function subject(observed: StatusState, more: Partial<Omit<LsbSubject, 'spec' | 'status'>> & { spec?: Partial<DaemonSpec>; status?: Partial<DaemonStatus> } = {}): LsbSubject {
  const status: DaemonStatus = {
    name: 'x', desired: 'up', observed, ready: false, pid: null, uptime: null, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null, ...more.status,
  };
  const base = daemonSpec({ name: 'x' });
  return { spec: { ...base, restart: { ...base.restart, when: 'on-failure' }, ...more.spec }, status, pidFile: more.pidFile ?? false, heldBack: more.heldBack ?? false };
}

const exited = (status: number): Partial<DaemonStatus> => ({ lastExit: { kind: 'exited', status } });
const all = (...subjects: LsbSubject[]): number => lsbStatusOfAll(subjects, 11);

describe('the LSB status of one daemon', () => {
  it('is 0 as long as it has a process', () => {
    for (const state of ['running', 'degraded', 'starting', 'stopping'] as const) expect(lsbStatus(subject(state)), state).to.equal(0);
  });

  it('is 1 where it died and nobody meant it to, 3 where it is down', () => {
    for (const state of ['backing-off', 'crash-loop', 'given-up', 'failed'] as const) expect(lsbStatus(subject(state)), state).to.equal(1);
    for (const state of ['stopped', 'waiting'] as const) expect(lsbStatus(subject(state)), state).to.equal(3);
    expect(lsbStatus(subject('stopped', { pidFile: true }))).to.equal(1);
  });
});

describe('the LSB status of a group', () => {
  const up = subject('running');

  it('is 0 where all runs that belongs up here', () => {
    expect(all(up, up)).to.equal(0);
    expect(all(up, subject('stopped', { status: { desired: 'down' } })), 'stopped by hand').to.equal(0);
    expect(all(up, subject('stopped', { heldBack: true })), 'unmet condition').to.equal(0);
    expect(all(up, subject('stopped', { spec: { onDemand: true } })), 'on demand').to.equal(0);
    expect(all(up, subject('stopped', { status: exited(11) })), 'not master').to.equal(0);
    expect(all(up, subject('stopped', { status: exited(0) })), 'had nothing to do').to.equal(0);
    expect(all(up, subject('stopped', { status: exited(7), spec: { successExitStatuses: [7] } })), 'a success of its own').to.equal(0);
  });

  it('is 3 where something is down that belongs up, or nothing runs at all', () => {
    expect(all(up, subject('stopped'))).to.equal(3);
    expect(all(up, subject('waiting'))).to.equal(3);
    expect(all(up, subject('stopped', { status: exited(1) }))).to.equal(3);
    const always = daemonSpec({ name: 'x' }).restart;
    expect(all(up, subject('stopped', { status: exited(0), spec: { restart: { ...always, when: 'always' } } }))).to.equal(3);
    expect(all(subject('stopped', { status: { desired: 'down' } }), subject('stopped', { heldBack: true }))).to.equal(3);
    expect(all()).to.equal(3);
  });

  it('is 1 where something died', () => {
    expect(all(up, subject('stopped'), subject('failed'))).to.equal(1);
    expect(all(subject('stopped', { pidFile: true }))).to.equal(1);
    expect(all(up, subject('stopped', { status: { desired: 'down' }, pidFile: true })), 'stopped by hand, yet its pid file is there').to.equal(1);
  });
});
