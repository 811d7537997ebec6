/** A program as a check: run as the daemon's user, by argv, without a shell. */
import type { DaemonSpec } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import { execResult, type LookResult } from '../../core/health.js';
import type { Runner } from '../../ports/runner.js';
import { errorCode } from '../host/error-code.js';
import { MINIMAL_ENVIRONMENT } from '../host/spawn-as.js';
import { distrust, type Trust } from '../sysv/trusted-path.js';

export interface ExecParts {
  readonly runner: Runner;
  readonly trust: Trust;
}

/** @param variables added to a minimal environment */
export async function execLook(
  spec: DaemonSpec,
  argv: readonly [string, ...string[]],
  timeout: number,
  variables: Readonly<Record<string, string>>,
  { runner, trust }: ExecParts,
): Promise<LookResult> {
  const problem = untrusted(argv[0], trust);
  if (problem !== undefined) return { healthy: false, reason: problem };
  const as = { ...(spec.user === undefined ? {} : { user: spec.user }), ...(spec.group === undefined ? {} : { group: spec.group }) };
  const environment = { ...MINIMAL_ENVIRONMENT, ...variables };
  const result = await runner.run(argv, { timeout, evenWithoutUs: true, workingDirectory: spec.workingDirectory, environment, ...as });
  if (result.timedOut) return { healthy: false, reason: `${argv[0]} took longer than ${Math.round(timeout)} ms` };
  // Whoever was to run it did not: that says nothing of the daemon.
  if (result.exit.kind === 'unknown') return { healthy: undefined, reason: `not looked at: ${result.stderr}` };
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
