/**
 * Five minutes of a real watcher with 200 real daemons, a fifth of them watched
 * by a health check, and scheduled tasks: killed, hung, crashing by themselves,
 * slow to start, stopped and started by an operator, and the watcher itself
 * killed. Afterwards an observer that reads /proc alone says whether every
 * daemon is where it is wanted, exactly once. WATCHKEEPER_SOAK_SECONDS shortens it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { connectWatcher } from '../../src/adapters/control-socket/client.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { eventually } from '../support/eventually.js';
import { liveProcesses } from '../support/proc.js';
import { watcherPreloadedWith, WatcherWorld, type RunningWatcher } from '../support/watcher-world.js';

const DAEMONS = 200;
const TASKS = 20;
const SECONDS = Number(process.env['WATCHKEEPER_SOAK_SECONDS'] ?? '300');
/** Its memory is compared from here on: by then all of its code has run once. */
const WARM = Math.min(60, SECONDS / 3);
const SEED = 20_261_121;
const COLLECTOR = fileURLToPath(new URL('../fixtures/collect-garbage.cjs', import.meta.url));

const RESTART = { immediateRestarts: 2, baseDelay: '200ms', maxDelay: '1s', stableAfter: '2s', intensity: 6, period: '10s', slowRetryDelay: '3s' };

function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** Its answer needs the process itself: a stopped one still accepts connections. */
const ASKS = `#!/usr/bin/perl
use strict; use warnings; use Socket;
alarm 2;
socket my $s, PF_UNIX, SOCK_STREAM, 0 or exit 1;
connect $s, pack_sockaddr_un($ARGV[0]) or exit 1;
sysread $s, my $end, 1;
exit 0;
`;

/** What the preloaded collector wrote: kB left after each of its collections. */
interface Memory {
  readonly pid: number;
  readonly heap: number;
  readonly external: number;
  readonly private: number;
}

/**
 * How much more there may be at the end. Heap and external memory are what the
 * program holds. Private memory is also what malloc and V8 hold back for it, and
 * moves by a quarter in a program that holds the same all the time.
 */
const LIMITS = [
  ['heap', 1.05],
  ['external', 1.05],
  ['private', 1.15],
] as const;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

