/** A program that ends with 1 at once; a healthy neighbour meanwhile; and how it is over once the cause is gone. */
import { amount, asked, markdown, median, outcome, shown, type Bar, type Section } from './figures.mjs';
import { numbered, type Ground, type Peer } from './peer.mjs';
import { now, sleep } from './stamps.mjs';

export interface CrashPlan {
  readonly peers: readonly string[];
  /** s of the loop. */
  readonly loop: number;
  /** s that a return is waited for once the cause is gone. */
  readonly after: number;
  /** ms: what the first kill of ours came to in the same run, where that was measured. */
  readonly firstKill?: number | undefined;
}

/** Infinity: it never came. */
export interface Crashed {
  /** s since the start was asked for. */
  readonly starts: readonly number[];
  /** ms; what the same takes before the loop. */
  readonly before: readonly number[];
  /** ms */
  readonly neighbour: readonly number[];
  /** s from the end of the cause to the next start by itself; undefined: it was told to retry. */
  readonly back: number | undefined;
  /** s from `retry-now` to the start; undefined: nobody told it. */
  readonly retried: number | undefined;
}

/** Each is killed once: the second death within a minute is for its own policy to answer. */
const [BEFORE, MEANWHILE] = [numbered(7), numbered(14).slice(7)];

/** ms between two kills of a peer, and between two peers' kills: else they would delay each other. */
const BETWEEN_KILLS = 4000;
const BETWEEN_PEERS = 450;

/** Kills one after the other. @param from of the first peer's first kill @param until when it is called off */
async function killInTurn(peer: Peer, names: readonly string[], index: number, from: number, until: number): Promise<readonly number[]> {
  const { stamps } = peer;
  const back: number[] = [];
  for (const [turn, name] of names.entries()) {
    await sleep(Math.max(0, from + turn * BETWEEN_KILLS + index * BETWEEN_PEERS - now()));
    if (now() > until) break;
    // Some start all that they know by themselves, and again when they are told to.
    stamps.read();
    const last = stamps.runs.get(name);
    if (last === undefined) break;
    back.push(await stamps.nextStart(name, last, peer.kill([name]), 30_000));
  }
  return back;
}

async function watchLoop(peer: Peer, index: number, plan: CrashPlan, before: readonly number[]): Promise<Crashed> {
  const { stamps } = peer;
  const began = now();
  // It may wait for what never comes.
  const start = peer.startOne?.('c1');
  const neighbour = await killInTurn(peer, MEANWHILE, index, began + 3000, began + plan.loop * 1000);
  await sleep(Math.max(0, began + plan.loop * 1000 - now()));
  stamps.read();
  const starts = (stamps.starts.get('c1') ?? []).filter((at) => at >= began).map((at) => (at - began) / 1000);
  peer.fix();
  const fixed = now();
  const last = stamps.runs.get('c1') ?? { pid: 0, at: 0 };
  const retriedAt = await peer.retryNow?.('c1');
  const next = await stamps.nextStart('c1', last, retriedAt ?? fixed, plan.after * 1000);
  await start;
  return { starts, before, neighbour, ...(retriedAt === undefined ? { back: next / 1000, retried: undefined } : { back: undefined, retried: next / 1000 }) };
}

export async function crashLoop(ground: Ground, plan: CrashPlan, say: (text: string) => void): Promise<Section> {
  const peers: Peer[] = [];
  try {
    for (const name of plan.peers) {
      say(`crash-loop: ${name}`);
      const peer = ground.peer(name);
      peers.push(peer);
      await peer.setUp([...BEFORE, ...MEANWHILE, 'c1']);
      for (const neighbour of [...BEFORE, ...MEANWHILE]) {
        await peer.startOne?.(neighbour);
        if (!(await peer.stamps.until(() => peer.stamps.runs.has(neighbour), 60_000))) throw new Error(`${name} does not start ${neighbour}`);
      }
    }
    // None of them counts what has lived for so long as not up yet.
    await sleep(12_000);
    say('crash-loop: kills before it');
    const first = now() + 1000;
    const before = await Promise.all(peers.map((peer, index) => killInTurn(peer, BEFORE, index, first, Infinity)));
    say(`crash-loop: all at once, ${plan.loop} s`);
    const found = await Promise.all(peers.map(async (peer, index) => [peer.name, await watchLoop(peer, index, plan, before[index] ?? [])] as const));
    return crashSection(new Map(found), plan);
  } finally {
    for (const peer of peers) await peer.tearDown();
  }
}

/** A noisy minute before the loop is not to excuse the loop: the quicker of what is known. */
function calm(before: number, firstKill = NaN): Pick<Bar, 'most' | 'of'> {
  return firstKill < before || (Number.isNaN(before) && !Number.isNaN(firstKill))
    ? { most: 1.5 * firstKill, of: `1.5 × first kill of recovery, the smaller: before the loop ${amount(before, 'ms')}` }
    : { most: 1.5 * before, of: `1.5 × before the loop${Number.isNaN(firstKill) ? '' : `, the smaller: first kill of recovery ${amount(firstKill, 'ms')}`}` };
}

export function crashSection(results: ReadonlyMap<string, Crashed>, { loop, after, firstKill }: Pick<CrashPlan, 'loop' | 'after' | 'firstKill'>): Section {
  const rows = [...results].map(([name, { starts, before, neighbour, back, retried }]) => [
    name,
    String(starts.length),
    starts.slice(0, 8).map(shown).join(' ') + (starts.length > 8 ? ' …' : ''),
    (Number.isFinite(back ?? retried) ? shown(back ?? retried ?? NaN) : `not within ${after} s`) + (retried === undefined ? '' : ' (retry-now)'),
    `${shown(median(before))} (${before.map(shown).join(' ')})`,
    `${shown(median(neighbour))} (${neighbour.map(shown).join(' ')})`,
  ]);
  const ours = results.get('ours');
  const slow = results.get('ours-slow-retry');
  const bars: Bar[] = [
    { what: 'starts in the loop, no storm', measured: ours?.starts.length === 0 ? Infinity : ours?.starts.length ?? NaN, unit: '', most: 10 },
    { what: 'back after retry-now', measured: ours?.retried ?? NaN, unit: 's', most: 1 },
    { what: 'back with its next slow retry (every 10 s here)', measured: slow?.back ?? NaN, unit: 's', most: 13 },
    { what: 'killed neighbour, median', measured: outcome(ours?.neighbour), unit: 'ms', ...calm(median(ours?.before ?? []), firstKill) },
  ];
  return {
    name: 'crash-loop',
    title: `A program that ends with 1 at once, for ${loop} s`,
    parts: [markdown(['peer', 'starts', 'at, s', 'cause removed: started again after, s', 'seven neighbours, killed once before the loop, are back after, ms', 'seven others, killed once meanwhile'], rows)],
    bars: asked(bars),
    figures: Object.fromEntries(results),
  };
}
