import { expect } from 'chai';

import { CLEAN_TALLY } from '../../../src/core/restart.js';
import { initialSupervision, NO_MEMORY, step } from '../../../src/core/supervision.js';
import { isReady } from '../../../src/core/supervision-moves.js';
import type { Effect, Memory, PhaseKind, Supervision, SupervisionEvent } from '../../../src/core/supervision-state.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const process = (pid: number) => ({ pid, startTicks: pid * 10, bootId: 'boot' });
const A = process(1);
const B = process(2);
const KILLED = { kind: 'killed', signal: 'SIGKILL' } as const;

/** Drives one machine by hand; the clock stands still unless it is told otherwise. */
class Machine {
  state: Supervision;
  effects: readonly Effect[] = [];
  now = 1_000_000;
  readonly spec = daemonSpec({ name: 'web', successExitStatuses: [0] });

  constructor(desired: 'up' | 'down' = 'up', memory: Memory = NO_MEMORY) {
    this.state = initialSupervision(desired, memory);
  }

  send(event: SupervisionEvent): this {
    [this.state, this.effects] = step(this.state, event, { spec: this.spec, notMasterExitStatus: 11, now: this.now, random: 0.5 });
    return this;
  }

  get phase(): PhaseKind {
    return this.state.phase.kind;
  }

  did(kind: Effect['kind']): boolean {
    return this.effects.some((effect) => effect.kind === kind);
  }

  news(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'announce' ? [effect.news] : []));
  }

  /** Fires the timer that the last effects armed. */
  fire(): this {
    const armed = this.effects.find((effect) => effect.kind === 'arm-timer');
    if (armed?.kind !== 'arm-timer') throw new Error('no timer was armed');
    this.now += armed.delay;
    return this.send({ kind: 'timer', token: armed.token });
  }

  running(process = A): this {
    return this.send({ kind: 'absent', reason: 'boot' }).send({ kind: 'launched', process }).send({ kind: 'ready', process });
  }
}

const handOver = (process: typeof A): SupervisionEvent => ({ kind: 'main-process', process, reason: 'it said so' });
const wantDown: SupervisionEvent = { kind: 'want-down', by: 'operator' };
const wantUp: SupervisionEvent = { kind: 'want-up', by: 'operator', oneShotArguments: [] };

