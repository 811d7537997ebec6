/** What 1, 100, 1000 daemons cost: start and stop of all, idle CPU, memory, status, the death of all; and how it grows. */
import { asked, exponent, markdown, median, outcome, shown, type Bar, type Section } from './figures.mjs';
import { numbered, type Ground, type Peer } from './peer.mjs';
import { cpuMilliseconds, cpuNow, pss } from './processes.mjs';
import { now, sleep } from './stamps.mjs';

export interface ScalePlan {
  readonly sizes: readonly number[];
  peers(size: number): readonly string[];
  readonly rounds: number;
  /** s */
  readonly idle: number;
  readonly statuses: number;
  /** s until what is started has come to rest. */
  readonly settle: number;
}

/** ms; Infinity: it never came. */
export interface Figures {
  readonly size: number;
  readonly peer: string;
  readonly start: number[];
  readonly stop: number[];
  readonly death: number[];
  /** ms of one death among all. */
  readonly one: number[];
  readonly status: number[];
  readonly emptyNode: number[];
  /** Percent of one core. */
  idle: number;
  memory: number;
}

type Pause = (ms: number) => Promise<void>;

const TIMEOUT = 120_000;

async function startAll(peer: Peer, size: number): Promise<number> {
  const wanted = peer.stamps.started + size;
  const began = await peer.startAll();
  const done = await peer.stamps.until(() => peer.stamps.started >= wanted, TIMEOUT);
  return done ? peer.stamps.lastStart - began : Infinity;
}

async function stopAll(peer: Peer, size: number): Promise<number> {
  const wanted = peer.stamps.stopped + size;
  const began = await peer.stopAll();
  const done = await peer.stamps.until(() => peer.stamps.stopped >= wanted, TIMEOUT);
  return done ? peer.stamps.lastStop - began : Infinity;
}

async function death(peer: Peer, names: readonly string[]): Promise<number> {
  const wanted = peer.stamps.started + names.length;
  const began = peer.kill(names);
  return (await peer.stamps.until(() => peer.stamps.started >= wanted, TIMEOUT)) ? peer.stamps.lastStart - began : Infinity;
}

/** One window for all: nothing else is done meanwhile. */
async function idle(peers: readonly Peer[], seconds: number, figures: ReadonlyMap<Peer, Figures>): Promise<void> {
  const before = peers.map((peer) => cpuNow(peer.processes()));
  const began = now();
  await sleep(seconds * 1000);
  const took = now() - began;
  for (const [index, peer] of peers.entries()) {
    const into = figures.get(peer);
    if (into === undefined) continue;
    const processes = peer.processes();
    into.idle = (cpuMilliseconds(processes, before[index] ?? new Map()) / took) * 100;
    into.memory = pss(processes);
  }
}

/**
 * All at once, of each the first death: a second one soon after is for its own
 * policy to answer. So that one alone is a first one, too, all are started
 * afresh in between, which is not counted.
 */
async function deaths(plan: ScalePlan, peers: readonly Peer[], names: readonly string[], figures: ReadonlyMap<Peer, Figures>, pause: Pause): Promise<void> {
  for (const peer of peers) {
    figures.get(peer)?.death.push(await death(peer, names));
    await pause(300 + names.length);
  }
  for (const peer of peers) {
    await stopAll(peer, names.length);
    await startAll(peer, names.length);
  }
  await pause(plan.settle * 1000);
  for (const name of names.slice(0, 10)) {
    for (const peer of peers) {
      figures.get(peer)?.one.push(await death(peer, [name]));
      await pause(100);
    }
  }
}

async function measure(ground: Ground, plan: ScalePlan, size: number, say: (text: string) => void, pause: Pause): Promise<readonly Figures[]> {
  const figures = new Map<Peer, Figures>();
  const names = numbered(size);
  try {
    for (const name of plan.peers(size)) {
      const peer = ground.peer(name);
      figures.set(peer, { size, peer: name, start: [], stop: [], death: [], one: [], status: [], emptyNode: [], idle: NaN, memory: NaN });
      say(`scale: ${size}: ${name}`);
      await peer.setUp(names);
    }
    const peers = [...figures.keys()];
    for (let round = 1; round <= plan.rounds; round += 1) {
      say(`scale: ${size}: start and stop, round ${round}`);
      const turn = round % 2 === 1 ? peers : peers.toReversed();
      for (const peer of turn) {
        const into = figures.get(peer);
        if (into === undefined) continue;
        into.start.push(await startAll(peer, size));
        await pause(300 + size);
        if (round < plan.rounds) into.stop.push(await stopAll(peer, size));
      }
    }
    await pause(plan.settle * 1000);
    say(`scale: ${size}: idle`);
    await idle(peers, plan.idle, figures);
    say(`scale: ${size}: status, deaths, stop`);
    for (let left = plan.statuses; left > 0; left -= 5) {
      for (const peer of peers) {
        figures.get(peer)?.status.push(...((await peer.status(5, false)) ?? []));
        if (peer.name === 'ours') figures.get(peer)?.emptyNode.push(...((await peer.status(5, true)) ?? []));
      }
    }
    await deaths(plan, peers, names, figures, pause);
    for (const peer of peers) {
      const into = figures.get(peer);
      if (into !== undefined) into.stop.push(await stopAll(peer, size));
    }
    return [...figures.values()];
  } finally {
    for (const peer of figures.keys()) await peer.tearDown();
  }
}

