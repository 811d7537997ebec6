/**
 * The supervision of one daemon whose restart owner is the watcher.
 *
 * WANTED AND SEEN. `desired` is what the operator wants; the phase is where the
 * daemon is on its way there. They are kept apart: a daemon that died while it
 * is wanted down is simply stopped, and one that is wanted up and can't run is
 * waiting, backing off, in a crash loop or given up, never silently dead.
 *
 *   stopped ──want-up──▶ (required daemons ready?) ──no──▶ waiting
 *                                  │ yes                      │ dependencies
 *                                  ▼                          ▼
 *                               starting ──ready──▶ running ──exited──▶ decideRestart
 *                                  │ exited, not ready, launch failed        │
 *                                  └────────────────▶ decideRestart ◀────────┘
 *   decideRestart ─▶ backing-off | crash-loop ──timer──▶ starting
 *                 ─▶ given-up ──want-up──▶ starting
 *                 ─▶ stopped (not a failure)
 *   running ──role-lost──▶ stopping ──gone──▶ waiting ──role-gained──▶ starting
 *   any with a process ──want-down──▶ stopping ──gone──▶ stopped
 *
 * ONE INSTANCE. A launch is asked for only on the way into `starting`, and
 * `starting` is entered only from phases in which no process can exist. A stop
 * that is under way is always waited for (`gone`) before anything is started:
 * wishes that come meanwhile only change what follows it (`then`).
 *
 * ROLES. Where this node does not hold a daemon's role, or nobody knows, nothing
 * starts it but an operator's own word: what would start by itself waits
 * (`withheld`). A role that is lost closes this door at once; one that is gained
 * opens it later (`settling`, `role-gained`), as the software that moved the role
 * starts the daemons itself.
 *
 * HELD BY THE CLUSTER. What ends then waits for the cluster's own start, without
 * delays or a tally of ours: `tell-cluster` says so to it, for an end of what ran
 * and for a hung one, which the cluster takes down itself. A start or stop that it
 * asks for comes as any operator's wish.
 *
 * TIME. Timers are named by tokens. A phase that leaves forgets its token, so a
 * late timer is stale and ignored; every phase that is left disarms what it armed.
 *
 * EVERYTHING IS DECIDED. `TRANSITIONS` has a cell for each phase and event; the
 * compiler refuses a missing one. Handlers are in supervision-handlers.ts.
 */
import type { DesiredState } from './daemon.js';
import { CLEAN_TALLY } from './restart.js';
import * as on from './supervision-handlers.js';
import * as upkeep from './supervision-upkeep.js';
import type { Context, EventKind, Memory, PhaseKind, Step, Supervision, SupervisionEvent } from './supervision-state.js';

type Row = { readonly [E in EventKind]: on.Handler<E> };

const { ignore } = on;

/** Phases where nothing of the daemon is there and nothing is timed. */
const AT_REST: Row = {
  'want-up': on.begin,
  'want-down': on.wishNoted,
  restart: on.begin,
  dependencies: on.noteUnmet,
  paused: upkeep.notePause,
  role: upkeep.noteRole,
  'role-gained': upkeep.takeUpRole,
  'role-lost': ignore,
  held: upkeep.noteHold,
  unhealthy: ignore,
  degraded: ignore,
  'retry-now': ignore,
  reset: upkeep.reset,
  launched: on.adoptLate,
  'launch-failed': ignore,
  skipped: ignore,
  ready: ignore,
  'not-ready': ignore,
  exited: ignore,
  found: on.adopt,
  'main-process': ignore,
  absent: on.absent,
  timer: ignore,
  gone: ignore,
  'stop-failed': ignore,
};

/** Phases where the next attempt is timed. */
const TIMED: Row = { ...AT_REST, 'want-up': on.beginAfresh, restart: on.beginAfresh, 'want-down': on.callOff, 'retry-now': upkeep.retryNow, reset: upkeep.resetAndTry, absent: ignore, 'role-gained': ignore, timer: on.retry };

