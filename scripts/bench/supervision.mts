/**
 * Watchkeeper beside other supervisors, without systemd above it.
 *
 *   npm run bench [-- recovery|scale|growth|crash-loop …] [OPTION…]
 *
 *   --quick            fewer kills and peers: under two minutes
 *   --harness=DIR      that of the peers; without one there are only ours and the bare ones
 *   --local            not even if there is one
 *   --peers=A,B        only these
 *   --kills=N --age=S  of recovery
 *   --sizes=1,100 --rounds=N --deaths=N --idle=S  of scale and growth
 *   --json=FILE        all that was measured
 *   --write            puts the tables into docs/benchmarks.md
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { crashLoop } from './crash-loop.mjs';
import { inJson, outcome, placed, sectionText, type Section } from './figures.mjs';
import { findHarness, HarnessGround, lockHarness } from './harness-ground.mjs';
import { LocalGround } from './local-ground.mjs';
import type { Ground } from './peer.mjs';
import { recovery, recoverySection } from './recovery.mjs';
import { growthSection, scaleSection } from './scale-tables.mjs';
import { scale, type ScalePlan } from './scale.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const QUESTIONS = ['recovery', 'crash-loop', 'scale', 'growth'];
/** Those that are asked where nobody says which. */
const PEERS = {
  recovery: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'ours-adopted', 'ours-adopted-proc', 'runit', 's6', 'systemd', 'systemd-rs0', 'supervisord', 'monit-1s', 'pm2'],
  crash: ['ours', 'ours-slow-retry', 'runit', 's6', 'systemd', 'supervisord', 'monit-1s', 'pm2'],
  hundred: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'runit', 's6', 'systemd', 'supervisord', 'pm2'],
  thousand: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'runit', 's6', 'systemd'],
  quick: ['limit', 'limit-node', 'bare-node-ssd', 'ours', 'runit', 'systemd'],
};

const [words, flags] = [process.argv.slice(2).filter((word) => !word.startsWith('--')), process.argv.slice(2).filter((word) => word.startsWith('--'))];
const options = new Map<string, string | undefined>(flags.map((flag) => flag.slice(2).split('=', 2) as [string, string | undefined]));
const KNOWN = ['quick', 'harness', 'local', 'peers', 'kills', 'sizes', 'rounds', 'deaths', 'idle', 'age', 'loop', 'json', 'write'];
const strange = [...words.filter((word) => !QUESTIONS.includes(word)), ...[...options.keys()].filter((name) => !KNOWN.includes(name)).map((name) => `--${name}`)];
if (strange.length > 0) {
  process.stderr.write(`bench: cannot understand ${strange.join(' ')}; try: ${QUESTIONS.join(', ')}, --${KNOWN.join(', --')}\n`);
  process.exit(2);
}
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

const ground = chooseGround();
let cleared: Promise<void> | undefined;
const clear = (): Promise<void> => (cleared ??= ground.clear());
// A terminal that is closed ends it, too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void clear().finally(() => process.exit(130)));

/** Those of them that are here. */
function here(names: readonly string[]): readonly string[] {
  const chosen = options.get('peers')?.split(',') ?? (quick ? PEERS.quick : names);
  return chosen.filter((name) => ground.available.includes(name) && (options.has('peers') || names.includes(name)));
}

const plan: ScalePlan = {
  sizes: (options.get('sizes') ?? (quick ? '100' : '1,10,100,1000')).split(',').map(Number),
  peers: (size) => here(size > 100 ? PEERS.thousand : PEERS.hundred),
  rounds: (size) => number('rounds', quick ? 1 : size > 100 ? 3 : 9),
  deaths: number('deaths', quick ? 1 : 3),
  idle: number('idle', quick ? 5 : 60),
  statuses: quick ? 5 : 10,
  settle: quick ? 3 : 8,
};

async function measure(): Promise<readonly Section[]> {
  if (ground instanceof HarnessGround) {
    say('root file systems');
    await ground.prepare([...new Set([...here(PEERS.recovery), ...here(PEERS.crash), ...here(PEERS.hundred)])]);
  }
  const sections: Section[] = [];
  let firstKill: number | undefined;
  if (asked('recovery')) {
    const recoveryPlan = { peers: here(PEERS.recovery), kills: number('kills', quick ? 4 : 20), age: number('age', quick ? 3 : 15) };
    const recovered = await recovery(ground, recoveryPlan, say);
    firstKill = outcome(recovered.get('ours')?.first);
    sections.push(recoverySection(recovered, recoveryPlan));
  }
  // Without the harness none of them can start a single daemon that crashes beside another one.
  if (asked('crash-loop') && !quick && ground instanceof HarnessGround) sections.push(await crashLoop(ground, { peers: here(PEERS.crash), loop: number('loop', 60), after: 30, firstKill }, say));
  if (asked('scale') || asked('growth')) {
    const figures = await scale(ground, plan, say);
    if (asked('scale')) sections.push(scaleSection(figures, plan));
    // Of one size nothing grows.
    if (asked('growth') && plan.sizes.filter((size) => size > 1).length > 1) sections.push(growthSection(figures));
  }
  return sections;
}

function leftOut(): readonly string[] {
  const wished = quick ? PEERS.quick : [...new Set([...PEERS.recovery, ...PEERS.crash])];
  const missing = wished.filter((name) => !ground.available.includes(name));
  return [
    ...(quick ? ['few kills, few peers and one size, so no growth, and no crash loop (--quick)'] : []),
    ...ground.leftOut.map((why) => (missing.length === 0 ? why : `${missing.join(', ')}: ${why}`)),
  ];
}

try {
  const sections = await measure();
  const header = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}.`;
  const notes = leftOut().map((text) => `Left out: ${text}.`).join(' ');
  for (const section of sections) process.stdout.write(`${sectionText(section)}\n\n`);
  process.stdout.write(`${header} ${notes}\n`);
  const json = options.get('json');
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ header, leftOut: leftOut(), sections: sections.map(({ name, title, bars, figures }) => ({ name, title, bars, figures })) }, inJson, 1)}\n`);
  if (options.has('write')) {
    const document = sections.reduce((text, section) => placed(text, section.name, `${header} ${notes}\n\n${sectionText(section)}`), readFileSync(DOCUMENT, 'utf8'));
    writeFileSync(DOCUMENT, document);
  }
} finally {
  await clear();
}
process.exit(0);