/** @param pause between what is measured, for all to come to rest */
export async function scale(ground: Ground, plan: ScalePlan, say: (text: string) => void, pause: Pause = sleep): Promise<readonly Figures[]> {
  const all: Figures[] = [];
  for (const size of plan.sizes) all.push(...(await measure(ground, plan, size, say, pause)));
  return all;
}

type Cost = readonly [title: string, of: (figures: Figures) => number];

const COSTS: readonly Cost[] = [
  ['start all, ms', ({ start }) => median(start)],
  ['stop all, ms', ({ stop }) => median(stop)],
  ['idle CPU, % of a core', ({ idle: share }) => share],
  ['PSS, MB', ({ memory }) => memory],
  ['status of all, ms', ({ status }) => median(status)],
  ['all killed at once: all back, ms', ({ death: times }) => median(times)],
  ['one killed among them, ms', ({ one }) => median(one)],
];

export function scaleSection(all: readonly Figures[], plan: ScalePlan): Section {
  const figure = (size: number, peer: string, cost: (figures: Figures) => number): number => {
    const found = all.find((one) => one.size === size && one.peer === peer);
    return found === undefined ? NaN : cost(found);
  };
  const [start, , idleShare, memory, , dead] = COSTS.map(([, of]) => of);
  const empty = ({ emptyNode }: Figures): number => median(emptyNode);
  const bars: Bar[] = start === undefined || idleShare === undefined || memory === undefined || dead === undefined ? [] : [
    { what: 'start of 100', measured: figure(100, 'ours', start), unit: 'ms', most: 1.5 * figure(100, 'limit-node', start), of: '1.5 × limit-node' },
    { what: 'start of 100', measured: figure(100, 'ours', start), unit: 'ms', most: figure(100, 'systemd', start), of: 'systemd' },
    { what: 'idle CPU of 1000', measured: figure(1000, 'ours', idleShare), unit: '%', most: 0.5 },
    { what: 'PSS of 1000', measured: figure(1000, 'ours', memory), unit: 'MB', most: 70 },
    ...[100, 1000].map((size) => ({ what: `status of all ${size}`, measured: figure(size, 'ours', ({ status: times }) => outcome(times)), unit: 'ms', most: 1.5 * figure(size, 'ours', empty), of: '1.5 × an empty Node program' })),
    { what: 'death of all 1000: all back', measured: figure(1000, 'ours', dead), unit: 'ms', most: 3000 },
  ];
  const parts = plan.sizes.map((size) => {
    const rows = all.filter((one) => one.size === size).map((one) => [one.peer, ...COSTS.map(([, of]) => shown(of(one)))]);
    return `${size} ${size === 1 ? 'daemon' : 'daemons'}:\n\n${markdown(['peer', ...COSTS.map(([title]) => title)], rows)}`;
  });
  return {
    name: 'scale',
    title: `What many daemons cost (medians of ${plan.rounds} starts and stops; idle over ${plan.idle} s)`,
    parts,
    bars: asked(bars),
    figures: all,
  };
}

/** Exponents over all sizes that were measured. */
export function growthSection(all: readonly Figures[]): Section {
  const sizes = [...new Set(all.map(({ size }) => size))].filter((size) => size > 1);
  const peers = [...new Set(all.map(({ peer }) => peer))];
  const rows = peers.flatMap((peer) => COSTS.map(([title, of]) => {
    const points = all.filter((one) => one.peer === peer && one.size > 1).map((one) => ({ n: one.size, cost: of(one) }));
    return [peer, title, ...sizes.map((size) => shown(points.find(({ n }) => n === size)?.cost ?? NaN)), shown(exponent(points))];
  }));
  return {
    name: 'growth',
    title: 'How cost grows: cost = c · nᵏ',
    parts: [markdown(['peer', 'cost', ...sizes.map((size) => `${size} daemons`), 'k'], rows)],
    bars: [],
    figures: rows,
  };
}
