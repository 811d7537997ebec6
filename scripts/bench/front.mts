/**
 * What the shell front of daemon-util saves: each call by the bash original and
 * by ours in turn, on a node of a real Ganeti cluster, and what Node's way takes
 * beside an empty Node program.
 *
 *   npm run bench -- front [--runs=50] [--suites=bookworm,trixie] [--inits=none,systemd] [--only=PATTERN] [--write]
 *
 * --write puts the tables into docs/benchmarks.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Suite } from '../../test/support/containers/recipe.js';
import { installWatchkeeper, stockDaemonUtil, takeTheName, takeUnits } from '../../test/support/ganeti/migration.js';
import { alone, initCluster, startNode, type GanetiNode, type Init } from '../../test/support/ganeti/node.js';
import { startWatcher, stopWatcher } from '../../test/support/ganeti/watcher.js';
import { isMet, markdown, median, placed, quantile, shown } from './figures.mjs';
import { listed, options } from './options.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const OURS = '/usr/lib/ganeti/daemon-util';
const EMPTY = '/run/empty.cjs';
const TIMEOUT = 900_000;
/** ms; two heartbeats. */
const SETTLED = 10_000;
/** Of calls that take seconds. */
const FEW = 9;

/** Both are called in turn; each may be several calls, which all have to end with the same status. */
interface Pair {
  readonly what: string;
  readonly reference: readonly string[];
  readonly ours: readonly string[];
  /** Most that ours may take of the reference. */
  readonly most?: number;
  readonly slow?: true;
}

interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

interface Row {
  readonly pair: Pair;
  readonly reference: readonly Sample[];
  readonly ours: readonly Sample[];
}

const runs = Number(options.get('runs') ?? 50);

/**
 * Timed inside, by one shell that starts nothing but the calls: µs of wall time
 * and ms of CPU time (user and system, with what was waited for) of each turn.
 * Calls of one turn are separated by `;`. A call that ends with another status
 * than in the first turn ends it all: there would be nothing to compare.
 */
const LOOP = `
cpu() { times >/run/times; { read -r _ _; read -r user system; } </run/times; }
ms() { local text=\${1%s}; local minutes=\${text%m*} rest=\${text#*m}; echo_ms=$((minutes * 60000 + 10#\${rest/./})); }
n=$1; shift
declare -a expected
for ((turn = 0; turn < n; turn++)); do
  index=0
  for words; do
    IFS=';' read -ra calls <<<"$words"
    cpu; ms "$user"; before=$echo_ms; ms "$system"; before=$((before + echo_ms))
    status=
    s=\${EPOCHREALTIME/./}
    for call in "\${calls[@]}"; do $call >/dev/null 2>&1; status=$status$?,; done
    wall=$((\${EPOCHREALTIME/./} - s))
    cpu; ms "$user"; after=$echo_ms; ms "$system"; after=$((after + echo_ms))
    : "\${expected[index]:=$status}"
    if [[ $status != "\${expected[index]}" ]]; then echo "$words ended with $status, and before with \${expected[index]}" >&2; exit 1; fi
    echo "$index $wall $((after - before))"
    index=$((index + 1))
  done
done
for one in "\${expected[@]}"; do echo "status $one"; done
`;

const isWanted = ({ what }: Pair): boolean => new RegExp(options.get('only') ?? '').test(what);

async function measureAll(node: GanetiNode, all: readonly Pair[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const pair of all.filter(isWanted)) rows.push(await measure(node, pair));
  return rows;
}

async function measure(node: GanetiNode, pair: Pair): Promise<Row> {
  const [reference = [], ours = []] = await inTurn(node, [pair.reference, pair.ours], pair.slow);
  return told({ pair, reference, ours });
}

/** Without systemd a watcher would restart at once what the original stops: first the original without one, then ours beside it. */
async function measureApart(node: GanetiNode, pair: Pair): Promise<Row> {
  await stopWatcher(node);
  const [reference = []] = await inTurn(node, [pair.reference], pair.slow);
  await startWatcher(node);
  const [ours = []] = await inTurn(node, [pair.ours], pair.slow);
  return told({ pair, reference, ours });
}

