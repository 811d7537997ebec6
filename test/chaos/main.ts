/** `npm run chaos`: a storm in each world, side by side. Exit status 1 if anything was lost, or a kind of fault hit nothing. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { missingRequirement } from '../support/containers/requirements.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { systemdStorm } from './container.js';
import { FAULT_KINDS, faultLine, kindsOf, planFaults, type FaultKind, type WorldKind } from './plan.js';
import { plainStorm } from './plain.js';
import type { StormOptions } from './options.js';
import { SWEEPS, type SweepKind } from './sweep.js';
import { lossLines, markdownTable, reportOf, unhitLines, type WorldReport } from './report.js';

const OPTIONS = {
  seed: { type: 'string' },
  faults: { type: 'string', default: '20000' },
  daemons: { type: 'string', default: '24' },
  world: { type: 'string', multiple: true },
  time: { type: 'string', default: '10m' },
  sweep: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  points: { type: 'string' },
  debian: { type: 'string', default: 'bookworm' },
  json: { type: 'string' },
  keep: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const USAGE = `usage: npm run chaos -- [OPTION]...
A storm of faults over real daemons in each world, side by side (docs/chaos.md).

  --world plain|systemd    default: both, where this machine can have them; of a sweep: plain
  --debian bookworm|trixie whose systemd (bookworm)
  --time 10m               at most so long, and
  --faults 20000           at most so many
  --daemons 24             over so many
  --seed N                 the same list of faults again
  --only KIND              no other kinds; several times for several
  --sweep WHAT             no chance: all, ${SWEEPS.join(', ')}
  --points N-N             of a sweep: from which call to which
  --json FILE              the report for programs, too
  --keep                   what was observed is kept without a loss, too
  --list                   only tells which faults that would be

Exit status: 0 nothing was lost; 1 something was, or a kind of fault hit nothing; 2 the options are not understood.
`;

function refuse(what: string): never {
  process.stderr.write(`chaos: cannot understand ${what}; try: npm run chaos -- --seed 7 --faults 5000 --world plain --time 10m\n`);
  process.exit(2);
}

function understood(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return refuse((error as Error).message.split(/[.\n]/)[0] ?? 'that');
  }
}

const values = understood();
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

function count(text: string, option: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : refuse(`--${option} ${text}`);
}

function seconds(text: string): number {
  const [, number, unit] = /^([0-9]{1,5})(s|m|h)$/.exec(text) ?? [];
  return number === undefined ? refuse(`--time ${text}`) : Number(number) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}

function range(text: string): readonly [number, number] {
  const [, first, last] = /^([1-9][0-9]{0,3})-([1-9][0-9]{0,3})$/.exec(text) ?? [];
  return first === undefined || last === undefined ? refuse(`--points ${text}`) : [Number(first), Number(last)];
}

/** What was chosen beside seed, length and world, as it is typed. */
function chosen(): string {
  const words = [...(swept ?? []).map((kind) => `--sweep ${kind}`), ...(values.points === undefined ? [] : [`--points ${values.points}`]), ...(only ?? []).map((kind) => `--only ${kind}`)];
  return words.map((word) => ` ${word}`).join('');
}

const only = values.only?.map((word): FaultKind => FAULT_KINDS.find((kind) => kind === word) ?? refuse(`--only ${word}: it knows ${FAULT_KINDS.join(', ')}`));

function chosenWorlds(): readonly WorldKind[] {
  const named = values.world?.map((world): WorldKind => (world === 'plain' || world === 'systemd' ? world : refuse(`--world ${world}`)));
  for (const world of named ?? []) if (kindsOf(world, only).length === 0) refuse(`--only ${only?.join(' --only ') ?? ''}: the world ${world} has none of that`);
  if (named !== undefined) return named;
  if (values.sweep !== undefined) return ['plain'];
  const missing = values.list ? undefined : missingRequirement();
  if (missing !== undefined) process.stdout.write(`without the world systemd: ${missing}\n`);
  const there: readonly WorldKind[] = missing === undefined ? ['plain', 'systemd'] : ['plain'];
  return there.filter((world) => kindsOf(world, only).length > 0);
}

/** Without systemd, daemon-util does without a watcher what it asks it for. */
function canSweep(world: WorldKind, kind: SweepKind): boolean {
  return world === 'plain' || !kind.startsWith('direct-');
}

const worlds = chosenWorlds();
const swept = values.sweep?.flatMap((word): readonly SweepKind[] => {
  if (word === 'all') return SWEEPS.filter((kind) => worlds.some((world) => canSweep(world, kind)));
  return [SWEEPS.find((kind) => kind === word) ?? refuse(`--sweep ${word}: it knows all, ${SWEEPS.join(', ')}`)];
});
for (const world of worlds) if (swept !== undefined && !swept.some((kind) => canSweep(world, kind))) refuse(`--sweep ${swept.join(' --sweep ')}: the world ${world} has none of that`);
const options: StormOptions = {
  seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : count(values.seed, 'seed'),
  faults: count(values.faults, 'faults'),
  seconds: seconds(values.time),
  daemons: count(values.daemons, 'daemons'),
  bound: 45_000,
  keep: values.keep,
  debian: values.debian === 'bookworm' || values.debian === 'trixie' ? values.debian : refuse(`--debian ${values.debian}`),
  ...(swept === undefined ? {} : { sweep: swept }),
  ...(only === undefined ? {} : { only }),
  ...(values.points === undefined ? {} : { points: range(values.points) }),
};

process.stdout.write(`seed ${options.seed}, at most ${options.faults} faults in ${options.seconds} s, worlds ${worlds.join(' and ')}\n`);
if (values.list) {
  for (const world of worlds) process.stdout.write(`${world}:\n${planFaults({ ...options, world }).map((fault) => `${faultLine(fault)}\n`).join('')}`);
  process.exit(0);
}
buildOnce();
// What was begun ends with us: first what takes a moment, the rest as we exit.
const interruption = new AbortController();
let plain: Promise<unknown> = Promise.resolve();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interruption.abort();
    void plain.catch(() => undefined).then(() => process.exit(130));
  });
}
const reports: WorldReport[] = [];
const failures = await Promise.all(
  worlds.map(async (world) => {
    const own = swept === undefined ? options : { ...options, sweep: swept.filter((kind) => canSweep(world, kind)) };
    const storm = world === 'plain' ? plainStorm(own, interruption.signal) : systemdStorm(own);
    if (world === 'plain') plain = storm;
    const { verdict, log, directory } = await storm;
    if (directory !== '') process.stdout.write(`${world}: what was observed is in ${directory}\n`);
    const report = reportOf(world, options.seed, log, verdict);
    reports.push(report);
    // A sweep has its own way to tell what it did not come to.
    const nothing = options.sweep === undefined ? unhitLines(report, only) : [];
    return report.losses.length + nothing.length === 0 ? [] : [...lossLines(report), ...nothing, `the same storm again: npm run chaos -- --world ${world} --seed ${options.seed} --faults ${options.faults} --daemons ${options.daemons} --time ${values.time}${world === 'systemd' ? ` --debian ${values.debian}` : ''}${chosen()}`];
  }),
);
process.stdout.write(`\n${markdownTable(reports)}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
for (const line of failures.flat()) process.stderr.write(`${line}\n`);
process.exitCode = failures.flat().length === 0 ? 0 : 1;
