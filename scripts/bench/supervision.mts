/** Watchkeeper beside other supervisors, without systemd above it: recovery, crash-loop, scale, growth. words.mts tells its options. */
import { crashLoop } from './crash-loop.mjs';
import { outcome } from './figures.mjs';
import { findHarness, HarnessGround, lockHarness } from './harness-ground.mjs';
import { peersLeftOut, sizesLeftOut } from './left-out.mjs';
import { LocalGround } from './local-ground.mjs';
import { options } from './options.mjs';
import type { Ground } from './peer.mjs';
import { recovery, recoverySection } from './recovery.mjs';
import { machine, Report } from './report.mjs';
import { growthSection, scaleSection } from './scale-tables.mjs';
import { scale, type Figures, type ScalePlan } from './scale.mjs';

const SIZES = [1, 10, 100, 1000];
/** Those that are asked where nobody says which. */
const PEERS = {
  recovery: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'ours-adopted', 'ours-adopted-proc', 'runit', 's6', 'systemd', 'systemd-rs0', 'supervisord', 'monit-1s', 'pm2'],
  crash: ['ours', 'ours-slow-retry', 'runit', 's6', 'systemd', 'supervisord', 'monit-1s', 'pm2'],
  scale: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'runit', 's6', 'systemd', 'supervisord', 'pm2'],
};
const QUICK = ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'runit', 'systemd'];
/** Of scale: those that its bars name. */
const QUICK_SCALE = ['limit-node', 'bare-node-ssd', 'ours', 'systemd'];
/** They take minutes for each start of more than a hundred. */
const SLOW = ['supervisord', 'pm2'];

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const quick = options.has('quick');
const asked = (question: string): boolean => words.length === 0 || words.includes(question);
const number = (name: string, usual: number): number => Number(options.get(name) ?? usual);
const say = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

function chooseGround(): Ground {
  const harness = options.has('local') ? undefined : findHarness(options.get('harness'));
  if (harness === undefined) {
    if (options.get('harness') !== undefined) throw new Error(`cannot measure: ${options.get('harness') ?? ''} has no lib.sh; try: the directory of the harness`);
    return new LocalGround('there is no harness of the peers (../shared/peers beside the clone, or --harness=DIR)');
  }
  if (process.geteuid?.() !== 0) return new LocalGround('the containers of the peers need root');
  lockHarness();
  return new HarnessGround(harness);
}

const report = new Report(`${machine()}.`, { json: options.get('json'), write: options.has('write') });
const ground = chooseGround();
let cleared: Promise<void> | undefined;
const clear = (): Promise<void> => (cleared ??= ground.clear());
// A terminal that is closed ends it, too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void clear().finally(() => process.exit(130)));

const chosen = options.get('peers')?.split(',');

/** Those of them that are here. */
function here(names: readonly string[]): readonly string[] {
  const short = names === PEERS.recovery ? QUICK : QUICK_SCALE;
  const wished = chosen ?? (quick ? names.filter((name) => short.includes(name)) : names);
  return wished.filter((name) => ground.available.includes(name));
}

/** Measures nothing where nobody is there. */
function someOf(names: readonly string[]): readonly string[] {
  const found = here(names);
  if (found.length === 0) throw new Error(`there is none of these peers here; try: --peers=${ground.available.join(',')}`);
  return found;
}

function leftOut(usual: readonly string[]): readonly string[] {
  const strange = (chosen ?? []).filter((name) => !ground.available.includes(name) && !usual.includes(name));
  return [
    ...peersLeftOut({ usual, measured: here(usual), available: ground.available, reasons: ground.leftOut, by: chosen === undefined ? '--quick' : '--peers' }),
    ...strange.map((name) => `${name}, which is no peer`),
    ...(quick && words.length === 0 ? ['the crash loop (--quick)'] : []),
  ];
}

let firstKill: number | undefined;

async function measureRecovery(): Promise<void> {
  const plan = { peers: someOf(PEERS.recovery), kills: number('kills', quick ? 4 : 20), age: number('age', quick ? 3 : 15) };
  const recovered = await recovery(ground, plan, say);
  firstKill = outcome(recovered.get('ours')?.first);
  report.tell(recoverySection(recovered, plan), leftOut(PEERS.recovery));
}

async function measureCrashLoop(): Promise<void> {
  if (!(ground instanceof HarnessGround)) throw new Error('without the harness nobody can start a single daemon that crashes beside others; try: --harness=DIR');
  report.tell(await crashLoop(ground, { peers: someOf(PEERS.crash), loop: number('loop', 60), after: 30, firstKill }, say), leftOut(PEERS.crash));
}

async function measureScale(): Promise<void> {
  const plan: ScalePlan = {
    sizes: options.get('sizes')?.split(',').map(Number) ?? (quick ? [10, 100] : SIZES),
    peers: (size) => someOf(PEERS.scale.filter((name) => size <= 100 || !SLOW.includes(name))),
    rounds: (size) => number('rounds', quick ? 2 : size > 100 ? 3 : 9),
    deaths: number('deaths', quick ? 1 : 3),
    ones: quick ? 4 : 10,
    idle: number('idle', quick ? 5 : 60),
    statuses: quick ? 5 : 10,
    settle: quick ? 3 : 8,
  };
  const [name = ''] = ['scale', 'growth'].filter(asked);
  const figures: Figures[] = [];
  // One size that fails leaves the others.
  for (const size of plan.sizes) await report.attempt(name, `${size} daemons`, async () => void figures.push(...(await scale(ground, plan, size, say))));
  if (figures.length === 0) return;
  // Who names them gets them.
  const slow = chosen === undefined ? here(PEERS.scale).filter((peer) => SLOW.includes(peer)) : [];
  const missing = [
    ...leftOut(PEERS.scale),
    ...(slow.length > 0 && plan.sizes.some((size) => size > 100) ? [`${slow.join(', ')} with more than 100 daemons (they take minutes for a start)`] : []),
    ...sizesLeftOut(SIZES, plan.sizes, options.has('sizes') ? '--sizes' : '--quick'),
  ];
  if (asked('scale')) report.tell(scaleSection(figures, plan), missing);
  // Of one size nothing grows.
  if (asked('growth') && new Set(figures.filter(({ size }) => size > 1).map(({ size }) => size)).size > 1) report.tell(growthSection(figures), missing);
}

async function measure(): Promise<void> {
  if (ground instanceof HarnessGround) {
    say('root file systems');
    const all = [...(asked('recovery') ? here(PEERS.recovery) : []), ...(asked('crash-loop') ? here(PEERS.crash) : []), ...(asked('scale') || asked('growth') ? here(PEERS.scale) : [])];
    await ground.prepare([...new Set(all)]);
  }
  if (asked('recovery')) await report.attempt('recovery', 'all of it', measureRecovery);
  if (words.includes('crash-loop') || (words.length === 0 && !quick && ground instanceof HarnessGround)) await report.attempt('crash-loop', 'all of it', measureCrashLoop);
  if (asked('scale') || asked('growth')) await report.attempt(asked('scale') ? 'scale' : 'growth', 'all of it', measureScale);
}

try {
  await report.attempt('supervision', 'what all of it needs', measure);
} finally {
  await clear();
}
process.exit(report.status);