async function inTurn(node: GanetiNode, all: readonly (readonly string[])[], slow = false): Promise<readonly (readonly Sample[])[]> {
  const count = slow ? Math.min(runs, FEW) : runs;
  // one turn more, to warm up
  const output = await node.container.must(['/bin/bash', '-c', LOOP, 'bash', String(count + 1), ...all.map((calls) => calls.join(';'))], { timeout: TIMEOUT });
  const lines = output.trim().split('\n').map((line) => line.split(' '));
  return all.map((_calls, index) => lines.filter(([first]) => first === String(index)).slice(1).map(([, wall, cpu]) => ({ wall: Number(wall) / 1000, cpu: Number(cpu) })));
}

function told(row: Row): Row {
  process.stderr.write(`front: ${row.pair.what}: × ${shown(ratio(row, 'wall'))}\n`);
  return row;
}

const call = (program: string, ...lines: readonly string[]): readonly string[] => lines.map((line) => `${program} ${line}`);

function pairs(stock: string, init: Init): readonly Pair[] {
  const read = init === 'none' ? 0.4 : 0.12;
  const same = (line: string, most?: number): Pair => ({ what: `\`${line}\``, reference: call(stock, line), ours: call(OURS, line), ...(most === undefined ? {} : { most }) });
  const reads: readonly Pair[] = [
    same('check ganeti-noded', read),
    { ...same('check ganeti-metad', read), what: '`check` of one that is down' },
    { what: '`pid ganeti-noded` beside `check` of the original, which has no `pid`', reference: call(stock, 'check ganeti-noded'), ours: call(OURS, 'pid ganeti-noded'), most: read },
    { what: '`status ganeti-noded` beside `check` of the original, which has no `status`', reference: call(stock, 'check ganeti-noded'), ours: call(OURS, 'status ganeti-noded'), most: read },
    same('check-and-start ganeti-noded', read),
    { ...same('start-all', 0.25), what: '`start-all`, all running', slow: true },
    ...NODE_WAY,
  ];
  if (init === 'none') return reads;
  return [
    ...reads,
    { ...same('start ganeti-noded', 0.5), what: '`start ganeti-noded`, running' },
    { what: '`stop` + `start ganeti-rapi`', reference: call(stock, 'stop ganeti-rapi', 'start ganeti-rapi'), ours: call(OURS, 'stop ganeti-rapi', 'start ganeti-rapi'), most: 0.5, slow: true },
    { what: '`stop` + `start ganeti-rapi` beside two bare calls of systemctl, for the share of the unit', reference: ['/usr/bin/systemctl stop ganeti-rapi', '/usr/bin/systemctl start ganeti-rapi'], ours: call(OURS, 'stop ganeti-rapi', 'start ganeti-rapi'), slow: true },
    GROUP_SCRIPTS,
    { what: "the same, Debian's init script with ours", reference: BY_DEBIANS, ours: ['/run/init-ours stop', '/run/init-ours start'], slow: true },
  ];
}

const besideNode = (line: string, by: string, most?: number): Pair =>
  ({ what: `\`${line}\`, by ${by}, beside an empty Node program`, reference: [`/usr/bin/node ${EMPTY}`], ours: call(OURS, line), ...(most === undefined ? {} : { most }) });
/** What the shell cannot answer. */
const NODE_WAY: readonly Pair[] = [
  besideNode('--json check ganeti-noded', 'the watcher', 1.3),
  besideNode('--json status', 'the watcher', 1.3),
  besideNode('--verbose check ganeti-noded', 'Node itself'),
];

/** redirected, it would have systemd call Debian's. */
const GROUP_SCRIPT = '/usr/bin/env SYSTEMCTL_SKIP_REDIRECT=1 /run/init-group';
const BY_DEBIANS: readonly string[] = ['/run/init-stock stop', '/run/init-stock start'];
const GROUP_SCRIPTS: Pair = {
  what: "`stop` + `start` of all: Debian's init script with the original, our init script with ours",
  reference: BY_DEBIANS,
  ours: [`${GROUP_SCRIPT} stop`, `${GROUP_SCRIPT} start`],
  most: 0.5,
  slow: true,
};

