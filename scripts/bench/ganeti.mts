/**
 * What daemon-util costs on a node of a real Ganeti cluster, beside the bash
 * original on the same node in the same run.
 *
 *   npm run bench -- ganeti [--runs=9] [--suites=bookworm,trixie] [--inits=none,systemd]
 */
import type { Suite } from '../../test/support/containers/recipe.js';
import { installWatchkeeper, stockDaemonUtil, takeTheName, takeUnits } from '../../test/support/ganeti/migration.js';
import { alone, initCluster, startNode, type GanetiNode, type Init } from '../../test/support/ganeti/node.js';
import { startWatcher } from '../../test/support/ganeti/watcher.js';
import { markdown, median } from './figures.mjs';
import { listed, options } from './options.mjs';
import { machine, Report } from './report.mjs';

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
  /** ms of each run, by row. */
  readonly times: readonly (readonly number[])[];
  /** Rows whose calls did not all end with 0. */
  readonly failing: ReadonlySet<number>;
}

const runs = Number(options.get('runs') ?? 9);

/** Timed inside, by one shell that starts nothing but the calls. */
const LOOP = 'failed=0; for i in $(seq "$1"); do s=${EPOCHREALTIME/./}; for words in "${@:3}"; do "$2" $words >/dev/null 2>&1 || failed=1; done; echo $((${EPOCHREALTIME/./} - s)); done; echo "failed $failed"';

async function timesOf(node: GanetiNode, program: string): Promise<Times> {
  const times: (readonly number[])[] = [];
  const failing = new Set<number>();
  await node.container.run([program, 'start-all'], { timeout: TIMEOUT });
  for (const [index, { calls }] of ROWS.entries()) {
    const lines = (await node.container.must(['/bin/bash', '-c', LOOP, 'bash', String(runs), program, ...calls.map((words) => words.join(' '))], { timeout: TIMEOUT })).trim().split('\n');
    if (lines.pop() !== 'failed 0') failing.add(index);
    times.push(lines.map((text) => Number(text) / 1000));
  }
  return { times, failing };
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
  const middle = ({ times }: Times, row: number): number => median(times[row] ?? []);
  const cell = (times: Times, row: number): string => `${middle(times, row).toFixed(1)}${times.failing.has(row) ? ' (fails)' : ''}`;
  const head = ['ms, median', original.title, ...others.flatMap(({ title }) => [title, '×']), 'at most'];
  const rows = ROWS.map(({ calls, bar }, row) => [
    calls.map((words) => `\`${words.join(' ')}\``).join(' + '),
    cell(original.times, row),
    ...others.flatMap(({ times }) => [cell(times, row), (middle(times, row) / middle(original.times, row)).toFixed(2)]),
    bar === undefined ? '' : String(bar),
  ]);
  return markdown(head, rows);
}

/** A container's end alone does not keep this process waiting for it. */
const awake = setInterval(() => undefined, TIMEOUT);
const report = new Report(`${machine()}, ${runs} runs; "fails": the call did not end with 0.`, { json: options.get('json'), write: options.has('write') });
for (const suite of listed<Suite>('suites', ['bookworm', 'trixie'])) {
  for (const init of listed<Init>('inits', ['none', 'systemd'])) {
    const where = `${suite}, ${init === 'systemd' ? 'with' : 'without'} systemd`;
    await report.attempt('ganeti', where, async () => {
      const columns = await measure(suite, init);
      const figures = columns.map(({ title, times: { times, failing } }) => ({ title, rows: ROWS.map(({ calls, bar }, row) => ({ calls, most: bar, times: times[row], fails: failing.has(row) })) }));
      report.tell({ name: 'ganeti', title: where, parts: [table(columns)], bars: [], figures });
    });
  }
}
clearInterval(awake);
process.exitCode = report.status;
