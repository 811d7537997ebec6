/** An operator's hook for an agent: run by argv with a deadline, its OCF exit statuses passed through, any other explained. */
import { escapeControl } from '../core/escape.js';
import { describeExit } from '../core/exit-status.js';
import { OCF, type OcfAnswer, type OcfStatus } from '../core/ocf.js';
import { formatDuration } from '../core/duration.js';
import type { Host } from './host.js';

const MAX_WORDS = 300;
/** What a monitor may say; 6 would forbid the resource everywhere. */
const PASSED: ReadonlySet<number> = new Set([OCF.success, OCF.generic, OCF.permission, OCF.installed, OCF.notRunning, OCF.promoted, OCF.failedPromoted, OCF.degraded, OCF.degradedPromoted]);

export interface HookRun {
  readonly path: string;
  /** ms */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  /** "monitor hook" by default. */
  readonly what?: string;
  readonly argument?: string;
}

export async function runHook(host: Host, { path, timeout, environment, what = 'monitor hook', argument }: HookRun): Promise<OcfAnswer> {
  const objection = path.startsWith('/') ? (await host.hookPrograms()).objection(path) : `${path} is no absolute path`;
  if (objection !== undefined) return { status: OCF.installed, reason: `the ${what} is not run: ${objection}` };
  const { exit, timedOut, stdout, stderr } = await (await host.runner()).run([path, ...(argument === undefined ? [] : [argument])], {
    timeout,
    environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...environment },
  });
  if (timedOut) return { status: OCF.generic, reason: `the ${what} ${path} did not end within ${formatDuration(timeout)}` };
  const words = lastLine(stderr) ?? lastLine(stdout);
  const said = words === undefined ? '' : `: ${escapeControl(words, MAX_WORDS)}`;
  if (exit.kind === 'exited' && PASSED.has(exit.status)) {
    const status = exit.status as OcfStatus;
    return status === OCF.success ? { status } : { status, reason: `the ${what} ${path} says so (exit status ${status})${said}` };
  }
  return { status: OCF.generic, reason: `the ${what} ${path} ${describeExit(exit)}, which is none of OCF's statuses for it${said}` };
}

function lastLine(text: string): string | undefined {
  return text.split('\n').filter((line) => line.trim() !== '').at(-1)?.replace(/^ocf-exit-reason:/, '');
}
