/**
 * What a resource costs and how long it is away in a real cluster of three nodes,
 * by our agents, by Pacemaker's own class `systemd:`, and by a plain agent that
 * forks systemctl for everything, in the same run.
 *
 *   npm run bench -- pacemaker [--runs=7] [--baseline-runs=3] [--minutes=3] [--suites=bookworm,trixie]
 *
 * On bookworm the watcher drives the daemons, on trixie systemd does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Suite } from '../../test/support/containers/recipe.js';
import type { Node } from '../../test/support/pacemaker/cluster.js';
import { primitive } from '../../test/support/pacemaker/resource.js';
import { ClusterWorld, PATIENCE } from '../../test/support/pacemaker/world.js';
import { markdown, median } from './figures.mjs';
import { listed, options } from './options.mjs';
import { benchAgent, installAgents, monitoredLoads } from './pacemaker-load.mjs';
import { machine, Report } from './report.mjs';

const UNIT = 'bench-unit.service';
const PLAIN = benchAgent('plain');
const OURS = '/usr/lib/ocf/resource.d/watchkeeper/unit';
/** s, of the recurring monitor. */
const INTERVAL = 10;
const MONITORS = 200;
const STARTS = 50;
const RESOURCES = 100;

/** Ready as soon as it runs, and says so. */
const UNIT_TEXT = '[Service]\nType=exec\nExecStart=/bin/sleep infinity\n';

const runs = Number(options.get('runs') ?? 7);
const baselineRuns = Number(options.get('baseline-runs') ?? 3);
const minutes = Number(options.get('minutes') ?? 3);

const spread = (values: readonly number[]): string => values.map((value) => (value / 1000).toFixed(2)).join(' ');

interface Row {
  readonly what: string;
  readonly value: string;
  readonly bar?: string;
  /** All that the value is made of, ms or %. */
  readonly samples?: readonly number[];
}

/** Read from outside, without a process. */
function mainPid(node: Node): number | undefined {
  try {
    const directory = `/proc/${node.leader}/root/sys/fs/cgroup/system.slice/${UNIT}/cgroup.procs`;
    const first = readFileSync(directory, 'utf8').split('\n')[0] ?? '';
    return first === '' ? undefined : Number(first);
  } catch {
    return undefined; // it is not there now
  }
}

