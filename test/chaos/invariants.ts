/** What must hold in a storm, judged from what was observed. Pure; test/unit/chaos has a log that violates each. */
import type { Observation } from './observation.js';

export type Invariant =
  | 'one instance'
  | 'stopped stays stopped'
  | 'up in time'
  | 'strangers untouched'
  | 'neighbours untouched'
  | 'state parses'
  | 'nothing left'
  | 'watcher answers'
  | 'observed all along';

export const INVARIANTS: readonly Invariant[] = ['one instance', 'stopped stays stopped', 'up in time', 'strangers untouched', 'neighbours untouched', 'state parses', 'nothing left', 'watcher answers', 'observed all along'];

export interface Loss {
  readonly invariant: Invariant;
  readonly at: number;
  readonly what: string;
  /** Step and kind of the last fault before it. */
  readonly after: { readonly step: number; readonly kind: string } | undefined;
}

export interface Expectations {
  readonly daemons: readonly string[];
  /** A daemon, and what it requires: what is down takes with it what needs it. */
  readonly requires: ReadonlyMap<string, string>;
  /** Whether a start brings what it requires along, unless that was stopped before: systemd. */
  readonly pulls: boolean;
  /** Daemons with a health check, which are restarted for what it finds. */
  readonly checked: readonly string[];
  /** ms from the last fault until all is where it is wanted. */
  readonly bound: number;
  /** ms; an observer that looked away for longer has seen nothing. */
  readonly longestLook: number;
  /** ms that all must have been seen to stay where it is wanted. */
  readonly stable: number;
  /** Names of files, and of directories of files, that were to be there and are to be found whole. */
  readonly formats: readonly string[];
}

/** ms; how often the observer tells that it is still there. */
export const TELL_EVERY = 2000;

type Wish = 'up' | 'down' | 'unknown';

export interface Verdict {
  readonly losses: readonly Loss[];
  /** ms from the last fault until all was where it was wanted, and was seen to stay there; undefined: it is not. */
  readonly settledAfter: number | undefined;
  /** Instant of the last observation of that, by the log's clock. */
  readonly settledAt: number | undefined;
  /** Requests of which nobody was told that they are done, or which another one at the same time may have undone. */
  readonly open: readonly { readonly name: string; readonly verb: 'start' | 'stop' | 'restart' }[];
  /** Who is not where he is wanted at the end of the log. */
  readonly misplaced: readonly string[];
}