const TRANSITIONS: Readonly<Record<PhaseKind, Row>> = {
  stopped: AT_REST,
  waiting: {
    ...AT_REST,
    'want-up': on.insist,
    restart: on.insist,
    'want-down': on.callOff,
    dependencies: on.maybeBegin,
    paused: upkeep.maybeResume,
    role: upkeep.noteRoleWaiting,
    'role-gained': upkeep.resumeForRole,
    held: upkeep.maybeLetGo,
    absent: ignore,
  },
  starting: {
    'want-up': ignore,
    'want-down': on.stop,
    restart: on.stopThenStart,
    dependencies: on.noteUnmet,
    paused: upkeep.notePause,
    role: upkeep.noteRole,
    'role-gained': ignore,
    'role-lost': upkeep.layDownRole,
    held: upkeep.noteHold,
    unhealthy: ignore,
    degraded: ignore,
    'retry-now': ignore,
    reset: upkeep.reset,
    launched: on.launched,
    'launch-failed': on.launchFailed,
    skipped: on.skipped,
    ready: on.ready,
    'not-ready': on.notReady,
    exited: on.died,
    found: on.launched,
    'main-process': on.launched,
    absent: ignore,
    timer: ignore,
    gone: ignore,
    'stop-failed': ignore,
  },
  running: {
    'want-up': on.alreadyUp,
    'want-down': on.stop,
    restart: on.stopThenStart,
    dependencies: on.noteUnmet,
    paused: upkeep.notePause,
    role: upkeep.noteRole,
    'role-gained': ignore,
    'role-lost': upkeep.layDownRole,
    held: upkeep.noteHold,
    unhealthy: upkeep.unhealthy,
    degraded: upkeep.degraded,
    'retry-now': ignore,
    reset: upkeep.resetRunning,
    launched: ignore,
    'launch-failed': ignore,
    skipped: ignore,
    ready: ignore,
    'not-ready': ignore,
    exited: on.died,
    found: ignore,
    'main-process': upkeep.mainProcess,
    absent: on.vanished,
    timer: on.stable,
    gone: ignore,
    'stop-failed': ignore,
  },
  stopping: {
    'want-up': on.startAfterStop,
    'want-down': on.stayDownAfterStop,
    restart: on.startAfterStop,
    dependencies: on.noteUnmet,
    paused: upkeep.notePause,
    role: upkeep.noteRole,
    'role-gained': ignore,
    'role-lost': ignore,
    held: upkeep.noteHold,
    unhealthy: ignore,
    degraded: ignore,
    'retry-now': ignore,
    reset: upkeep.reset,
    launched: on.terminateLate,
    'launch-failed': on.nothingToStop,
    skipped: on.nothingToStop,
    ready: ignore,
    'not-ready': ignore,
    exited: on.noteExit,
    found: ignore,
    'main-process': ignore,
    absent: ignore,
    timer: ignore,
    gone: on.gone,
    'stop-failed': on.stopFailed,
  },
  'backing-off': TIMED,
  'crash-loop': TIMED,
  'given-up': { ...AT_REST, 'want-up': on.beginAfresh, restart: on.beginAfresh, 'want-down': on.callOff, 'retry-now': upkeep.retryNow, reset: upkeep.resetAndTry, absent: ignore, 'role-gained': ignore },
};

export const NO_MEMORY: Memory = {
  tally: CLEAN_TALLY,
  restarts: 0,
  lastExit: undefined,
  retryAt: undefined,
  givenUp: false,
};

/** Before anybody has looked whether it runs: answer with `found` or `absent` next. */
export function initialSupervision(desired: DesiredState, memory: Memory): Supervision {
  return {
    phase: { kind: 'stopped' },
    desired,
    reason: 'not looked at yet',
    memory,
    unmet: [],
    withheld: undefined,
    stranded: false,
    settling: false,
    paused: undefined,
    held: undefined,
    oneShotArguments: [],
    tokens: 0,
  };
}

/** The machine. Pure: the same arguments give the same step. */
export function step(state: Supervision, event: SupervisionEvent, context: Context): Step {
  // The cell's type is exact per event; the index loses that, and nothing else.
  const handler = TRANSITIONS[state.phase.kind][event.kind] as on.Handler<EventKind>;
  return handler(state, event, context);
}
