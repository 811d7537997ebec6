/**
 * A world around one supervision machine: carries out its effects in any order
 * that a real one could, and checks after each step what must never happen.
 */
import { initialSupervision, NO_MEMORY, step } from '../../src/core/supervision.js';
import { isReady } from '../../src/core/supervision-moves.js';
import type { Effect, Supervision, SupervisionEvent } from '../../src/core/supervision-state.js';
import type { ProcessIdentity } from '../../src/core/process-identity.js';
import { daemonSpec, TEST_RESTART_POLICY } from './daemon-spec.js';

export const WORLD_ACTIONS = [
  'want-up', 'want-down', 'restart', 'kill', 'ready', 'not-ready', 'launch-answer', 'stop-answer', 'time', 'dependencies', 'stray',
  'pause', 'hold', 'unhealthy', 'degraded', 'retry-now', 'reset', 'role', 'role-gained', 'role-lost',
] as const;

export type WorldAction = (typeof WORLD_ACTIONS)[number];

const SPEC = daemonSpec({ name: 'd' });
const LONGEST = Math.max(TEST_RESTART_POLICY.slowRetryDelay, TEST_RESTART_POLICY.maxDelay, TEST_RESTART_POLICY.stableAfter, 2 * TEST_RESTART_POLICY.maxDelay) * 1.2;

export class SupervisionWorld {
  state: Supervision;
  #now = 1_000;
  #nextPid = 100;
  #alive: ProcessIdentity | undefined;
  /** Launches asked for and not answered. */
  #launching = 0;
  #terminating = false;
  /** It outlived a stop. */
  #stuck: ProcessIdentity | undefined;
  #timer: { token: number; due: number } | undefined;
  #pausedBefore: string | undefined;
  #withheld: string | undefined;
  #settling = false;
  #heldBefore: string | undefined;
  /** An operator's word is being handled. */
  #explicit = false;
  /** An operator's wish to have it up has not led to a launch yet. */
  #asked = false;

  constructor(wantedUp: boolean, found: boolean) {
    this.state = initialSupervision(wantedUp ? 'up' : 'down', NO_MEMORY);
    if (found) {
      this.#alive = this.#fork();
      this.#send({ kind: 'found', process: this.#alive, reason: 'ran before' });
    } else this.#send({ kind: 'absent', reason: 'boot' });
  }