export function judge(log: readonly Observation[], expectations: Expectations): Verdict {
  const losses: Loss[] = [];
  const begin = log[0]?.at ?? 0;
  let fault: Loss['after'];
  const lose = (invariant: Invariant, at: number, what: string): void => void losses.push({ invariant, at: Math.round(at - begin), what, after: fault });

  const wishes = new Map<string, Wish>(expectations.daemons.map((name) => [name, 'unknown']));
  const open = new Map<string, 'start' | 'stop' | 'restart'>();
  /** Asked and not answered yet. */
  const pending = new Map<string, 'start' | 'stop' | 'restart'>();
  const mayBePulled = (name: string): boolean => expectations.pulls && [...expectations.requires].some(([other, required]) => required === name && (pending.get(other) ?? 'stop') !== 'stop');
  const seen = new Map<string, readonly number[]>();
  const desired = new Map<string, Wish>();
  let calm: number | undefined;
  let takeDown: number | undefined;
  let looks = 0;
  const whole = new Map<string, number>();
  /** The observer's last word; a look that lasts is told only when it is over, or never. */
  let lastWord: number | undefined;
  /** The last time that it began to look at all there is. */
  let lastRead = -Infinity;
  let ended = false;
  /** Who is not where he is wanted, and since when nobody is. */
  let misplaced: readonly string[] = [];
  let why = '';
  let settledAt: number | undefined;

  const loseUnlessObserved = (at: number): void => {
    if (lastWord === undefined || at - lastWord <= expectations.longestLook + TELL_EVERY) return;
    lose('observed all along', at, `the observer was last heard of ${Math.round(at - lastWord)} ms before`);
    lastWord = at; // it is told once
  };
  /** Whether it may have been told to end: by a request for it or for what it requires, or for its health. */
  const mayEnd = (name: string): boolean => {
    if (expectations.checked.includes(name) || wishes.get(name) !== 'up') return true;
    const required = expectations.requires.get(name);
    // systemd restarts it along with what it requires, also where that has died.
    return required !== undefined && (expectations.pulls || mayEnd(required));
  };
  const elsewhere = (): readonly string[] => expectations.daemons.filter((name) => !isPlaced(name, { wishes, seen, desired, requires: expectations.requires }));

  for (const one of log) {
    switch (one.e) {
      case 'fault':
        fault = { step: one.step, kind: one.kind };
        break;
      case 'ask':
        open.set(one.name, one.verb);
        pending.set(one.name, one.verb);
        if (wishes.get(one.name) !== 'down' || one.verb !== 'stop') wishes.set(one.name, 'unknown');
        break;
      case 'answer':
        pending.delete(one.name);
        if (one.result !== 'done') break;
        if (one.verb === 'stop' && mayBePulled(one.name)) break;
        wishes.set(one.name, one.verb === 'stop' ? 'down' : 'up');
        open.delete(one.name);
        break;
      case 'begun':
        if (wishes.get(one.name) === 'down') lose('stopped stays stopped', one.at, `${one.name} began as pid ${one.pid}, though it was stopped by hand`);
        break;
      case 'overlap':
        lose('one instance', one.at, `${one.name} began as pid ${one.pid} while another one held its lock`);
        break;
      case 'told-to-end':
        if (!mayEnd(one.name)) lose('neighbours untouched', one.at, `${one.name}, pid ${one.pid}, got SIGTERM, and nobody had asked for that`);
        break;
      case 'seen':
        seen.set(one.name, one.pids);
        if (one.pids.length > 1) lose('one instance', one.at, `${one.name} runs as ${one.pids.join(' and ')}`);
        break;
      case 'signal':
        lose('strangers untouched', one.at, `stranger ${one.pid} got SIG${one.signal} from ${one.from}`);
        break;
      case 'stranger-lost':
        lose('strangers untouched', one.at, `stranger ${one.pid} ended: ${one.how}`);
        break;
      case 'unparsable':
        lose('state parses', one.at, `${one.path} holds ${JSON.stringify(one.text.slice(0, 200))}`);
        break;
      case 'left':
        lose('nothing left', one.at, one.what);
        break;
      case 'answers':
        if (one.detail !== 'yes') lose('watcher answers', one.at, one.detail);
        break;
      case 'crowd':
        if (one.answered === 0 && one.lived) lose('watcher answers', one.at, `none of ${one.clients} clients that asked at once, of a watcher that lived all along`);
        break;
      case 'looking':
        looks += one.looks;
        for (const [format, count] of Object.entries(one.whole ?? {})) whole.set(format, (whole.get(format) ?? 0) + count);
        lastWord = one.at;
        if (one.longest > expectations.longestLook) lose('observed all along', one.at, `the observer looked away for ${Math.round(one.longest)} ms`);
        break;
      case 'desired':
        desired.set(one.name, one.desired);
        break;
      case 'misplaced':
        lose('up in time', one.at, `${one.name} is not where it is wanted within ${one.bound} ms`);
        break;
      case 'swept':
        for (const way of one.of) if (one.points[way] === undefined) lose('observed all along', one.at, `the sweep of ${way} was cut off`);
        break;
      case 'calm':
        calm = one.at;
        break;
      case 'take-down':
        takeDown = one.at;
        loseUnlessObserved(one.at);
        why = misplaced.map((name) => `${name} is wanted ${wishOf(name, wishes, desired)} and has ${seen.get(name)?.length ?? 0} processes`).join(', ');
        break;
      case 'end':
        ended = true;
        loseUnlessObserved(one.at);
        break;
      case 'read':
        if (takeDown === undefined) lastRead = one.since;
        break;
      case 'missed':
      case 'left-behind':
      case 'killed-before':
      case 'slowed':
        break;
    }
    // Before that nobody asks for it; and a storm judges its log many times.
    if (calm !== undefined) misplaced = elsewhere();
    if (calm !== undefined && takeDown === undefined) {
      if (misplaced.length > 0) settledAt = undefined;
      else settledAt ??= one.at;
    }
  }
  for (const format of expectations.formats) {
    if (looks > 0 && !whole.has(format)) lose('observed all along', log.at(-1)?.at ?? 0, `nobody saw any file of ${format}, so nothing is known of how it is written`);
  }
  // What was seen before says nothing of what stays.
  const isSeen = settledAt !== undefined && lastRead > settledAt + expectations.stable;
  if (fault === undefined || looks === 0 || !ended || calm === undefined || takeDown === undefined) {
    lose('observed all along', log.at(-1)?.at ?? 0, fault === undefined ? 'no fault was tried' : looks === 0 ? 'the observer saw nothing' : 'the storm did not go through to its end');
  } else if (settledAt === undefined || settledAt - calm > expectations.bound) {
    lose('up in time', takeDown, `not all is where it is wanted within ${expectations.bound} ms after the last fault: ${settledAt === undefined ? why : `only after ${Math.round(settledAt - calm)} ms`}`);
  } else if (!isSeen) {
    lose('observed all along', takeDown, `nobody saw that all stayed where it is wanted for ${expectations.stable} ms`);
  }
  if (!isSeen) settledAt = undefined;
  const settledAfter = settledAt === undefined || calm === undefined ? undefined : Math.round(settledAt - calm);
  return { losses, settledAfter, settledAt, open: [...open].map(([name, verb]) => ({ name, verb })), misplaced: elsewhere() };
}

interface Placement {
  readonly wishes: ReadonlyMap<string, Wish>;
  readonly seen: ReadonlyMap<string, readonly number[]>;
  readonly desired: ReadonlyMap<string, Wish>;
  readonly requires: ReadonlyMap<string, string>;
}

/** Where the operator never heard whether it was done, what is written down of it counts. */
function wishOf(name: string, wishes: ReadonlyMap<string, Wish>, desired: ReadonlyMap<string, Wish>): Wish {
  const wish = wishes.get(name) ?? 'unknown';
  return wish === 'unknown' ? (desired.get(name) ?? 'unknown') : wish;
}

export function isPlaced(name: string, world: Placement): boolean {
  const count = world.seen.get(name)?.length ?? 0;
  const wish = wishOf(name, world.wishes, world.desired);
  if (wish === 'down') return count === 0;
  const required = world.requires.get(name);
  const blocked = required !== undefined && wishOf(required, world.wishes, world.desired) === 'down';
  return count === 1 || (blocked && count === 0);
}
