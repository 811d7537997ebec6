/** A program as a check: run as the daemon's user, by argv, without a shell. */
import type { DaemonSpec } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import { execResult, type CheckResult, type LookResult } from '../../core/health.js';
import type { Runner } from '../../ports/runner.js';
import { errorCode } from '../host/error-code.js';
import { MINIMAL_ENVIRONMENT } from '../host/spawn-as.js';
import { distrust, type Trust } from '../sysv/trusted-path.js';

export interface ExecParts {
  readonly runner: Runner;
  readonly trust: Trust;
}

/** Whoever was to run the program did not: that says nothing of the daemon. */
export interface NotRun {
  readonly healthy: undefined;
  readonly why: string;
}

/** @param variables added to a minimal environment */
export async function execLook(...how: Parameters<typeof askProgram>): Promise<LookResult> {
  const answer = await askProgram(...how);
  return answer.healthy === undefined ? { healthy: undefined, reason: `not looked at: ${answer.why}` } : answer;
}

/** The same, for whom that is no answer. */
export async function askProgram(
  spec: DaemonSpec,
  argv: readonly [string, ...string[]],
  timeout: number,
  variables: Readonly<Record<string, string>>,
  { runner, trust }: ExecParts,
): Promise<CheckResult | NotRun> {
  const problem = untrusted(argv[0], trust);
  if (problem !== undefined) return { healthy: false, reason: problem };
  const as = { ...(spec.user === undefined ? {} : { user: spec.user }), ...(spec.group === undefined ? {} : { group: spec.group }) };
  const environment = { ...MINIMAL_ENVIRONMENT, ...variables };
  const result = await runner.run(argv, { timeout, evenWithoutUs: true, workingDirectory: spec.workingDirectory, environment, ...as });
  if (result.timedOut) return { healthy: false, reason: `${argv[0]} took longer than ${Math.round(timeout)} ms` };
  if (result.exit.kind === 'unknown' || result.lacking === true) return { healthy: undefined, why: result.stderr };
  const said = escapeControl((result.stderr || result.stdout).trim(), 200);
  if (result.exit.kind === 'exited') {
    const { reason, ...rest } = execResult(result.exit.status, said);
    return { ...rest, reason: `${argv[0]}: ${reason}` };
  }
  return { healthy: false, reason: `${argv[0]} ${describeExit(result.exit)}${said === '' ? '' : `: ${said}`}` };
}

/** Whoever can replace the program could have us run theirs. */
function untrusted(program: string, trust: Trust): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  try {
    const problem = distrust(program, trust);
    return problem === undefined ? undefined : `root does not run it: ${problem}`;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return `${program} cannot be run: ${code}`;
  }
}
