/** The moves between phases that several cells of the supervision machine share. */
import { formatDuration } from './duration.js';
import { sameProcess, type ProcessIdentity } from './process-identity.js';
import { decideRestart, describeFailure, stableUptime, type Decision, type Failure } from './restart.js';
import type { AfterStop, Context, Effect, Memory, NewsKind, Phase, Step, Supervision } from './supervision-state.js';

export const announce = (news: NewsKind, reason: string, delay?: number): Effect => ({ kind: 'announce', news, reason, delay });

/** A timer belongs to its phase: whoever leaves a phase disarms its timer. */
export function leave(phase: Phase): Effect[] {
  const armed = 'token' in phase && phase.token !== undefined;
  return armed ? [{ kind: 'disarm-timer' }] : [];
}

export function processOf(phase: Phase): ProcessIdentity | undefined {
  return 'process' in phase ? phase.process : undefined;
}

export function remember(state: Supervision, changes: Partial<Memory>): [Supervision, Effect] {
  const memory = { ...state.memory, ...changes };
  return [{ ...state, memory }, { kind: 'remember', memory }];
}

/** Why a launch must wait; undefined: it need not. An operator's own word goes before roles and pauses. */
export function obstacle(state: Supervision, explicit: boolean): string | undefined {
  if (state.unmet.length > 0) return `waits for ${state.unmet.join(', ')}`;
  return explicit ? undefined : (state.held ?? state.withheld ?? state.paused);
}

/** Into `starting`, or `waiting` while a required daemon is not ready or somebody paused it. */
export function launch(state: Supervision, reason: string, context: Context, explicit = false): Step {
  const effects = leave(state.phase);
  const why = obstacle(state, explicit);
  if (why !== undefined) {
    return [{ ...state, phase: { kind: 'waiting' }, reason: why }, [...effects, announce('waiting', why)]];
  }
  const next: Supervision = {
    ...state,
    phase: { kind: 'starting', process: undefined, since: context.now },
    reason,
    oneShotArguments: [],
    stranded: false,
    ...(explicit && state.settling ? { withheld: undefined, settling: false } : {}),
  };
  return [next, [...effects, announce('start', reason), { kind: 'launch', oneShotArguments: state.oneShotArguments }]];
}

/** A row of failures ends after a stable uptime: that is what the timer is for. @param unstoppable why a stop has left it there */
export function enterRunning(state: Supervision, process: ProcessIdentity, reason: string, context: Context, unstoppable?: string): Step {
  const { tally } = state.memory;
  const inRow = unstoppable === undefined && (tally.row > 0 || tally.looping);
  const token = inRow ? state.tokens + 1 : undefined;
  const next: Supervision = {
    ...state,
    phase: { kind: 'running', process, since: context.now, token, degraded: undefined, unstoppable },
    reason,
    tokens: token ?? state.tokens,
  };
  return [next, token === undefined ? [] : [{ kind: 'arm-timer', token, delay: stableUptime(context.spec.restart, tally) }]];
}

/** Into `stopping`. Without a process yet, the launch's own answer ends it. */
export function terminate(state: Supervision, then: AfterStop, reason: string, context: Context): Step {
  const process = processOf(state.phase);
  const effects: Effect[] = [...leave(state.phase), announce('stop', reason)];
  if (process !== undefined) effects.push({ kind: 'terminate', process });
  return [{ ...state, phase: { kind: 'stopping', process, then, since: context.now, exit: undefined }, reason }, effects];
}

/** Why it is of no use to anybody, although it runs; undefined: it is, or does not run. */
export function impairment(phase: Phase): string | undefined {
  return phase.kind === 'running' ? (phase.unstoppable ?? phase.degraded) : undefined;
}

/** It runs, and its dependants may count on it. */
export function isReady(phase: Phase): boolean {
  return phase.kind === 'running' && impairment(phase) === undefined;
}

export function isOurs(phase: Phase, process: ProcessIdentity): boolean {
  const ours = processOf(phase);
  return ours !== undefined && sameProcess(ours, process);
}

/** Something ended that was wanted up: the one place that turns it into what follows. */
export function failure(state: Supervision, what: Failure, uptime: number, context: Context): Step {
  if (state.held !== undefined) return forTheCluster(state, describeFailure(what), state.held);
  const { spec, now, random, notMasterExitStatus } = context;
  const statuses = { success: spec.successExitStatuses, neverRetry: spec.neverRetryExitStatuses, notMaster: notMasterExitStatus };
  const decision = decideRestart(spec.restart, statuses, what, state.memory.tally, uptime, now, random);
  const [next, effects] = follow(state, decision, context);
  const crash = decision.kind === 'stay-down' ? [] : [announce('crash', decision.reason)];
  return [next, [...leave(state.phase), ...crash, ...effects]];
}

/** A failed start is the answer to the cluster that asked for it; an end of what ran is news to it. */
function forTheCluster(state: Supervision, what: string, held: string): Step {
  const { phase } = state;
  const [calm, note] = remember(state, { retryAt: undefined });
  return [
    { ...calm, phase: { kind: 'waiting' }, reason: `${what}; ${held}` },
    [...(phase.kind === 'running' ? tellCluster(state, phase.process, what) : []), ...leave(phase), note, announce('crash', what)],
  ];
}

/** A pause keeps our hands off; the cluster has eyes of its own. */
export function tellCluster(state: Supervision, process: ProcessIdentity | undefined, reason: string): Effect[] {
  return state.paused === undefined ? [{ kind: 'tell-cluster', process, reason }] : [];
}

function follow(state: Supervision, decision: Decision, context: Context): Step {
  switch (decision.kind) {
    case 'stay-down': {
      const [calm, note] = remember(state, { retryAt: undefined });
      return [{ ...calm, phase: { kind: 'stopped' }, reason: decision.reason }, [note, announce('stopped', decision.reason)]];
    }
    case 'give-up': {
      const [ended, note] = remember(state, { tally: decision.tally, retryAt: undefined, givenUp: true });
      return [{ ...ended, phase: { kind: 'given-up' }, reason: decision.reason }, [note, announce('given-up', decision.reason)]];
    }
    case 'restart':
    case 'crash-loop': {
      const [counted, note] = remember(state, { tally: decision.tally, retryAt: context.now + decision.delay });
      const kind = decision.kind === 'restart' ? 'backing-off' : 'crash-loop';
      const [next, effects] = timed(counted, kind, decision.delay, decision.reason, context);
      const entered = decision.kind === 'crash-loop' && !state.memory.tally.looping;
      const news = entered ? 'crash-loop' : 'restart';
      const when = decision.delay === 0 ? 'restarts at once' : `next try in ${formatDuration(decision.delay)}`;
      const reason = `${decision.reason}; ${when}`;
      return [next, [note, announce(news, reason, decision.delay), ...effects]];
    }
  }
}

export function timed(state: Supervision, kind: 'backing-off' | 'crash-loop', delay: number, reason: string, context: Context): Step {
  const token = state.tokens + 1;
  return [
    { ...state, phase: { kind, token, until: context.now + delay }, reason, tokens: token },
    [{ kind: 'arm-timer', token, delay }],
  ];
}

/** Out of `waiting`, if nothing is in the way any more. */
export function goOn(state: Supervision, reason: string, context: Context): Step {
  const why = obstacle(state, false);
  return why === undefined ? launch(state, reason, context) : [{ ...state, reason: why }, []];
}