describe('core/supervision', () => {
  it('starts what is wanted up and absent, and runs once it is ready', () => {
    const machine = new Machine().send({ kind: 'absent', reason: 'boot' });
    expect([machine.phase, machine.did('launch')]).to.deep.equal(['starting', true]);
    machine.send({ kind: 'launched', process: A }).send({ kind: 'ready', process: A });
    expect([machine.phase, machine.news()]).to.deep.equal(['running', ['ready']]);
  });

  it('does not start what is wanted down', () => {
    expect(new Machine('down').send({ kind: 'absent', reason: 'boot' }).did('launch')).to.equal(false);
  });

  it('adopts what runs and launches nothing beside it', () => {
    const machine = new Machine().send({ kind: 'found', process: A, reason: 'pid file' });
    expect([machine.phase, machine.did('launch')]).to.deep.equal(['running', false]);
  });

  it('leaves alone what runs although it is wanted down, and does not revive it', () => {
    const machine = new Machine('down').send({ kind: 'found', process: A, reason: 'pid file' });
    expect([machine.phase, machine.did('terminate')]).to.deep.equal(['running', false]);
    machine.send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
    expect([machine.phase, machine.did('launch'), machine.did('arm-timer')]).to.deep.equal(['stopped', false, false]);
  });

  it('restarts a killed daemon after the decided delay, with the reason', () => {
    const machine = new Machine().running().send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
    expect(machine.phase).to.equal('backing-off');
    expect(machine.state.reason).to.equal('killed by SIGKILL');
    expect(machine.news()).to.deep.equal(['crash', 'restart']);
    machine.fire();
    expect([machine.phase, machine.did('launch'), machine.state.memory.restarts]).to.deep.equal(['starting', true, 1]);
  });

  it('ignores the end of a process that is not the one it counts', () => {
    expect(new Machine().running().send({ kind: 'exited', process: B, exit: KILLED, detail: '' }).phase).to.equal('running');
  });

  it('waits for a stop to be complete before it starts again', () => {
    const machine = new Machine().running().send({ kind: 'restart', by: 'operator', oneShotArguments: ['--once'] });
    expect([machine.phase, machine.did('terminate'), machine.did('launch')]).to.deep.equal(['stopping', true, false]);
    machine.send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
    expect(machine.did('launch')).to.equal(false);
    machine.send({ kind: 'gone' });
    expect(machine.effects).to.deep.include({ kind: 'launch', oneShotArguments: ['--once'] });
  });

  it('gives one-shot arguments to one launch and to no later one', () => {
    const machine = new Machine().send({ kind: 'want-up', by: 'operator', oneShotArguments: ['--no-voting'] });
    expect(machine.effects).to.deep.include({ kind: 'launch', oneShotArguments: ['--no-voting'] });
    machine.send({ kind: 'launched', process: A }).send({ kind: 'exited', process: A, exit: KILLED, detail: '' }).fire();
    expect(machine.effects).to.deep.include({ kind: 'launch', oneShotArguments: [] });
  });

  it('stops a launch that is under way as soon as its process is known', () => {
    const machine = new Machine().send(wantUp).send(wantDown);
    expect([machine.phase, machine.did('terminate')]).to.deep.equal(['stopping', false]);
    machine.send({ kind: 'launched', process: A });
    expect(machine.did('terminate')).to.equal(true);
    machine.send({ kind: 'gone' });
    expect(machine.phase).to.equal('stopped');
  });

  it('does not restart what a stop ended, whatever the order of the news', () => {
    const machine = new Machine().running().send(wantDown).send({ kind: 'gone' }).send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
    expect([machine.phase, machine.state.desired]).to.deep.equal(['stopped', 'down']);
  });

  it('waits visibly for a required daemon and starts when it is ready', () => {
    const machine = new Machine().send({ kind: 'dependencies', unmet: ['db'] }).send(wantUp);
    expect([machine.phase, machine.state.reason]).to.deep.equal(['waiting', 'waits for db']);
    machine.send({ kind: 'dependencies', unmet: [] });
    expect([machine.phase, machine.did('launch')]).to.deep.equal(['starting', true]);
  });

  it('takes a daemon that is not ready in time down, and counts that as a failure', () => {
    const machine = new Machine().send(wantUp).send({ kind: 'launched', process: A }).send({ kind: 'not-ready', process: A, reason: 'not ready within 5 s' });
    expect([machine.phase, machine.did('terminate')]).to.deep.equal(['stopping', true]);
    machine.send({ kind: 'gone' });
    expect(machine.phase).to.equal('backing-off');
    expect(machine.state.memory.tally.row).to.equal(1);
  });

  it('ends in a crash loop that an explicit start ends at once', () => {
    const machine = new Machine().running();
    for (let failure = 0; failure < 5; failure += 1) {
      machine.send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
      if (failure < 4) machine.fire().send({ kind: 'launched', process: A });
    }
    expect([machine.phase, machine.news()]).to.deep.equal(['crash-loop', ['crash', 'crash-loop']]);
    machine.send(wantUp);
    expect([machine.phase, machine.did('disarm-timer'), machine.did('launch')]).to.deep.equal(['starting', true, true]);
    expect(machine.state.memory.tally).to.deep.equal(CLEAN_TALLY);
  });

  it('says that it is stable again, once, after the row of failures is over', () => {
    const machine = new Machine().running().send({ kind: 'exited', process: A, exit: KILLED, detail: '' }).fire();
    machine.send({ kind: 'launched', process: B }).send({ kind: 'ready', process: B }).fire();
    expect([machine.phase, machine.news()]).to.deep.equal(['running', ['recovered']]);
    expect(machine.state.memory.tally).to.deep.equal(CLEAN_TALLY);
  });

  it('gives up on an exit status that no restart can mend, until an operator asks', () => {
    const machine = new Machine().running().send({ kind: 'exited', process: A, exit: { kind: 'exited', status: 78 }, detail: '' });
    expect([machine.phase, machine.did('arm-timer')]).to.deep.equal(['given-up', false]);
    expect(machine.send(wantUp).phase).to.equal('starting');
  });

  it('goes on where the last watcher of this boot stopped', () => {
    const tally = { failures: [1], row: 3, lastDelay: 8000, looping: false };
    const machine = new Machine('up', { ...NO_MEMORY, tally, retryAt: 1_004_000 }).send({ kind: 'absent', reason: 'boot' });
    expect(machine.phase).to.equal('backing-off');
    expect(machine.effects).to.deep.include({ kind: 'arm-timer', token: 1, delay: 4000 });
    expect(new Machine('up', { ...NO_MEMORY, givenUp: true }).send({ kind: 'absent', reason: 'boot' }).phase).to.equal('given-up');
  });

  it('says so when a daemon outlives its stop', () => {
    const machine = new Machine().running().send(wantDown).send({ kind: 'stop-failed', reason: 'outlived SIGKILL' });
    expect([machine.phase, machine.state.desired, machine.news()]).to.deep.equal(['running', 'down', ['stop-failed']]);
    expect(isReady(machine.state.phase)).to.equal(false);
    machine.send({ kind: 'degraded', process: A, reason: 'slow' }).send({ kind: 'degraded', process: A, reason: undefined });
    expect(isReady(machine.state.phase)).to.equal(false);
    machine.send({ kind: 'exited', process: A, exit: KILLED, detail: '' });
    expect(machine.phase).to.equal('stopped');
  });

  it('knows a daemon that has ended from one that outlives its stop', () => {
    const ended: SupervisionEvent = { kind: 'exited', process: A, exit: KILLED, detail: '' };
    const failure: SupervisionEvent = { kind: 'stop-failed', reason: 'pid 7 outlived SIGKILL' };
    const stopped = new Machine().running().send(wantDown).send(ended).send(failure);
    expect([stopped.phase, stopped.state.reason, stopped.news()]).to.deep.equal(['stopped', 'pid 7 outlived SIGKILL', ['stop-failed', 'stopped']]);
    const restarted = new Machine().running().send({ kind: 'restart', by: 'operator', oneShotArguments: ['--once'] }).send(ended).send(failure);
    expect(restarted.phase).to.equal('starting');
    expect(restarted.effects).to.deep.include({ kind: 'launch', oneShotArguments: ['--once'] });
    const hung = new Machine().running().send({ kind: 'unhealthy', process: A, reason: 'hung' }).send(ended).send(failure);
    expect([hung.phase, hung.state.reason, hung.state.memory.lastExit]).to.deep.equal(['backing-off', 'hung', KILLED]);
    const stranger = new Machine().running().send(wantDown).send({ ...ended, process: B }).send(failure);
    expect([stranger.phase, stranger.state.memory.lastExit]).to.deep.equal(['running', undefined]);
  });

  it('goes on in the process that the daemon names as its main one; the end of the old one is nothing then', () => {
    const machine = new Machine().running().send({ kind: 'degraded', process: A, reason: 'slow' }).send(handOver(B));
    expect(machine.news()).to.deep.equal(['adopted']);
    expect(machine.state.phase).to.deep.include({ kind: 'running', process: B, degraded: undefined });
    expect(machine.send({ kind: 'exited', process: A, exit: KILLED, detail: '' }).phase).to.equal('running');
    expect(machine.send({ kind: 'exited', process: B, exit: KILLED, detail: '' }).phase).to.equal('backing-off');
    expect(machine.send(handOver(A)).phase, 'a late word of the dead').to.equal('backing-off');
    const stopping = new Machine().running().send(wantDown).send(handOver(B));
    expect(stopping.state.phase).to.deep.include({ kind: 'stopping', process: A });
  });
});
