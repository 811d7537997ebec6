/**
 * What happens in the cells of the supervision machine's table (supervision.ts)
 * that deal with pauses, roles, health, and an operator's patience.
 */
import { CLEAN_TALLY } from './restart.js';
import type { EventOf } from './supervision-handlers.js';
import { announce, goOn, isOurs, launch, leave, remember, tellCluster, terminate } from './supervision-moves.js';
import type { Context, Step, Supervision } from './supervision-state.js';

const ignore = (state: Supervision): Step => [state, []];

export function notePause(state: Supervision, event: EventOf<'paused'>): Step {
  return [{ ...state, paused: event.reason }, []];
}

export function maybeResume(state: Supervision, event: EventOf<'paused'>, context: Context): Step {
  return goOn({ ...state, paused: event.reason }, 'the pause is over', context);
}

export function noteRole(state: Supervision, event: EventOf<'role'>): Step {
  return [{ ...state, ...roleOf(state, event) }, []];
}

function roleOf({ withheld: before, stranded }: Supervision, { withheld, settling }: EventOf<'role'>): Pick<Supervision, 'withheld' | 'settling' | 'stranded'> {
  return { withheld, settling, stranded: withheld !== undefined && (stranded || before === undefined) };
}

/** It goes on to wait, also where the role is held now: `role-gained` ends that. */
export function noteRoleWaiting(state: Supervision, event: EventOf<'role'>): Step {
  const next = { ...state, ...roleOf(state, event) };
  return [state.unmet.length === 0 && state.held === undefined && event.withheld !== undefined ? { ...next, reason: event.withheld } : next, []];
}

/** As at the watcher's own start: what is wanted up is started. */
export function takeUpRole(state: Supervision, event: EventOf<'role-gained'>, context: Context): Step {
  return state.desired === 'down' ? ignore(state) : launch(state, event.by, context);
}

export function resumeForRole(state: Supervision, event: EventOf<'role-gained'>, context: Context): Step {
  return goOn(state, event.by, context);
}

/** It waits then, still wanted up, until the role is back. */
export function layDownRole(state: Supervision, event: EventOf<'role-lost'>, context: Context): Step {
  if (state.desired === 'down' || state.held !== undefined || !state.stranded) return ignore(state);
  return terminate(state, 'wait-for-role', event.by, context);
}

export function noteHold(state: Supervision, event: EventOf<'held'>): Step {
  return [{ ...state, held: event.reason }, []];
}

/** The cluster let go of it without a stop: it is the watcher's again. */
export function maybeLetGo(state: Supervision, event: EventOf<'held'>, context: Context): Step {
  return goOn({ ...state, held: event.reason }, 'the cluster no longer holds it', context);
}

/** An operator does not want to wait. The row of failures goes on if this attempt fails, too. */
export function retryNow(state: Supervision, event: EventOf<'retry-now'>, context: Context): Step {
  const [counted, note] = remember(state, { restarts: state.memory.restarts + 1, retryAt: undefined, givenUp: false });
  const [next, effects] = launch(counted, event.by, context, true);
  return [next, [note, ...effects]];
}

/** Failures are forgotten; what was slowed down or given up because of them is tried again. */
export function resetAndTry(state: Supervision, event: EventOf<'reset'>, context: Context): Step {
  const [forgiven, effects] = reset(state, event);
  const [next, more] = launch(forgiven, event.by, context, true);
  return [next, [...effects, ...more]];
}

export function reset(state: Supervision, event: EventOf<'reset'>): Step {
  const [next, note] = remember(state, { tally: CLEAN_TALLY, restarts: 0, retryAt: undefined, givenUp: false });
  return [next, [note, announce('reset', event.by)]];
}

/** The timer that would end the row of failures has nothing to do any more. */
export function resetRunning(state: Supervision, event: EventOf<'reset'>): Step {
  if (state.phase.kind !== 'running') return ignore(state);
  const [next, effects] = reset(state, event);
  return [{ ...next, phase: { ...state.phase, token: undefined } }, [...leave(state.phase), ...effects]];
}

/** Hung, or beyond a limit: taken down, and counted as a failure. A pause keeps our hands off. */
export function unhealthy(state: Supervision, event: EventOf<'unhealthy'>, context: Context): Step {
  if (state.phase.kind !== 'running' || !isOurs(state.phase, event.process)) return ignore(state);
  if (state.desired === 'down' || state.paused !== undefined) return ignore(state);
  if (state.held !== undefined) {
    // Told again with each further failure, which is one incident.
    const known = state.reason === event.reason;
    return [{ ...state, reason: event.reason }, [...(known ? [] : [announce('unhealthy', event.reason)]), ...tellCluster(state, event.process, event.reason)]];
  }
  const [next, effects] = terminate(state, 'count-failure', event.reason, context);
  return [next, [announce('unhealthy', event.reason), ...effects]];
}

export function degraded(state: Supervision, event: EventOf<'degraded'>): Step {
  const { phase } = state;
  if (phase.kind !== 'running' || !isOurs(phase, event.process) || phase.degraded === event.reason) return ignore(state);
  const news = event.reason === undefined ? announce('healthy', 'its readiness check passes again') : announce('degraded', event.reason);
  return [{ ...state, phase: { ...phase, degraded: event.reason } }, [news]];
}

/** The same life goes on in another process; its health is looked at anew. */
export function mainProcess(state: Supervision, event: EventOf<'main-process'>): Step {
  if (state.phase.kind !== 'running') return ignore(state);
  return [{ ...state, phase: { ...state.phase, process: event.process, degraded: undefined } }, [announce('adopted', event.reason)]];
}