describe('soak', function () {
  this.timeout((SECONDS + 180) * 1000);
  let world: WatcherWorld;

  before(() => buildOnce());
  beforeEach(() => (world = new WatcherWorld()));
  afterEach(() => world.cleanups.run());

  it(`${DAEMONS} daemons and ${TASKS} tasks for ${SECONDS} s: all where they are wanted, once, and no memory lost`, async () => {
    const random = chance(SEED);
    const asks = join(world.directory, 'asks');
    writeFileSync(asks, ASKS, { mode: 0o755 });
    const names: string[] = [];
    const sockets = new Map<string, string>();
    for (let index = 0; index < DAEMONS; index += 1) {
      const name = `d${index}`;
      names.push(name);
      const daemon = world.add(name, { readyAfter: index % 7 === 0 ? 700 : 0 }, {});
      const { readiness } = daemon.spec;
      if (readiness.kind === 'unix') sockets.set(name, readiness.path);
    }
    const keys = (index: number): Record<string, unknown> => ({
      restart: RESTART,
      ...(index % 5 === 1 ? { requires: [`d${index - 1}`] } : {}),
      ...(index % 10 === 0
        ? { health: { answers: { kind: 'liveness', by: 'exec', argv: [asks, sockets.get(`d${index}`) ?? ''], interval: '2s', timeout: '3s', grace: '1s', failureThreshold: 2 } } }
        : {}),
      ...(index % 5 === 2 ? { health: { alive: { kind: 'liveness', by: 'unix', path: sockets.get(`d${index}`) ?? '', interval: '5s' } } } : {}),
    });
    names.forEach((name, index) => world.change(name, keys(index)));
    const tasks = Object.fromEntries(
      Array.from({ length: TASKS }, (_, index) => [`t${index}`, { schedule: `*/${2 + (index % 5)} * * * * *`, argv: ['/bin/echo', `task ${index}`] }]),
    );
    world.write({ tasks });

    const memoryLog = join(world.directory, 'memory.log');
    const spawn = (): Promise<RunningWatcher> => world.startWatcher([], { MEMORY_LOG: memoryLog }, watcherPreloadedWith(COLLECTOR));
    let watcher: RunningWatcher = await spawn();
    await eventually('all run', async () => Object.values((await world.status()).daemons).every(({ observed }) => observed === 'running'), 60_000);

    const down = new Set<string>();
    const began = performance.now();
    const elapsed = (): number => (performance.now() - began) / 1000;
    const stopped: number[] = [];
    let faults = 0;
    let warmAt: number | undefined;
    /** The watcher is killed twice, early: the memory of the last one is compared. */
    const deaths = [WARM / 4, WARM / 2];

    const pidsOf = (): Map<string, number[]> => {
      const found = new Map<string, number[]>();
      for (const { pid, argv } of liveProcesses()) {
        const token = argv.find((word) => word.startsWith('listen='));
        if (token === undefined || argv[1]?.startsWith(world.directory) !== true) continue;
        found.set(token, [...(found.get(token) ?? []), pid]);
      }
      return found;
    };
    const processesOf = (pids: Map<string, number[]>, name: string): readonly number[] => pids.get(`listen=${sockets.get(name) ?? ''}`) ?? [];

    while (elapsed() < SECONDS) {
      const pids = pidsOf();
      for (const [name, list] of [...sockets.keys()].map((one) => [one, processesOf(pids, one)] as const)) {
        expect(list.length, `processes of ${name} after ${Math.round(elapsed())} s`).to.be.at.most(1);
      }
      for (let turn = 0; turn < 4; turn += 1) {
        const name = names[Math.floor(random() * names.length)] ?? 'd0';
        const [pid] = processesOf(pids, name);
        const dice = random();
        faults += 1;
        if (dice < 0.7 && pid !== undefined) kill(pid, 'SIGKILL');
        else if (dice < 0.8 && pid !== undefined && Number(name.slice(1)) % 10 === 0) {
          kill(pid, 'SIGSTOP');
          stopped.push(pid);
        } else if (dice < 0.9) {
          down.add(name);
          await order((client) => client.stop({ names: [name], by: 'soak' }));
        } else {
          down.delete(name);
          await order((client) => client.start({ names: [name], by: 'soak', oneShotArguments: {} }));
        }
      }
      const [death] = deaths;
      if (death !== undefined && elapsed() > death) {
        deaths.shift();
        watcher.kill('SIGKILL');
        await watcher.ended;
        watcher = await spawn();
        // Whatever it keeps of a daemon that crashed, it keeps of each from here on.
        for (const pid of [...pidsOf().values()].flat()) kill(pid, 'SIGKILL');
      }
      if (warmAt === undefined && elapsed() > WARM) warmAt = memoryOf(memoryLog, watcher.pid).length;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }

    async function order(action: (client: NonNullable<Awaited<ReturnType<typeof connectWatcher>>>) => Promise<unknown>): Promise<void> {
      // Its runtime directory lies on the disk here, which is no tmpfs and may be busy.
      const client = await connectWatcher(world.runtime, 30_000);
      // A start of something whose required daemon is down is refused, and that is fine here.
      if (client !== undefined) await action(client);
    }

    // What needs a daemon that is wanted down is not started once it has died.
    const blocked = (name: string): boolean => Number(name.slice(1)) % 5 === 1 && down.has(`d${Number(name.slice(1)) - 1}`);
    const misplaced = (): string[] => {
      const pids = pidsOf();
      return names.filter((name) => {
        const count = processesOf(pids, name).length;
        return down.has(name) ? count !== 0 : count !== 1 && !(blocked(name) && count === 0);
      });
    };
    await eventually('every daemon is where it is wanted', () => misplaced().length === 0, 60_000).catch(async (error: unknown) => {
      const { daemons } = await world.status();
      throw new Error(`${String(error)}: ${JSON.stringify(misplaced().map((name) => [name, down.has(name), daemons[name]]))}`);
    });
    await eventually('every hung process is replaced', () => stopped.every((pid) => stateOf(pid) !== 'T'), 60_000);
    const history = JSON.parse((await world.watchkeeper('tasks', '--json')).stdout) as { tasks: { last?: unknown }[] };
    expect(history.tasks.length).to.equal(TASKS);

    const memory = memoryOf(memoryLog, watcher.pid).slice(warmAt);
    const third = memory.length / 3;
    for (const [kind, most] of LIMITS) {
      const values = memory.map((one) => one[kind]);
      const early = median(values.slice(0, third));
      const late = median(values.slice(-third));
      console.log(`      ${kind} memory, kB: ${early} → ${late} (${values.filter((_, index) => index % 10 === 0).join(', ')})`);
      expect(late, `${kind} memory, kB (${early} early)`).to.be.at.most(early * most);
    }
    console.log(`      ${faults} faults`);
  });
});

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function stateOf(pid: number): string | undefined {
  return liveProcesses().find((process) => process.pid === pid)?.state;
}

function memoryOf(file: string, pid: number): readonly Memory[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Memory).filter((memory) => memory.pid === pid);
}
