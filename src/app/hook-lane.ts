/**
 * The way to one hook: its events in their order, one run at a time, so many
 * waiting and no more. Nobody waits for it who does not ask to.
 */
import { describeExit } from '../core/exit-status.js';
import { formatDuration } from '../core/duration.js';
import { NOTHING_OMITTED, type HookEvent, type HookOmissions, type HookSpec } from '../core/hook.js';
import { admit, eventEnvironment, eventLine, outputLines, UNLIMITED_YET, type RateState } from '../core/hook-policy.js';
import type { Clock } from '../ports/clock.js';
import type { HookPrograms } from '../ports/hook-programs.js';
import type { Runner } from '../ports/runner.js';

/** Waiting events of one hook; the oldest gives way, as the newest tells how things stand. */
const MOST_WAITING = 100;
/** What execvp and messages need. */
const BASE_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

export interface LaneParts {
  readonly clock: Clock;
  readonly runner: Runner;
  readonly programs: HookPrograms;
}

export interface HookResult {
  readonly hook: HookSpec;
  readonly event: HookEvent;
  readonly kind: 'ok' | 'failed' | 'refused' | 'suppressed' | 'dropped';
  /** In words; "" where all went well. */
  readonly reason: string;
  /** ms that it ran */
  readonly took: number;
  readonly output: readonly string[];
}

interface Waiting {
  readonly hook: HookSpec;
  readonly event: HookEvent;
  readonly suppressed: number;
  readonly settle: (result: HookResult) => void;
}

export class HookLane {
  readonly #waiting: Waiting[] = [];
  readonly #rates = new Map<string, RateState>();
  #dropped = 0;
  #busy = false;

  constructor(
    private readonly parts: LaneParts,
    private readonly abort: AbortSignal,
  ) {}

  /** Settles when the hook has run, or will not; never rejects. */
  offer(hook: HookSpec, event: HookEvent): Promise<HookResult> {
    const key = `${event.event} ${event.role === null ? 'd' : 'r'} ${event.role ?? event.daemon ?? ''}`;
    const { admitted, suppressed, state } = admit(hook.rateLimit, this.#rates.get(key) ?? UNLIMITED_YET, this.parts.clock.monotonic());
    this.#rates.set(key, state);
    if (!admitted) {
      const { events, period } = hook.rateLimit;
      const reason = `more than ${events} within ${formatDuration(period)}; the next one is told how many`;
      return Promise.resolve({ hook, event, kind: 'suppressed', reason, took: 0, output: [] });
    }
    return new Promise((settle) => {
      this.#waiting.push({ hook, event, suppressed, settle });
      if (this.#waiting.length > MOST_WAITING) this.#drop();
      if (!this.#busy) void this.#work();
    });
  }

  /** Forgets what waits. */
  clear(): void {
    while (this.#waiting.length > 0) this.#drop();
  }

  #drop(): void {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return;
    this.#dropped += 1;
    const { hook, event, settle } = oldest;
    settle({ hook, event, kind: 'dropped', reason: `more than ${MOST_WAITING} events were waiting for it`, took: 0, output: [] });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const omissions = { suppressed: next.suppressed, dropped: this.#dropped };
        this.#dropped = 0;
        next.settle(await runHook(next.hook, next.event, omissions, this.parts, this.abort));
      }
    } finally {
      this.#busy = false;
    }
  }
}

/** Looks at the program anew each time: it may have been replaced since. Never rejects. */
export async function runHook(
  hook: HookSpec,
  event: HookEvent,
  omissions: HookOmissions = NOTHING_OMITTED,
  { clock, runner, programs }: LaneParts,
  abort?: AbortSignal,
): Promise<HookResult> {
  const began = clock.monotonic();
  try {
    const objection = programs.objection(hook.argv[0]);
    if (objection !== undefined) return { hook, event, kind: 'refused', reason: objection, took: 0, output: [] };
    const result = await runner.run(hook.argv, {
      timeout: hook.timeout,
      evenWithoutUs: true,
      input: eventLine(event, omissions),
      environment: { ...BASE_ENVIRONMENT, ...eventEnvironment(hook, event, omissions) },
      workingDirectory: hook.workingDirectory,
      ...(hook.user === undefined ? {} : { user: hook.user }),
      ...(hook.group === undefined ? {} : { group: hook.group }),
      ...(abort === undefined ? {} : { abort }),
    });
    const ok = result.exit.kind === 'exited' && result.exit.status === 0;
    const reason = result.timedOut ? `killed, as it did not end within ${formatDuration(hook.timeout)}` : ok ? '' : describeExit(result.exit);
    return { hook, event, kind: ok && !result.timedOut ? 'ok' : 'failed', reason, took: clock.monotonic() - began, output: outputLines(`${result.stdout}\n${result.stderr}`) };
  } catch (error) {
    return { hook, event, kind: 'failed', reason: String(error), took: clock.monotonic() - began, output: [] };
  }
}