async function measureNode(suite: Suite, init: Init): Promise<readonly Row[]> {
  const node = await startNode(suite, init);
  try {
    alone(node);
    await initCluster(node);
    await installWatchkeeper(node);
    await takeTheName(node);
    await startWatcher(node);
    if (init === 'systemd') await takeUnits(node);
    await node.container.must([OURS, 'start-all'], { timeout: TIMEOUT });
    await node.container.write(EMPTY, '');
    const stock = await stockDaemonUtil(node);
    const script = await node.container.read('/etc/init.d/ganeti');
    for (const [name, program] of [['stock', stock], ['ours', OURS]] as const) await node.container.write(`/run/init-${name}`, script.replace(/^DAEMON_UTIL=.*$/m, `DAEMON_UTIL=${program}`), 0o755);
    await node.container.write('/run/init-group', await node.container.read('/usr/share/watchkeeper/etc/init.d/ganeti'), 0o755);
    // What is wanted was just written down: the watcher proves at its next heartbeat that the board has it.
    await setTimeout(SETTLED);
    const rows = [...await measureAll(node, pairs(stock, init))];
    if (init === 'none') {
      if (isWanted(GROUP_SCRIPTS)) rows.push(await measureApart(node, GROUP_SCRIPTS));
    } else {
      await stopWatcher(node);
      rows.push(...await measureAll(node, [{ what: '`check ganeti-noded`, no watcher', reference: call(stock, 'check ganeti-noded'), ours: call(OURS, 'check ganeti-noded'), most: 0.6 }]));
    }
    return rows;
  } finally {
    await node.container.stop();
  }
}

function ratio(row: Row, of: keyof Sample): number {
  return median(row.ours.map((sample) => sample[of])) / median(row.reference.map((sample) => sample[of]));
}

/** CPU time comes in whole ms, so its mean says more than its median. */
function mean(samples: readonly Sample[]): number {
  return samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length;
}

function table(rows: readonly Row[]): string {
  return markdown(
    ['ms: median (p95)', 'reference', 'ours', '×', 'at most', 'met', 'CPU, mean: reference', 'ours'],
    rows.map((row) => {
      const { pair, reference, ours } = row;
      const wall = (samples: readonly Sample[]): string => `${shown(median(samples.map((sample) => sample.wall)))} (${shown(quantile(samples.map((sample) => sample.wall), 0.95))})`;
      const times = ratio(row, 'wall');
      const met = isMet({ what: pair.what, measured: times, unit: '', most: pair.most ?? NaN });
      return [pair.what, wall(reference), wall(ours), shown(times), shown(pair.most ?? NaN), met === undefined ? '–' : met ? 'yes' : '**no**', shown(mean(reference)), shown(mean(ours))];
    }),
  );
}

/** A container's end alone does not keep this process waiting for it. */
const awake = setInterval(() => undefined, TIMEOUT);
const parts = [`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, ${runs} turns, of what takes seconds ${FEW}.`];
const results: Record<string, unknown> = {};
for (const suite of listed<Suite>('suites', ['bookworm', 'trixie'])) {
  for (const init of listed<Init>('inits', ['none', 'systemd'])) {
    const rows = await measureNode(suite, init);
    const text = `### The front on ${suite}, ${init === 'systemd' ? 'with' : 'without'} systemd\n\n${table(rows)}`;
    process.stdout.write(`${text}\n\n`);
    parts.push(text);
    results[`${suite}/${init}`] = rows.map((row) => ({ what: row.pair.what, most: row.pair.most, wall: ratio(row, 'wall'), cpu: mean(row.ours) / mean(row.reference), reference: row.reference, ours: row.ours }));
  }
}
clearInterval(awake);
process.stdout.write(`${JSON.stringify({ schemaVersion: 1, at: parts[0], results })}\n`);
if (options.has('write')) writeFileSync(DOCUMENT, placed(readFileSync(DOCUMENT, 'utf8'), 'front', parts.join('\n\n')));
