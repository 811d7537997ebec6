/** What happens in each cell of the supervision machine's table (supervision.ts). */
import { CLEAN_TALLY } from './restart.js';
import { announce, goOn, enterRunning, failure, isOurs, launch, leave, obstacle, processOf, remember, tellCluster, terminate, timed } from './supervision-moves.js';
import type { Context, EventKind, Step, Supervision, SupervisionEvent } from './supervision-state.js';

export type EventOf<E extends EventKind> = Extract<SupervisionEvent, { kind: E }>;
export type Handler<E extends EventKind> = (state: Supervision, event: EventOf<E>, context: Context) => Step;

const READY = 'its readiness check passed';

export const ignore = (state: Supervision): Step => [state, []];

/** An operator's wish to have it up. */
export function begin(state: Supervision, event: EventOf<'want-up' | 'restart'>, context: Context): Step {
  return launch({ ...state, desired: 'up', oneShotArguments: event.oneShotArguments }, event.by, context, true);
}

/** The same where failures are on record: an explicit start forgives them. */
export function beginAfresh(state: Supervision, event: EventOf<'want-up' | 'restart'>, context: Context): Step {
  const [forgiven, note] = remember(state, { tally: CLEAN_TALLY, retryAt: undefined, givenUp: false });
  const [next, effects] = begin(forgiven, event, context);
  return [next, [note, ...effects]];
}

export function wishNoted(state: Supervision, event: EventOf<'want-down'>): Step {
  return [{ ...state, desired: 'down', reason: event.by }, []];
}

/** Nothing runs; what was timed or waited for is called off. */
export function callOff(state: Supervision, event: EventOf<'want-down'>): Step {
  const [calm, note] = remember(state, { tally: CLEAN_TALLY, retryAt: undefined, givenUp: false });
  return [
    { ...calm, phase: { kind: 'stopped' }, desired: 'down', reason: event.by, oneShotArguments: [] },
    [...leave(state.phase), note, announce('stopped', event.by)],
  ];
}

/** Waiting for a daemon goes on; waiting for a role or the end of a pause is over. */
export function insist(state: Supervision, event: EventOf<'want-up' | 'restart'>, context: Context): Step {
  const next: Supervision = { ...state, desired: 'up', oneShotArguments: event.oneShotArguments };
  return obstacle(next, true) === undefined ? launch(next, event.by, context, true) : [next, []];
}

export function alreadyUp(state: Supervision): Step {
  return [{ ...state, desired: 'up' }, []];
}

export function noteUnmet(state: Supervision, event: EventOf<'dependencies'>): Step {
  return [{ ...state, unmet: event.unmet }, []];
}

export function maybeBegin(state: Supervision, event: EventOf<'dependencies'>, context: Context): Step {
  return goOn({ ...state, unmet: event.unmet }, 'the daemons that it requires are ready', context);
}

/** The look at the machine found nothing. */
export function absent(state: Supervision, event: EventOf<'absent'>, context: Context): Step {
  if (state.desired === 'down') return [{ ...state, reason: event.reason }, []];
  if (state.held !== undefined) {
    const reason = 'it was gone when the watcher came';
    return [{ ...state, phase: { kind: 'waiting' }, reason: `${reason}; ${state.held}` }, [...tellCluster(state, undefined, reason), announce('crash', reason)]];
  }
  const { retryAt, givenUp, tally } = state.memory;
  if (givenUp) return [{ ...state, phase: { kind: 'given-up' }, reason: 'given up earlier in this boot' }, []];
  if (retryAt !== undefined && retryAt > context.now) {
    return timed(state, tally.looping ? 'crash-loop' : 'backing-off', retryAt - context.now, 'the delay of an earlier failure goes on', context);
  }
  return launch(state, event.reason, context);
}

/** It ran already when we came. */
export function adopt(state: Supervision, event: EventOf<'found'>, context: Context): Step {
  const reason = state.desired === 'down' ? `${event.reason}; runs although it is wanted down` : event.reason;
  const [known, note] = remember(state, { retryAt: undefined, givenUp: false });
  const [next, effects] = enterRunning(known, event.process, reason, context);
  return [next, [...leave(state.phase), note, announce('adopted', reason), ...effects]];
}

/** A launch that was thought lost came through after all. */
export function adoptLate(state: Supervision, event: EventOf<'launched'>, context: Context): Step {
  return adopt(state, { kind: 'found', process: event.process, reason: 'its launch came late' }, context);
}

export function launched(state: Supervision, event: EventOf<'launched' | 'found' | 'main-process'>, context: Context): Step {
  return [{ ...state, phase: { kind: 'starting', process: event.process, since: context.now } }, []];
}

export function launchFailed(state: Supervision, event: EventOf<'launch-failed'>, context: Context): Step {
  return failure(state, { kind: 'start', reason: event.reason, retry: event.retry }, 0, context);
}

export function skipped(state: Supervision, event: EventOf<'skipped'>): Step {
  return [{ ...state, phase: { kind: 'stopped' }, reason: event.reason }, [announce('skipped', event.reason)]];
}

export function ready(state: Supervision, event: EventOf<'ready'>, context: Context): Step {
  if (!isOurs(state.phase, event.process)) return ignore(state);
  const [next, effects] = enterRunning(state, event.process, state.reason, context);
  return [next, [announce('ready', READY), ...effects]];
}

