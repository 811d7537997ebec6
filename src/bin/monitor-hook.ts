/** An operator's monitor hook: run by argv with a deadline, its OCF exit statuses passed through, any other explained. */
import { escapeControl } from '../core/escape.js';
import { describeExit } from '../core/exit-status.js';
import { OCF, type OcfAnswer, type OcfStatus } from '../core/ocf.js';
import { formatDuration } from '../core/duration.js';
import type { Host } from './host.js';

const MAX_WORDS = 300;
/** What a monitor may say; 6 would forbid the resource everywhere. */
const PASSED: ReadonlySet<number> = new Set([OCF.success, OCF.generic, OCF.permission, OCF.installed, OCF.notRunning, OCF.promoted, OCF.failedPromoted, OCF.degraded, OCF.degradedPromoted]);

export async function runHook(host: Host, path: string, timeout: number, environment: Readonly<Record<string, string>>): Promise<OcfAnswer> {
  const objection = path.startsWith('/') ? (await host.hookPrograms()).objection(path) : `${path} is no absolute path`;
  if (objection !== undefined) return { status: OCF.installed, reason: `the monitor hook is not run: ${objection}` };
  const { exit, timedOut, stdout, stderr } = await (await host.runner()).run([path], {
    timeout,
    environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...environment },
  });
  if (timedOut) return { status: OCF.generic, reason: `the monitor hook ${path} did not end within ${formatDuration(timeout)}` };
  const words = lastLine(stderr) ?? lastLine(stdout);
  const said = words === undefined ? '' : `: ${escapeControl(words, MAX_WORDS)}`;
  if (exit.kind === 'exited' && PASSED.has(exit.status)) {
    const status = exit.status as OcfStatus;
    return status === OCF.success ? { status } : { status, reason: `the monitor hook ${path} says so (exit status ${status})${said}` };
  }
  return { status: OCF.generic, reason: `the monitor hook ${path} ${describeExit(exit)}, which is none of OCF's statuses for a monitor${said}` };
}

function lastLine(text: string): string | undefined {
  return text.split('\n').filter((line) => line.trim() !== '').at(-1);
}
