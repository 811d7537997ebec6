/** The group's setup program (directories, permissions): once per transaction, and once more for each daemon that needs that. */
import { describeExit } from '../core/exit-status.js';
import type { DaemonSpec, SetupProgram } from '../core/daemon.js';
import { failed } from '../core/outcome.js';
import type { Outcome } from '../core/outcome.js';
import type { Runner, RunResult } from '../ports/runner.js';

/** Before a start of this daemon; undefined: done, go on. Later calls give the first one's answer. */
export type SetupOnce = (spec: Pick<DaemonSpec, 'name' | 'setupAgain'>) => Promise<Extract<Outcome, { kind: 'failed' }> | undefined>;

export function setupOnce(setup: SetupProgram | undefined, runner: Runner): SetupOnce {
  let answer: ReturnType<SetupOnce> | undefined;
  const again = new Map<string, ReturnType<SetupOnce>>();
  return ({ name, setupAgain }) => {
    const wasRun = answer !== undefined;
    answer ??= run(setup, runner);
    if (!setupAgain) return answer;
    // Nothing was started yet that could have left anything after the first run.
    const own = again.get(name) ?? (wasRun ? run(setup, runner) : answer);
    again.set(name, own);
    return own;
  };
}

async function run(setup: SetupProgram | undefined, runner: Runner): ReturnType<SetupOnce> {
  if (setup === undefined) return undefined;
  const result = await runner.run([setup.executable, ...setup.arguments], { timeout: setup.timeout });
  if (!result.timedOut && result.exit.kind === 'exited' && result.exit.status === 0) return undefined;
  const next = `running it by hand: ${[setup.executable, ...setup.arguments].join(' ')}`;
  if (result.timedOut) return failure('timeout', `the setup program ${setup.executable} did not end within ${setup.timeout} ms`, next);
  return failure('failed', `the setup program ${setup.executable} ${describeExit(result.exit)}${lastWords(result)}`, next);
}

function failure(code: 'timeout' | 'failed', reason: string, next: string): Extract<Outcome, { kind: 'failed' }> {
  return failed(code, reason, next) as Extract<Outcome, { kind: 'failed' }>;
}

function lastWords(result: RunResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1);
  return last === undefined ? '' : `: ${last.trim().slice(0, 300)}`;
}