  act(action: WorldAction, choice: number): void {
    switch (action) {
      case 'want-up':
        // After a stop that is under way the start is still the operator's.
        this.#asked = true;
        this.#explicitly({ kind: 'want-up', by: 'test', oneShotArguments: choice % 2 === 0 ? [] : ['--once'] });
        return;
      case 'want-down':
        this.#send({ kind: 'want-down', by: 'test' });
        return;
      case 'restart':
        this.#asked = true;
        this.#explicitly({ kind: 'restart', by: 'test', oneShotArguments: [] });
        return;
      case 'kill':
        this.#kill(choice);
        return;
      case 'ready':
        if (this.#alive !== undefined) this.#send({ kind: 'ready', process: this.#alive });
        return;
      case 'not-ready':
        if (this.#alive !== undefined) this.#send({ kind: 'not-ready', process: this.#alive, reason: 'slow' });
        return;
      case 'launch-answer':
        this.#answerLaunch(choice);
        return;
      case 'stop-answer':
        this.#answerStop(choice);
        return;
      case 'time':
        this.#pass(choice);
        return;
      case 'dependencies':
        this.#send({ kind: 'dependencies', unmet: choice % 2 === 0 ? [] : ['db'] });
        return;
      case 'pause':
        this.#pausedBefore = choice % 2 === 0 ? undefined : 'paused';
        this.#send({ kind: 'paused', reason: this.#pausedBefore });
        return;
      case 'hold':
        this.#heldBefore = choice % 2 === 0 ? undefined : 'held';
        this.#send({ kind: 'held', reason: this.#heldBefore });
        return;
      case 'unhealthy':
        if (this.#alive !== undefined) this.#send({ kind: 'unhealthy', process: this.#alive, reason: 'hung' });
        return;
      case 'degraded':
        if (this.#alive !== undefined) this.#send({ kind: 'degraded', process: this.#alive, reason: choice % 2 === 0 ? undefined : 'slow' });
        return;
      case 'retry-now':
        this.#explicitly({ kind: 'retry-now', by: 'test' });
        return;
      case 'reset':
        this.#explicitly({ kind: 'reset', by: 'test' });
        return;
      case 'role':
        this.#withheld = choice % 2 === 0 ? undefined : 'not master';
        this.#settling = choice % 3 === 0 && this.#withheld !== undefined;
        this.#send({ kind: 'role', withheld: this.#withheld, settling: this.#settling });
        return;
      case 'role-gained':
      case 'role-lost':
        this.#send({ kind: action, by: 'the role' });
        return;
      case 'stray':
        this.#stray(choice);
        return;
    }
  }

  /** Lets everything end well, and wishes. */
  behave(up: boolean): void {
    this.act('dependencies', 0);
    this.act('pause', 0);
    this.act('role', 0);
    this.act('hold', 0);
    this.act(up ? 'want-up' : 'want-down', 0);
    for (let turn = 0; turn < 20; turn += 1) {
      this.#answerLaunch(1);
      this.#answerStop(1);
      this.act('ready', 0);
    }
  }

  check(): void {
    const { phase, desired } = this.state;
    const armed = this.#timer?.token;
    const mayBeArmed = 'token' in phase ? phase.token : undefined;
    if (armed !== mayBeArmed) throw new Error(`in ${phase.kind} the timer ${String(armed)} is armed, not ${String(mayBeArmed)}`);
    if (phase.kind === 'running' && this.#alive === undefined) throw new Error('running without a process');
    if (isReady(phase) && this.#stuck !== undefined && this.#alive === this.#stuck) throw new Error('ready, although it could not be ended');
    const timed = phase.kind === 'backing-off' || phase.kind === 'crash-loop' || phase.kind === 'waiting';
    if (desired === 'down' && timed) throw new Error(`wanted down, and in ${phase.kind}`);
  }

  get running(): boolean {
    return this.#alive !== undefined;
  }

  #explicitly(event: SupervisionEvent): void {
    this.#explicit = true;
    this.#send(event);
    this.#explicit = false;
  }

  #fork(): ProcessIdentity {
    this.#nextPid += 1;
    return { pid: this.#nextPid, startTicks: this.#now, bootId: 'boot' };
  }

  #send(event: SupervisionEvent): void {
    const [next, effects] = step(this.state, event, { spec: SPEC, notMasterExitStatus: 11, now: this.#now, random: (this.#now % 100) / 100 });
    this.state = next;
    for (const effect of effects) this.#execute(effect);
    this.check();
  }

  #execute(effect: Effect): void {
    switch (effect.kind) {
      case 'launch':
        if (this.#alive !== undefined || this.#launching > 0) throw new Error('a second instance was launched');
        if (this.state.desired === 'down') throw new Error('what is wanted down was launched');
        if (this.#pausedBefore !== undefined && !this.#explicit && !this.#asked) throw new Error('a paused daemon was launched by itself');
        if (this.#heldBefore !== undefined && !this.#explicit && !this.#asked) throw new Error('what the cluster holds was launched by itself');
        if (this.#withheld !== undefined && !this.#explicit && !this.#asked) throw new Error('a daemon whose role is not held was launched by itself');
        // Whoever was to have his turn had it.
        if (this.#settling) this.#withheld = undefined;
        this.#settling = false;
        this.#asked = false;
        this.#launching += 1;
        return;
      case 'terminate':
        if (this.#terminating) throw new Error('terminated twice');
        if (this.#pausedBefore !== undefined && this.state.reason === 'hung') throw new Error('a paused daemon was taken down for its health');
        if (this.#heldBefore !== undefined && this.state.reason === 'hung') throw new Error('what the cluster holds was taken down by the watcher');
        this.#terminating = true;
        return;
      case 'arm-timer':
        if (this.#timer !== undefined) throw new Error('a timer was armed over another');
        if (effect.delay < 0 || effect.delay > LONGEST) throw new Error(`a delay of ${effect.delay} ms`);
        this.#timer = { token: effect.token, due: this.#now + effect.delay };
        return;
      case 'disarm-timer':
        this.#timer = undefined;
        return;
      case 'tell-cluster':
        if (this.#heldBefore === undefined) throw new Error('the cluster was told of what it does not hold');
        if (this.#pausedBefore !== undefined) throw new Error('the cluster was told of a paused daemon');
        if (this.state.desired === 'down') throw new Error('the cluster was told of what is wanted down');
        return;
      case 'remember':
      case 'announce':
        return;
    }
  }

  #kill(choice: number): void {
    const process = this.#alive;
    if (process === undefined) return;
    this.#alive = undefined;
    const status = [0, 1, 11, 78][choice % 7];
    this.#send({ kind: 'exited', process, exit: status === undefined ? { kind: 'killed', signal: 'SIGKILL' } : { kind: 'exited', status }, detail: '' });
  }

  /** A stop that is under way is answered only once the process is gone. */
  #answerStop(choice: number): void {
    if (!this.#terminating) return;
    this.#terminating = false;
    const process = this.#alive;
    const fails = choice % 5 === 0;
    if (fails && choice % 10 === 0) {
      this.#stuck = process;
      this.#send({ kind: 'stop-failed', reason: 'stuck' });
      return;
    }
    const exited = (): void => {
      this.#alive = undefined;
      if (process !== undefined) this.#send({ kind: 'exited', process, exit: { kind: 'killed', signal: 'SIGTERM' }, detail: '' });
    };
    const isFirst = choice % 4 < 2;
    if (isFirst) exited();
    // What it left could not be ended: the end of the daemon itself may be told after that, but it is.
    if (fails) this.#send({ kind: 'stop-failed', reason: 'a child is stuck' });
    else {
      this.#alive = undefined;
      this.#send({ kind: 'gone' });
    }
    if (!isFirst) exited();
  }

  #answerLaunch(choice: number): void {
    if (this.#launching === 0) return;
    this.#launching -= 1;
    if (choice % 5 === 0) { this.#send({ kind: 'launch-failed', code: 'failed', reason: 'no', retry: choice % 3 !== 0 }); return; }
    if (choice % 11 === 0) { this.#send({ kind: 'skipped', reason: 'condition' }); return; }
    this.#alive = this.#fork();
    this.#send({ kind: 'launched', process: this.#alive });
  }

  #pass(choice: number): void {
    const timer = this.#timer;
    this.#now += choice;
    if (timer === undefined || timer.due > this.#now) return;
    this.#timer = undefined;
    // A timer that has fired is no longer armed when the machine hears of it.
    this.#sendFired(timer.token);
  }

  #sendFired(token: number): void {
    const before = this.state.phase;
    this.#send({ kind: 'timer', token });
    if ('token' in before && before.token === token && this.state.phase === before) throw new Error(`the timer of ${before.kind} was ignored`);
  }

  /** Late, doubled or foreign news. */
  #stray(choice: number): void {
    const stranger = { pid: 1, startTicks: choice, bootId: 'other' };
    const strays: readonly SupervisionEvent[] = [
      { kind: 'timer', token: -1 },
      { kind: 'exited', process: stranger, exit: { kind: 'unknown' }, detail: '' },
      { kind: 'ready', process: stranger },
      { kind: 'not-ready', process: stranger, reason: 'late' },
    ];
    const stray = strays[choice % strays.length];
    if (stray !== undefined) this.#send(stray);
  }
}

/** @throws Error if the world did not come to rest on the wished side */
export function expectWish(up: boolean, world: SupervisionWorld): void {
  if (world.running !== up) throw new Error(`wanted ${up ? 'up' : 'down'}, but ${world.state.phase.kind}: ${world.state.reason}`);
}
