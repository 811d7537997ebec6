/** The group's setup program (directories, permissions): at most once per transaction. */
import { describeExit } from '../core/exit-status.js';
import type { SetupProgram } from '../core/daemon.js';
import { failed } from '../core/outcome.js';
import type { Outcome } from '../core/outcome.js';
import type { Runner, RunResult } from '../ports/runner.js';

/** undefined: done, go on. Later calls give the first one's answer. */
export type SetupOnce = () => Promise<Extract<Outcome, { kind: 'failed' }> | undefined>;

export function setupOnce(setup: SetupProgram | undefined, runner: Runner): SetupOnce {
  let answer: ReturnType<SetupOnce> | undefined;
  return () => (answer ??= run(setup, runner));
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
  return failed(code, reason, next);
}

function lastWords(result: RunResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1);
  return last === undefined ? '' : `: ${last.trim().slice(0, 300)}`;
}
