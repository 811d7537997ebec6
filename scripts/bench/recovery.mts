/** kill -9 of a daemon to the first instruction of its replacement; and again, 0.3 s later. */
import { asked, beyond, markdown, median, outcome, quantile, shown, type Bar, type Section } from './figures.mjs';
import { numbered, type Ground, type Peer } from './peer.mjs';
import { now, sleep } from './stamps.mjs';

export interface RecoveryPlan {
  readonly peers: readonly string[];
  readonly kills: number;
  /** s that each daemon has been up before it is killed: some treat a young one otherwise. */
  readonly age: number;
}

/** ms; Infinity: never back. */
export interface Recovered {
  readonly first: number[];
  readonly second: number[];
}

/** Kills in a row, before it is the next one's turn. */
const BLOCK = 5;
/** ms from the replacement's first instruction to its own death. */
const AGAIN = 300;
const TIMEOUT = 20_000;

async function killOne(peer: Peer, name: string): Promise<number> {
  const before = peer.stamps.runs.get(name);
  if (before === undefined) return Infinity;
  const since = peer.kill([name]);
  return peer.stamps.nextStart(name, before, since, TIMEOUT);
}

async function killTwice(peer: Peer, name: string, into: Recovered): Promise<void> {
  const first = await killOne(peer, name);
  into.first.push(first);
  if (first === Infinity) return;
  await sleep(AGAIN);
  into.second.push(await killOne(peer, name));
  // Not at the same phase of whatever beats in the supervisor.
  await sleep(100 + Math.random() * 200);
}

/** All that are up take turns. */
async function killAll(peers: readonly Peer[], kills: number): Promise<Map<string, Recovered>> {
  const results = new Map<string, Recovered>(peers.map(({ name }) => [name, { first: [], second: [] }]));
  for (let from = 0, round = 0; from < kills; from += BLOCK, round += 1) {
    for (const index of peers.keys()) {
      const peer = peers[(index + round) % peers.length];
      if (peer === undefined) continue;
      for (const name of numbered(kills).slice(from, from + BLOCK)) await killTwice(peer, name, results.get(peer.name) ?? { first: [], second: [] });
    }
  }
  return results;
}

export async function recovery(ground: Ground, plan: RecoveryPlan, say: (text: string) => void): Promise<ReadonlyMap<string, Recovered>> {
  const peers: Peer[] = [];
  try {
    for (const name of plan.peers) {
      say(`recovery: ${name}`);
      const peer = ground.peer(name);
      peers.push(peer);
      await peer.setUp(numbered(plan.kills));
      await peer.startAll();
      if (!(await peer.stamps.until(() => peer.stamps.runs.size >= plan.kills, 60_000))) throw new Error(`${name} has started only ${peer.stamps.runs.size} of ${plan.kills}`);
    }
    const youngest = Math.max(...peers.map(({ stamps }) => stamps.lastStart));
    await sleep(Math.max(0, youngest + plan.age * 1000 - now()));
    say('recovery: kills');
    return await killAll(peers, plan.kills);
  } finally {
    for (const peer of peers) await peer.tearDown();
  }
}

export function recoverySection(results: ReadonlyMap<string, Recovered>, { kills, age }: Pick<RecoveryPlan, 'kills' | 'age'>): Section {
  const first = (name: string): number => outcome(results.get(name)?.first);
  const second = (name: string): number => outcome(results.get(name)?.second);
  const bare = first('bare-node-ssd');
  const rows = [...results].map(([name, times]) => [
    name,
    shown(median(times.first)),
    shown(quantile(times.first, 0.95)),
    shown(Number.isFinite(bare) ? first(name) / bare : NaN),
    shown(median(times.second)),
    shown(quantile(times.second, 0.95)),
    String([...times.first, ...times.second].filter((value) => value === Infinity).length),
  ]);
  const bars: Bar[] = [
    { what: 'first kill', measured: first('ours'), unit: 'ms', most: 1.5 * first('bare-node-ssd'), of: '1.5 × bare-node-ssd' },
    { what: 'first kill, among the first group', measured: first('ours'), unit: 'ms', most: 5 },
    { what: 'second kill, at once', measured: second('ours'), unit: 'ms', most: 1.5 * second('bare-node-ssd'), of: '1.5 × bare-node-ssd' },
    { what: 'adopted, with control groups: seen', measured: beyond(first('ours-adopted'), first('ours')), unit: 'ms', most: 10, of: 'beyond a child' },
    { what: 'adopted, without them: seen', measured: beyond(first('ours-adopted-proc'), first('ours')), unit: 'ms', most: 250, of: 'beyond a child' },
  ];
  return {
    name: 'recovery',
    title: `kill -9 of a daemon to the replacement’s first instruction, ms (${kills} kills of each, each up for ${age} s or more, in turns)`,
    parts: [markdown(['peer', 'first kill, median', 'p95', '× bare-node-ssd', 'second kill 0.3 s later, median', 'p95', 'never back'], rows)],
    bars: asked(bars),
    figures: Object.fromEntries(results),
  };
}