async function until(look: () => boolean, timeout: number): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`nothing came of it within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function isBusy(world: ClusterWorld, resource: string): Promise<boolean> {
  return (await world.cluster.state()).isBusy(resource);
}

interface Recovery {
  /** ms until the next life began: the daemon's own first line. */
  readonly started: number;
  /** ms until the board has it as running, so until it was ready, too. */
  readonly ready: number;
}

/** From kill -9 of a daemon of the catalogue on. */
async function daemonRecoveries(world: ClusterWorld): Promise<readonly Recovery[]> {
  await world.cluster.configure('resources', primitive('web', { agent: 'daemon', parameters: { name: 'web' } }));
  const times: Recovery[] = [];
  for (let run = 0; run < runs; run += 1) {
    const node = await world.settled('web', 'web');
    // Anywhere in the interval of the monitor.
    await pause(1000 + Math.random() * 3000);
    const before = world.board(node, 'web')?.pid ?? 0;
    // The cluster may record a failure twice (2.1.5 does), and act upon the second one later.
    if (await isBusy(world, 'web')) {
      run -= 1;
      continue;
    }
    const lives = world.starts(node, 'web');
    const began = performance.now();
    world.kill(node, before, 'SIGKILL');
    await until(() => world.starts(node, 'web') > lives, PATIENCE);
    const started = performance.now() - began;
    await until(() => world.isUp(node, 'web') && world.board(node, 'web')?.pid !== before, PATIENCE);
    times.push({ started, ready: performance.now() - began });
  }
  await world.cluster.remove('web');
  return times;
}

/** The same of a unit, which only the monitor of the cluster sees. */
async function unitRecoveries(world: ClusterWorld, xml: string): Promise<readonly number[]> {
  await world.cluster.configure('resources', xml);
  const times: number[] = [];
  for (let run = 0; run < baselineRuns; run += 1) {
    let node: Node | undefined;
    await world.cluster.until('it to run', PATIENCE, (state) => {
      const on = state.runsOn('base');
      node = on === undefined ? undefined : world.cluster.node(on);
      return node !== undefined && mainPid(node) !== undefined;
    });
    const at = node as unknown as Node;
    await pause(Math.random() * INTERVAL * 1000);
    const before = mainPid(at);
    const began = performance.now();
    await at.must(['/usr/bin/systemctl', 'kill', '--signal=SIGKILL', UNIT]);
    await until(() => ![undefined, before].includes(mainPid(at)), PATIENCE);
    times.push(performance.now() - began);
  }
  await world.cluster.remove('base');
  return times;
}

const ENVIRONMENT = { OCF_ROOT: '/usr/lib/ocf', OCF_RESOURCE_INSTANCE: 'bench', OCF_RESKEY_unit: UNIT, OCF_RESKEY_CRM_meta_timeout: '60000', OCF_RESKEY_CRM_meta_interval: '10000', OCF_RESKEY_crm_feature_set: '3.16.2' };

/** What starts and stops the same unit. */
interface Starter {
  readonly start: string;
  readonly stop: string;
}

/** ms of each start, in turn with the others, so that a busy machine is busy for all of them. */
async function starts(node: Node, starters: readonly Starter[]): Promise<readonly (readonly number[])[]> {
  const loop = 'n=$1; shift; for i in $(seq "$n"); do for pair; do s=${EPOCHREALTIME/./}; ${pair%|*} >/dev/null 2>&1 || exit 1; echo $((${EPOCHREALTIME/./} - s)); ${pair#*|} >/dev/null 2>&1; done; done';
  const pairs = starters.map(({ start, stop }) => `${start}|${stop}`);
  const text = await node.must(['/bin/bash', '-c', loop, 'bash', String(STARTS), ...pairs], { timeout: PATIENCE, environment: ENVIRONMENT });
  const times = text.trim().split('\n').map((line) => Number(line) / 1000);
  return starters.map((_, which) => times.filter((__, index) => index % starters.length === which));
}

/** ms of CPU of one monitor, its children included. */
async function monitorCost(node: Node, agent: string): Promise<number> {
  const loop = 'i=0; while [ $i -lt "$1" ]; do "$2" monitor >/dev/null 2>&1 || exit 1; i=$((i + 1)); done; times';
  const text = await node.must(['/bin/sh', '-c', loop, 'sh', String(MONITORS), agent], { timeout: PATIENCE, environment: ENVIRONMENT });
  const [user = NaN, system = NaN] = [...(text.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000);
  return (user + system) / MONITORS;
}

async function measure(suite: Suite): Promise<readonly Row[]> {
  const world = await ClusterWorld.form(suite, { web: { behaviour: { port: 8081 } } });
  try {
    installAgents(world);
    for (const { root } of world.nodes) writeFileSync(join(root, 'etc/systemd/system', UNIT), UNIT_TEXT);
    for (const node of world.nodes) await node.must(['/usr/bin/systemctl', 'daemon-reload']);
    const node = world.nodes[0];
    if (node === undefined) throw new Error('a cluster without nodes');
    const ours = await daemonRecoveries(world);
    const [started, ready] = [ours.map((one) => one.started), ours.map((one) => one.ready)];
    const rows: Row[] = [
      { what: `kill -9 to started again: \`ocf:watchkeeper:daemon\`, s (each: ${spread(started)})`, value: (median(started) / 1000).toFixed(2), bar: '0.35', samples: started },
      { what: `the same until it is ready again, s (each: ${spread(ready)})`, value: (median(ready) / 1000).toFixed(2), samples: ready },
    ];
    if (baselineRuns > 0) {
      const operations = '<operations><op id="base-m" name="monitor" interval="10s" timeout="20s"/><op id="base-s" name="start" interval="0" timeout="60s"/><op id="base-t" name="stop" interval="0" timeout="60s"/></operations>';
      const native = await unitRecoveries(world, `<primitive id="base" class="systemd" type="${UNIT.replace('.service', '')}">${operations}</primitive>`);
      const plain = await unitRecoveries(world, `<primitive id="base" class="ocf" provider="bench" type="plain"><instance_attributes id="base-i"><nvpair id="base-u" name="unit" value="${UNIT}"/></instance_attributes>${operations}</primitive>`);
      rows.push({ what: `the same: \`systemd:\`, s (each: ${spread(native)})`, value: (median(native) / 1000).toFixed(2), samples: native }, { what: `the same: a plain agent, s (each: ${spread(plain)})`, value: (median(plain) / 1000).toFixed(2), samples: plain });
    }
    const [bareStarts = [], heldStarts = []] = await starts(node, [
      { start: `/usr/bin/systemctl start ${UNIT}`, stop: `/usr/bin/systemctl stop ${UNIT}` },
      { start: `${OURS} start`, stop: `${OURS} stop` },
    ]);
    const [bare, held] = [median(bareStarts), median(heldStarts)];
    rows.push({ what: '`systemctl start`, ms', value: bare.toFixed(1), samples: bareStarts }, { what: 'start by `ocf:watchkeeper:unit`, ms', value: held.toFixed(1), samples: heldStarts }, { what: 'its share of `systemctl start`', value: (held / bare).toFixed(2), bar: '1.5' });
    await node.must([OURS, 'start'], { environment: ENVIRONMENT });
    const [cheap, dear] = [await monitorCost(node, OURS), await monitorCost(node, PLAIN)];
    await node.must([OURS, 'stop'], { environment: ENVIRONMENT });
    rows.push({ what: 'CPU of a monitor by a plain agent, ms', value: dear.toFixed(2) }, { what: 'CPU of a monitor by `ocf:watchkeeper:unit`, ms', value: cheap.toFixed(2) }, { what: 'its share of the plain one', value: (cheap / dear).toFixed(2), bar: '0.2' });
    const { ours: own, plain: forking, least } = await monitoredLoads(world, RESOURCES, minutes, UNIT_TEXT);
    const percent = (values: readonly number[]): string => `${median(values).toFixed(2)} (${values.map((value) => value.toFixed(2)).join(' ')})`;
    rows.push(
      { what: `${RESOURCES} of them every ${INTERVAL} s, % of a core, of each minute: our agents`, value: percent(own.agents), bar: '2', samples: own.agents },
      { what: 'the same minutes on another node: an agent that looks whether a file is there', value: percent(least.agents), samples: least.agents },
      { what: 'the same minutes on another node: a plain agent', value: percent(forking.agents), samples: forking.agents },
      { what: 'pacemaker-execd, which calls ours', value: percent(own.execd), samples: own.execd },
      { what: 'the watcher of that node', value: percent(own.watcher), samples: own.watcher },
    );
    return rows;
  } finally {
    await world.cluster.destroy();
  }
}

const awake = setInterval(() => undefined, PATIENCE);
const header = `${machine()}; medians of ${runs} recoveries (${baselineRuns} of the others, spread over the monitor's ${INTERVAL} s), ${STARTS} starts in turn and ${MONITORS} monitors.`;
const report = new Report(header, { json: options.get('json'), write: options.has('write') });
for (const suite of listed('suites', ['bookworm', 'trixie'] as const)) {
  await report.attempt('pacemaker', suite, async () => {
    const rows = await measure(suite);
    const text = markdown(['', 'median', 'at most'], rows.map(({ what, value, bar = '' }) => [what, value, bar]));
    report.tell({ name: 'pacemaker', title: `${suite}, daemons driven by ${suite === 'bookworm' ? 'the watcher' : 'systemd'}`, parts: [text], bars: [], figures: rows });
  });
}
clearInterval(awake);
process.exitCode = report.status;
