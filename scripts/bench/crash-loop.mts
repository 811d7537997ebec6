/** A program that ends with 1 at once; a healthy neighbour meanwhile; and how it is over once the cause is gone. */
import { markdown, median, shown, type Bar, type Section } from './figures.mjs';
import type { Ground, Peer } from './peer.mjs';
import { now, sleep } from './stamps.mjs';

export interface CrashPlan {
  readonly peers: readonly string[];
  /** s of the loop. */
  readonly loop: number;
  /** s that a return is waited for once the cause is gone. */
  readonly after: number;
}

interface Crashed {
  /** s since the start was asked for. */
  readonly starts: readonly number[];
  /** ms */
  readonly neighbour: readonly number[];
  /** s from the end of the cause to the next start by itself. */
  readonly back: number;
  /** s from `retry-now` to the start. */
  readonly retried: number;
}

/** Each is killed once: the second death within a minute is for its own policy to answer. */
const NEIGHBOURS = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7'];

/** ms between two kills of a peer, and between two peers' kills: else they would delay each other. */
const BETWEEN_KILLS = 4000;
const BETWEEN_PEERS = 450;

async function watchLoop(peer: Peer, index: number, plan: CrashPlan): Promise<Crashed> {
  const { stamps } = peer;
  const began = now();
  // It may wait for what never comes.
  const start = peer.startOne?.('c1');
  const neighbour: number[] = [];
  for (const [kill, name] of NEIGHBOURS.entries()) {
    await sleep(Math.max(0, began + 3000 + kill * BETWEEN_KILLS + index * BETWEEN_PEERS - now()));
    if (now() > began + plan.loop * 1000) break;
    // Some start all that they know by themselves, and again when they are told to.
    stamps.read();
    const before = stamps.runs.get(name);
    if (before === undefined) break;
    neighbour.push(await stamps.nextStart(name, before, peer.kill([name]), 30_000));
  }
  await sleep(Math.max(0, began + plan.loop * 1000 - now()));
  stamps.read();
  const starts = (stamps.starts.get('c1') ?? []).filter((at) => at >= began).map((at) => (at - began) / 1000);
  peer.fix();
  const fixed = now();
  const last = stamps.runs.get('c1') ?? { pid: 0, at: 0 };
  const retriedAt = await peer.retryNow?.('c1');
  const next = await stamps.nextStart('c1', last, retriedAt ?? fixed, plan.after * 1000);
  await start;
  return { starts, neighbour, back: retriedAt === undefined ? next / 1000 : NaN, retried: retriedAt === undefined ? NaN : next / 1000 };
}

export async function crashLoop(ground: Ground, plan: CrashPlan, say: (text: string) => void): Promise<Section> {
  const peers: Peer[] = [];
  try {
    for (const name of plan.peers) {
      say(`crash-loop: ${name}`);
      const peer = ground.peer(name);
      peers.push(peer);
      await peer.setUp([...NEIGHBOURS, 'c1']);
      for (const neighbour of NEIGHBOURS) {
        await peer.startOne?.(neighbour);
        if (!(await peer.stamps.until(() => peer.stamps.runs.has(neighbour), 60_000))) throw new Error(`${name} does not start ${neighbour}`);
      }
    }
    // None of them counts what has lived for so long as not up yet.
    await sleep(12_000);
    say(`crash-loop: all at once, ${plan.loop} s`);
    const found = await Promise.all(peers.map(async (peer, index) => [peer.name, await watchLoop(peer, index, plan)] as const));
    return told(new Map(found), plan);
  } finally {
    for (const peer of peers) await peer.tearDown();
  }
}

function told(results: ReadonlyMap<string, Crashed>, { loop, after }: CrashPlan): Section {
  const rows = [...results].map(([name, { starts, neighbour, back, retried }]) => [
    name,
    String(starts.length),
    starts.slice(0, 8).map(shown).join(' ') + (starts.length > 8 ? ' …' : ''),
    Number.isFinite(back) ? shown(back) : Number.isFinite(retried) ? `${shown(retried)} (retry-now)` : `not within ${after} s`,
    neighbour.map(shown).join(' '),
  ]);
  const ours = results.get('ours');
  const slow = results.get('ours-slow-retry');
  const bars: Bar[] = [
    { what: 'starts in the loop, no storm', measured: ours?.starts.length ?? NaN, unit: '', most: 10 },
    { what: 'back after retry-now', measured: ours?.retried ?? NaN, unit: 's', most: 1 },
    { what: 'back with its next slow retry (every 10 s here)', measured: slow?.back ?? NaN, unit: 's', most: 13 },
    { what: 'killed neighbour, median', measured: median(ours?.neighbour ?? []), unit: 'ms', most: 15 },
  ];
  return {
    name: 'crash-loop',
    title: `A program that ends with 1 at once, for ${loop} s`,
    parts: [markdown(['peer', 'starts', 'at, s', 'cause removed: started again after, s', 'each of up to seven neighbours, killed once, is back after, ms'], rows)],
    bars: bars.filter(({ measured }) => Number.isFinite(measured)),
    figures: Object.fromEntries(results),
  };
}