export function stable(state: Supervision, event: EventOf<'timer'>): Step {
  if (state.phase.kind !== 'running' || state.phase.token !== event.token) return ignore(state);
  const wasLooping = state.memory.tally.looping;
  const [next, note] = remember(state, { tally: CLEAN_TALLY, retryAt: undefined });
  const reason = wasLooping ? 'stable again after a crash loop' : 'stable again';
  return [{ ...next, phase: { ...state.phase, token: undefined }, reason }, [note, announce('recovered', reason)]];
}

export function notReady(state: Supervision, event: EventOf<'not-ready'>, context: Context): Step {
  if (!isOurs(state.phase, event.process)) return ignore(state);
  return terminate(state, 'count-failure', event.reason, context);
}

export function stop(state: Supervision, event: EventOf<'want-down'>, context: Context): Step {
  return terminate({ ...state, desired: 'down', oneShotArguments: [] }, 'stay-down', event.by, context);
}

export function stopThenStart(state: Supervision, event: EventOf<'restart'>, context: Context): Step {
  return terminate({ ...state, desired: 'up', oneShotArguments: event.oneShotArguments }, 'start', event.by, context);
}

export function terminateLate(state: Supervision, event: EventOf<'launched'>): Step {
  if (state.phase.kind !== 'stopping' || state.phase.process !== undefined) return ignore(state);
  return [
    { ...state, phase: { ...state.phase, process: event.process } },
    [{ kind: 'terminate', process: event.process }],
  ];
}

export function startAfterStop(state: Supervision, event: EventOf<'want-up' | 'restart'>): Step {
  if (state.phase.kind !== 'stopping') return ignore(state);
  return [
    { ...state, phase: { ...state.phase, then: 'start' }, desired: 'up', reason: event.by, oneShotArguments: event.oneShotArguments },
    [],
  ];
}

export function stayDownAfterStop(state: Supervision, event: EventOf<'want-down'>): Step {
  if (state.phase.kind !== 'stopping') return ignore(state);
  return [
    { ...state, phase: { ...state.phase, then: 'stay-down' }, desired: 'down', reason: event.by, oneShotArguments: [] },
    [],
  ];
}

/** Its end is not the end of the stop: what it has started may live on. Of two tales of it the first counts. */
export function noteExit(state: Supervision, event: EventOf<'exited'>): Step {
  const { phase } = state;
  if (phase.kind !== 'stopping' || phase.exit !== undefined || !isOurs(phase, event.process)) return ignore(state);
  return [{ ...state, phase: { ...phase, exit: event.exit }, memory: { ...state.memory, lastExit: event.exit } }, []];
}

/** The launch that was to be stopped never made a process. */
export function nothingToStop(state: Supervision, event: EventOf<'launch-failed' | 'skipped'>, context: Context): Step {
  if (state.phase.kind !== 'stopping' || state.phase.process !== undefined) return ignore(state);
  return gone({ ...state, reason: event.reason }, { kind: 'gone' }, context);
}

export function gone(state: Supervision, _event: EventOf<'gone'>, context: Context): Step {
  if (state.phase.kind !== 'stopping') return ignore(state);
  switch (state.phase.then) {
    case 'stay-down': {
      const [calm, note] = remember(state, { tally: CLEAN_TALLY, retryAt: undefined, givenUp: false });
      return [{ ...calm, phase: { kind: 'stopped' } }, [note, announce('stopped', state.reason)]];
    }
    case 'start':
      return launch(state, state.reason, context, true);
    case 'wait-for-role':
      return launch(state, state.reason, context);
    case 'count-failure':
      return failure(state, { kind: 'start', reason: state.reason, retry: true }, 0, context);
  }
}

/**
 * It outlived SIGKILL (a process in uninterruptible sleep), or we may not signal it.
 * Or only what it left did: it has ended, of which no other news will come.
 */
export function stopFailed(state: Supervision, { reason }: EventOf<'stop-failed'>, context: Context): Step {
  const { phase } = state;
  if (phase.kind !== 'stopping' || phase.process === undefined) return ignore(state);
  const lives = phase.exit === undefined;
  const ended = phase.then === 'stay-down' ? { ...state, reason } : state;
  const [next, effects] = lives ? enterRunning(state, phase.process, reason, context, reason) : gone(ended, { kind: 'gone' }, context);
  return [next, [announce('stop-failed', reason), ...effects]];
}

export function vanished(state: Supervision, _event: EventOf<'absent'>, context: Context): Step {
  const process = processOf(state.phase);
  return process === undefined ? ignore(state) : died(state, { kind: 'exited', process, exit: { kind: 'unknown' }, detail: '' }, context);
}

export function died(state: Supervision, event: EventOf<'exited'>, context: Context): Step {
  const { phase } = state;
  if ((phase.kind !== 'running' && phase.kind !== 'starting') || !isOurs(phase, event.process)) return ignore(state);
  const seen = { ...state, memory: { ...state.memory, lastExit: event.exit } };
  const uptime = phase.kind === 'running' ? context.now - phase.since : 0;
  if (state.desired === 'down') {
    const reason = 'ended, and is wanted down';
    return [{ ...seen, phase: { kind: 'stopped' }, reason }, [...leave(phase), announce('stopped', reason)]];
  }
  return failure(seen, { kind: 'exit', exit: event.exit, detail: event.detail }, uptime, context);
}

export function retry(state: Supervision, event: EventOf<'timer'>, context: Context): Step {
  if (!('token' in state.phase) || state.phase.token !== event.token) return ignore(state);
  const [counted, note] = remember(state, { restarts: state.memory.restarts + 1, retryAt: undefined });
  // The timer has fired: the phase is left with nothing armed.
  const [next, effects] = launch({ ...counted, phase: { kind: 'stopped' } }, state.reason, context);
  return [next, [note, ...effects]];
}
