/** What 1, 100, 1000 daemons cost: start and stop of all, idle CPU, memory, status, the death of all; and how it grows. */
import { numbered, type Ground, type Peer } from './peer.mjs';
import { cpuMilliseconds, cpuNow, pss } from './processes.mjs';
import { now, sleep } from './stamps.mjs';

export interface ScalePlan {
  readonly sizes: readonly number[];
  peers(size: number): readonly string[];
  /** Starts and stops of all: of few more than of many, so that the first one, which is cold, is no third of a median. */
  rounds(size: number): number;
  /** Deaths of all. */
  readonly deaths: number;
  /** Deaths of one among all. */
  readonly ones: number;
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
  /** Percent of one core, of each slice of the idle time. */
  readonly idle: number[];
  /** MB at the end of each slice. */
  readonly memory: number[];
}

/** s: slices of the idle time. */
export const SLICE = 5;

type Pause = (ms: number) => Promise<void>;
type Say = (text: string) => void;

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

/** All of them in the same slices: nothing else is done meanwhile. */
async function idle(peers: readonly Peer[], seconds: number, figures: ReadonlyMap<Peer, Figures>): Promise<void> {
  const count = Math.max(1, Math.round(seconds / SLICE));
  for (let slice = 0; slice < count; slice += 1) {
    const before = peers.map((peer) => cpuNow(peer.processes()));
    const began = now();
    await sleep((seconds * 1000) / count);
    const took = now() - began;
    const after = peers.map((peer) => peer.processes());
    for (const [index, peer] of peers.entries()) figures.get(peer)?.idle.push((cpuMilliseconds(after[index] ?? [], before[index] ?? new Map()) / took) * 100);
    // Reading it takes its time, too, and is not to be in the slice.
    for (const [index, peer] of peers.entries()) figures.get(peer)?.memory.push(pss(after[index] ?? []));
  }
}

/**
 * All at once, of each the first death: a second one soon after is for its own
 * policy to answer. So that each round and one alone are first ones, too, all are
 * started afresh before it, which is not counted.
 */
async function deaths(plan: ScalePlan, peers: readonly Peer[], names: readonly string[], figures: ReadonlyMap<Peer, Figures>, say: Say, pause: Pause): Promise<void> {
  const afresh = async (): Promise<void> => {
    for (const peer of peers) {
      await stopAll(peer, names.length);
      await startAll(peer, names.length);
    }
    await pause(plan.settle * 1000);
  };
  for (let round = 1; round <= plan.deaths; round += 1) {
    say(`scale: ${names.length}: death of all, round ${round}`);
    if (round > 1) await afresh();
    for (const peer of round % 2 === 1 ? peers : peers.toReversed()) {
      figures.get(peer)?.death.push(await death(peer, names));
      await pause(300 + names.length);
    }
  }
  say(`scale: ${names.length}: one death among all, stop`);
  await afresh();
  for (const name of names.slice(0, plan.ones)) {
    for (const peer of peers) {
      figures.get(peer)?.one.push(await death(peer, [name]));
      await pause(100);
    }
  }
}

/** @param pause between what is measured, for all to come to rest */
export async function scale(ground: Ground, plan: ScalePlan, size: number, say: Say, pause: Pause = sleep): Promise<readonly Figures[]> {
  const figures = new Map<Peer, Figures>();
  const names = numbered(size);
  try {
    for (const name of plan.peers(size)) {
      const peer = ground.peer(name);
      figures.set(peer, { size, peer: name, start: [], stop: [], death: [], one: [], status: [], emptyNode: [], idle: [], memory: [] });
      say(`scale: ${size}: ${name}`);
      await peer.setUp(names);
    }
    const peers = [...figures.keys()];
    const rounds = plan.rounds(size);
    for (let round = 1; round <= rounds; round += 1) {
      say(`scale: ${size}: start and stop, round ${round}`);
      const turn = round % 2 === 1 ? peers : peers.toReversed();
      for (const peer of turn) {
        const into = figures.get(peer);
        if (into === undefined) continue;
        into.start.push(await startAll(peer, size));
        await pause(300 + size);
        if (round < rounds) into.stop.push(await stopAll(peer, size));
      }
    }
    await pause(plan.settle * 1000);
    say(`scale: ${size}: idle`);
    await idle(peers, plan.idle, figures);
    say(`scale: ${size}: status`);
    for (let left = plan.statuses; left > 0; left -= 5) {
      for (const peer of peers) {
        figures.get(peer)?.status.push(...((await peer.status(5, false)) ?? []));
        if (peer.name === 'ours') figures.get(peer)?.emptyNode.push(...((await peer.status(5, true)) ?? []));
      }
    }
    await deaths(plan, peers, names, figures, say, pause);
    for (const peer of peers) {
      const into = figures.get(peer);
      if (into !== undefined) into.stop.push(await stopAll(peer, size));
    }
    return [...figures.values()];
  } finally {
    for (const peer of figures.keys()) await peer.tearDown();
  }
}
