/**
 * The watcher, or daemon-util where there is none, killed just before each call in
 * turn that a start, a stop, a restart or its own begin makes, and after each of
 * these all must be where it is wanted: so that no point is left to chance.
 */
import { eventually } from '../support/eventually.js';
import { monotonic, pause } from './clock.js';
import type { StormOptions } from './options.js';
import { killOrder } from './orders.js';
import type { FaultKind } from './plan.js';
import { signalIfThere } from './signal.js';
import type { Storm } from './storm.js';
import type { Verb } from './world.js';

export const SWEEPS = ['start', 'stop', 'restart', 'begin', 'direct-start', 'direct-stop', 'direct-restart'] as const;
export type SweepKind = (typeof SWEEPS)[number];

/** So many times in a row that it came to its end, it has no later point. */
const ENDS = 3;
const ALL: readonly [number, number] = [1, 1000];
/** ms; what is written down after an answer. */
const AFTER_ANSWER = 500;
const PATIENCE = 60_000;

interface Way {
  readonly kind: FaultKind;
  readonly verb: Verb;
  /** @returns whether it was killed before it was done */
  readonly hit: (storm: Storm, name: string, point: number) => Promise<boolean>;
}

const byWatcher = (verb: Verb): Way => ({
  kind: 'watcher-kill-at-step',
  verb,
  hit: async (storm, name, point) => {
    const pid = storm.world.watcher();
    const order = killOrder(point, { pid });
    storm.world.orders.arm(order);
    await storm.ask(verb, name, 1);
    const until = monotonic() + AFTER_ANSWER;
    while (!storm.hasKilled(order.id) && monotonic() < until) await pause(20);
    storm.world.orders.disarm(order);
    return storm.hasKilled(order.id);
  },
});

const directly = (verb: Verb): Way => ({
  kind: 'direct-kill-at-step',
  verb,
  hit: async (storm, name, point) => {
    await storm.world.killWatcher(PATIENCE);
    const order = killOrder(point);
    await storm.ask(verb, name, 0, () => storm.world.askAndDie(verb, name, order));
    storm.world.endAbsence();
    return storm.hasKilled(order.id);
  },
});

const WAYS: Readonly<Record<SweepKind, Way>> = {
  'start': byWatcher('start'),
  'stop': byWatcher('stop'),
  'restart': byWatcher('restart'),
  'begin': {
    kind: 'watcher-kill-at-begin',
    verb: 'restart',
    hit: async (storm, name, point) => {
      const order = killOrder(point, { except: storm.world.watcher() });
      storm.world.orders.arm(order);
      await storm.world.killWatcher(0);
      // Something to do at its begin.
      for (const pid of storm.pids(name)) signalIfThere(pid, 'SIGKILL');
      await eventually('it died or came up', async () => storm.hasKilled(order.id) || (await storm.answers()) === 'yes', PATIENCE);
      const died = storm.hasKilled(order.id);
      storm.world.orders.disarm(order);
      return died;
    },
  },
  'direct-start': directly('start'),
  'direct-stop': directly('stop'),
  'direct-restart': directly('restart'),
};

/** @returns the last point that each has, or of those that were asked for; one that was cut off by the time is not in it */
export async function sweep(storm: Storm, kinds: readonly SweepKind[], { seconds, points: [first, last] = ALL }: Pick<StormOptions, 'seconds' | 'points'>): Promise<ReadonlyMap<SweepKind, number>> {
  const until = monotonic() + seconds * 1000;
  const { names, requires } = storm.world.site;
  // What another one requires brings that down with it, which is another matter.
  const lonely = names.filter((name) => !requires.has(name) && ![...requires.values()].includes(name));
  const found = new Map<SweepKind, number>();
  let step = 0;
  for (const kind of kinds) {
    const way = WAYS[kind];
    let ends = 0;
    let kills = 0;
    let point = first;
    for (; point <= last && ends < ENDS && monotonic() < until; point += 1) {
      const name = lonely[step % lonely.length] ?? 'd0';
      await prepare(storm, name, way.verb);
      storm.tell({ e: 'fault', step, kind: way.kind, detail: `${kind} ${name}, call ${point}` });
      const killed = await way.hit(storm, name, point);
      if (!killed) storm.tell({ e: 'missed', step, why: 'it did not come so far' });
      ends = killed ? 0 : ends + 1;
      if (killed) kills += 1;
      await storm.settle(name);
      step += 1;
    }
    if (ends === ENDS) found.set(kind, point - 1 - ENDS);
    else if (point > last && last < ALL[1]) found.set(kind, kills === 0 ? first - 1 : last);
  }
  return found;
}

/** A watcher, and a daemon that there is something to be done about. */
async function prepare(storm: Storm, name: string, verb: Verb): Promise<void> {
  await eventually('the watcher answers', async () => (await storm.answers()) === 'yes', PATIENCE);
  const before: Verb = verb === 'start' ? 'stop' : 'start';
  await eventually(`${name} is ready for a ${verb}`, async () => {
    await storm.ask(before, name, 1);
    return !storm.verdict().open.some((one) => one.name === name);
  }, PATIENCE);
  await eventually(`${name} is as it was asked for`, () => storm.pids(name).length === (verb === 'start' ? 0 : 1), PATIENCE);
}
