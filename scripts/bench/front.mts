/**
 * What the shell front of daemon-util saves: each call by the bash original and
 * by ours in turn, on a node of a real Ganeti cluster, and what Node's way takes
 * beside an empty Node program.
 *
 *   npm run bench -- front [--runs=50] [--suites=bookworm,trixie] [--inits=none,systemd] [--only=PATTERN]
 */
import { setTimeout } from 'node:timers/promises';

import type { Suite } from '../../test/support/containers/recipe.js';
import { installWatchkeeper, stockDaemonUtil, takeTheName, takeUnits } from '../../test/support/ganeti/migration.js';
import { alone, initCluster, startNode, type GanetiNode, type Init } from '../../test/support/ganeti/node.js';
import { startWatcher, stopWatcher } from '../../test/support/ganeti/watcher.js';
import { shown } from './figures.mjs';
import { listed, options } from './options.mjs';
import { machine, Report } from './report.mjs';
import { KEPT, LOOP, ratio, row, sides, table, type Compared, type Side } from './turns.mjs';

const OURS = '/usr/lib/ganeti/daemon-util';
const EMPTY = '/run/empty.cjs';
const TIMEOUT = 900_000;
/** ms; two heartbeats. */
const SETTLED = 10_000;
/** Of calls that take seconds. */
const FEW = 9;
/** Of a `check` of what is down. */
const DOWN = 1;

/** Both are called in turn; each may be several calls. */
interface Pair extends Compared {
  readonly reference: readonly string[];
  readonly ours: readonly string[];
  readonly slow?: true;
}

interface Row {
  readonly pair: Pair;
  readonly reference: Side;
  readonly ours: Side;
}

const runs = Number(options.get('runs') ?? 50);

const isWanted = ({ what }: Pair): boolean => new RegExp(options.get('only') ?? '').test(what);

async function measureAll(node: GanetiNode, all: readonly Pair[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const pair of all.filter(isWanted)) rows.push(await measure(node, pair));
  return rows;
}

async function measure(node: GanetiNode, pair: Pair): Promise<Row> {
  const [reference, ours] = await inTurn(node, [pair.reference, pair.ours], pair.slow);
  return told(pair, reference, ours);
}

/** Without systemd a watcher would restart at once what the original stops: first the original without one, then ours beside it. */
async function measureApart(node: GanetiNode, all: readonly Pair[]): Promise<readonly Row[]> {
  const [first] = all;
  if (first === undefined) return [];
  await stopWatcher(node);
  const [reference] = await inTurn(node, [first.reference], first.slow);
  await startWatcher(node);
  const sides = await inTurn(node, all.map(({ ours }) => ours), first.slow);
  return all.map((pair, index) => told(pair, reference, sides[index]));
}

async function inTurn(node: GanetiNode, all: readonly (readonly string[])[], slow = false): Promise<readonly Side[]> {
  const count = slow ? Math.min(runs, FEW) : runs;
  // one turn more, to warm up
  const output = await node.container.must(['/bin/bash', '-c', LOOP, 'bash', KEPT, String(count + 1), ...all.map((calls) => calls.join(';'))], { timeout: TIMEOUT });
  return sides(output, all.length);
}

function told(pair: Pair, reference?: Side, ours?: Side): Row {
  if (reference === undefined || ours === undefined) throw new Error(`${pair.what}: nothing was measured`);
  process.stderr.write(`front: ${pair.what}: × ${shown(ratio(reference, ours, 'wall'))}\n`);
  return { pair, reference, ours };
}

const call = (program: string, ...lines: readonly string[]): readonly string[] => lines.map((line) => `${program} ${line}`);

function pairs(stock: string, init: Init): readonly Pair[] {
  const read = init === 'none' ? 0.4 : 0.12;
  const same = (line: string, most?: number): Pair => ({ what: `\`${line}\``, reference: call(stock, line), ours: call(OURS, line), ...(most === undefined ? {} : { most }) });
  const reads: readonly Pair[] = [
    same('check ganeti-noded', read),
    { ...same('check ganeti-metad', read), what: '`check` of one that is down', ends: DOWN },
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
    ...GROUP_SCRIPTS,
  ];
}

const besideNode = (line: string, by: string, most: number): Pair =>
  ({ what: `\`${line}\`, by ${by}, beside an empty Node program`, reference: [`/usr/bin/node ${EMPTY}`], ours: call(OURS, line), most });
/** What the shell cannot answer: one bar for all of them, whoever does. */
const NODE_WAY: readonly Pair[] = [
  besideNode('--json check ganeti-noded', 'the watcher', 1.3),
  besideNode('--json status', 'the watcher', 1.3),
  besideNode('--verbose check ganeti-noded', 'Node itself', 1.3),
];

/** redirected, it would have systemd call Debian's. */
const GROUP_SCRIPT = '/usr/bin/env SYSTEMCTL_SKIP_REDIRECT=1 /run/init-group';
const BY_DEBIANS: readonly string[] = ['/run/init-stock stop', '/run/init-stock start'];
/** Of the same reference. The bar is for what replaces the original's whole: our script and ours. */
const GROUP_SCRIPTS: readonly Pair[] = [
  { what: "`stop` + `start` of all: Debian's init script with the original, our init script with ours", reference: BY_DEBIANS, ours: [`${GROUP_SCRIPT} stop`, `${GROUP_SCRIPT} start`], most: 0.5, slow: true },
  { what: "the same, Debian's init script with ours", reference: BY_DEBIANS, ours: ['/run/init-ours stop', '/run/init-ours start'], slow: true },
];

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
      rows.push(...await measureApart(node, GROUP_SCRIPTS.filter(isWanted)));
    } else {
      await stopWatcher(node);
      rows.push(...await measureAll(node, [{ what: '`check ganeti-noded`, no watcher', reference: call(stock, 'check ganeti-noded'), ours: call(OURS, 'check ganeti-noded'), most: 0.6 }]));
    }
    return rows;
  } finally {
    await node.container.stop();
  }
}

/** A container's end alone does not keep this process waiting for it. */
const awake = setInterval(() => undefined, TIMEOUT);
const report = new Report(`${machine()}, ${runs} turns, of what takes seconds ${Math.min(runs, FEW)}; "ends with": with another status than it has to.`, { json: options.get('json'), write: options.has('write') });
for (const suite of listed<Suite>('suites', ['bookworm', 'trixie'])) {
  for (const init of listed<Init>('inits', ['none', 'systemd'])) {
    const where = `${suite}, ${init === 'systemd' ? 'with' : 'without'} systemd`;
    await report.attempt('front', where, async () => {
      const rows = await measureNode(suite, init);
      report.tell({
        name: 'front',
        title: `The front on ${where}`,
        parts: [table(rows.map(({ pair, reference, ours }) => row(pair, reference, ours)))],
        bars: [],
        figures: rows.map(({ pair, reference, ours }) => ({ what: pair.what, most: pair.most, wall: ratio(reference, ours, 'wall'), reference, ours })),
      });
    });
  }
}
clearInterval(awake);
process.exitCode = report.status;
