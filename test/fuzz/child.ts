/**
 * The process in which inputs are tried: what hangs, or eats all memory, takes
 * nothing with it but this. Each input is written to a file before it is tried,
 * so that it outlives us.
 *
 *   node … child.ts CURRENT
 */
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

import fc from 'fast-check';

import { HEADER, type Answer, type Task } from './messages.js';
import { openTarget } from './table.js';
import { allowed, LIMITS, type Limits, type Session, type Target } from './target.js';

/** s that are at most spent on making a failing input smaller. */
const SHRINKING = 5;
const MIB = 1024 * 1024;

const current = openSync(process.argv[2] ?? '', 'w', 0o600);
let runs = 0;

function collect(): number {
  globalThis.gc?.();
  return getHeapStatistics().used_heap_size;
}

function taken(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

class Trial {
  readonly #limits: Limits;
  #failedAt: number | undefined;
  seed = 0;

  constructor(
    target: Target,
    private readonly session: Session,
    private readonly seconds: number,
  ) {
    this.#limits = { ...LIMITS, ...target.limits };
  }

  async input(bytes: Uint8Array): Promise<void> {
    // What is left of the time goes to other inputs.
    fc.pre(this.#failedAt === undefined || performance.now() - this.#failedAt < 1000 * Math.min(SHRINKING, this.seconds));
    try {
      await this.judged(Buffer.from(bytes));
    } catch (error) {
      this.#failedAt ??= performance.now();
      throw error;
    }
  }

  async judged(input: Buffer): Promise<void> {
    const time = allowed(this.#limits.time, input.length);
    let [spent, most] = await this.#once(input);
    const memory = allowed(this.#limits.memory, input.length);
    for (let again = 0; again < 2 && (spent > time || most > memory); again += 1) {
      collect();
      const [spentAgain, mostAgain] = await this.#once(input);
      [spent, most] = [Math.min(spent, spentAgain), Math.min(most, mostAgain)];
    }
    if (spent > time) throw new Error(`it takes ${Math.round(spent)} ms of CPU for ${input.length} bytes; at most ${Math.round(time)} are allowed`);
    if (most > memory) throw new Error(`it takes ${(most / MIB).toFixed(1)} MiB for ${input.length} bytes; at most ${(memory / MIB).toFixed(1)} are allowed`);
  }

  /** @returns ms of CPU, bytes */
  async #once(input: Buffer): Promise<[number, number]> {
    runs += 1;
    writeSync(current, `${runs} ${this.seed} ${input.length}\n`.padEnd(HEADER), 0);
    writeSync(current, input, 0, input.length, HEADER);
    const [before, heap] = [process.cpuUsage(), taken()];
    const trying = this.session.try(input);
    if (trying !== undefined) await trying;
    const { user, system } = process.cpuUsage(before);
    return [(user + system) / 1000, taken() - heap];
  }
}

async function carryOut(task: Task): Promise<Answer> {
  const target = await openTarget(task.target);
  const session = await target.open();
  runs = 0;
  try {
    const trial = new Trial(target, session, task.seconds);
    if (task.input !== undefined) return await replay(trial, task, Buffer.from(task.input, 'base64'));
    const property = fc.asyncProperty(target.inputs, (bytes) => trial.input(bytes));
    const began = performance.now();
    const end = began + task.seconds * 1000;
    let first: number | undefined;
    for (let seed = task.seed; ; seed += 1) {
      trial.seed = seed;
      const result = await fc.check(property, { seed, numRuns: target.batch, ...(task.path === undefined ? {} : { path: task.path }) });
      if (result.failed) {
        const [input = Buffer.alloc(0)] = result.counterexample ?? [];
        const reason = result.errorInstance instanceof Error ? (result.errorInstance.stack ?? '') : String(result.errorInstance);
        return { kind: 'failed', runs, seed, path: result.counterexamplePath ?? '', input: Buffer.from(input).toString('base64'), reason };
      }
      // What a try has left to do of its own happens, and fails, now.
      await setTimeout(2);
      // The first batch has filled all caches, of the compiler above all.
      first ??= collect();
      if ((performance.now() >= end && runs >= (task.least ?? 0)) || task.path !== undefined) break;
    }
    const grown = collect() - first;
    const most = target.limits?.growth ?? LIMITS.growth;
    if (grown > most) return { kind: 'failed', runs, seed: task.seed, path: '', input: '', reason: `the heap has grown by ${(grown / MIB).toFixed(1)} MiB in ${runs} runs; at most ${most / MIB} are allowed` };
    return { kind: 'passed', runs, seconds: (performance.now() - began) / 1000, grown };
  } finally {
    await session.close?.();
  }
}

async function replay(trial: Trial, { seed, input = '' }: Task, bytes: Buffer): Promise<Answer> {
  const began = performance.now();
  try {
    await trial.judged(bytes);
    await setTimeout(20);
    return { kind: 'passed', runs, seconds: (performance.now() - began) / 1000, grown: 0 };
  } catch (error) {
    return { kind: 'failed', runs, seed, path: '', input, reason: error instanceof Error ? (error.stack ?? '') : String(error) };
  }
}

// An error that nobody waits for is one that would end the watcher.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`${event}: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
    process.exit(70);
  });
}
process.on('disconnect', () => process.exit(0));
process.on('message', (task: Task) => {
  ftruncateSync(current);
  carryOut(task).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      throw error;
    },
  );
});
