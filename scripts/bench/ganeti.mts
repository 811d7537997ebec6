/**
 * What daemon-util costs on a node of a real Ganeti cluster, beside the bash
 * original on the same node in the same run.
 *
 *   npm run bench -- ganeti [--runs=9] [--suites=bookworm,trixie] [--inits=none,systemd] [--write]
 *
 * --write puts the tables into docs/benchmarks.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import type { Suite } from '../../test/support/containers/recipe.js';
import { installWatchkeeper, stockDaemonUtil, takeTheName, takeUnits } from '../../test/support/ganeti/migration.js';
import { alone, initCluster, startNode, type GanetiNode, type Init } from '../../test/support/ganeti/node.js';
import { startWatcher } from '../../test/support/ganeti/watcher.js';
import { placed } from './figures.mjs';
import { listed, options } from './options.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const NAME = '/usr/lib/ganeti/daemon-util';
const TIMEOUT = 600_000;

/** Each a row: what is called, and the most that it may cost of what the original does. */
const ROWS: readonly { readonly calls: readonly (readonly string[])[]; readonly bar?: number }[] = [
  { calls: [['check', 'ganeti-noded']] },
  { calls: [['check-and-start', 'ganeti-noded']] },
  { calls: [['start', 'ganeti-noded']] },
  { calls: [['start-all']], bar: 0.25 },
  { calls: [['stop-all'], ['start-all']], bar: 0.6 },
];

interface Times {
  /** Medians in ms, by row. */
  readonly medians: readonly number[];
  /** Rows whose calls did not all end with 0. */
  readonly failing: ReadonlySet<number>;
}

const runs = Number(options.get('runs') ?? 9);

/** Timed inside, by one shell that starts nothing but the calls. */
const LOOP = 'failed=0; for i in $(seq "$1"); do s=${EPOCHREALTIME/./}; for words in "${@:3}"; do "$2" $words >/dev/null 2>&1 || failed=1; done; echo $((${EPOCHREALTIME/./} - s)); done; echo "failed $failed"';

async function timesOf(node: GanetiNode, program: string): Promise<Times> {
  const medians: number[] = [];
  const failing = new Set<number>();
  await node.container.run([program, 'start-all'], { timeout: TIMEOUT });
  for (const [index, { calls }] of ROWS.entries()) {
    const lines = (await node.container.must(['/bin/bash', '-c', LOOP, 'bash', String(runs), program, ...calls.map((words) => words.join(' '))], { timeout: TIMEOUT })).trim().split('\n');
    if (lines.pop() !== 'failed 0') failing.add(index);
    const sorted = lines.map((text) => Number(text) / 1000).sort((one, other) => one - other);
    medians.push(sorted[Math.floor(sorted.length / 2)] ?? NaN);
  }
  return { medians, failing };
}

interface Column {
  readonly title: string;
  readonly times: Times;
}

async function measure(suite: Suite, init: Init): Promise<readonly Column[]> {
  const node = await startNode(suite, init);
  try {
    alone(node);
    await initCluster(node);
    const columns: Column[] = [];
    const add = async (title: string, program: string): Promise<void> => {
      columns.push({ title, times: await timesOf(node, program) });
    };
    if (init === 'none') await add('bash original', NAME);
    await installWatchkeeper(node);
    await takeTheName(node);
    if (init === 'none') await add('ours, no watcher', NAME);
    await startWatcher(node);
    if (init === 'systemd') {
      await takeUnits(node);
      await add('bash original', await stockDaemonUtil(node));
    }
    await add('ours and the watcher', NAME);
    return columns;
  } finally {
    await node.container.stop();
  }
}

function table(columns: readonly Column[]): string {
  const [original, ...others] = columns;
  if (original === undefined) return '';
  const cell = ({ medians, failing }: Times, row: number): string => `${(medians[row] ?? NaN).toFixed(1)}${failing.has(row) ? ' (fails)' : ''}`;
  const head = ['ms, median', original.title, ...others.flatMap(({ title }) => [title, '×']), 'at most'];
  const rows = ROWS.map(({ calls, bar }, row) => [
    calls.map((words) => `\`${words.join(' ')}\``).join(' + '),
    cell(original.times, row),
    ...others.flatMap(({ times }) => [cell(times, row), ((times.medians[row] ?? NaN) / (original.times.medians[row] ?? NaN)).toFixed(2)]),
    bar === undefined ? '' : String(bar),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A container's end alone does not keep this process waiting for it. */
const awake = setInterval(() => undefined, TIMEOUT);
const parts = [`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, ${runs} runs; "fails": the call did not end with 0.`];
for (const suite of listed<Suite>('suites', ['bookworm', 'trixie'])) {
  for (const init of listed<Init>('inits', ['none', 'systemd'])) {
    const text = `### ${suite}, ${init === 'systemd' ? 'with' : 'without'} systemd\n\n${table(await measure(suite, init))}`;
    process.stdout.write(`${text}\n\n`);
    parts.push(text);
  }
}
clearInterval(awake);
if (options.has('write')) writeFileSync(DOCUMENT, placed(readFileSync(DOCUMENT, 'utf8'), 'ganeti', parts.join('\n\n')));
