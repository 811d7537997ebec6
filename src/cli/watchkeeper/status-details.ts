/** `watchkeeper status NAME`: all that is known of one daemon, for people. */
import type { DaemonDetails, ProcessFacts } from '../../core/daemon-details.js';
import type { DaemonStatus } from '../../core/daemon-status.js';
import { formatDuration } from '../../core/duration.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { CheckReport } from '../../core/health.js';
import type { StatusAnswer } from '../../ports/watcher-client.js';
import type { Means } from './command.js';
import { localTime } from './local-time.js';
import { paintOf, paints, type Paints } from './paint.js';

const MAX_TEXT = 500;
const LABEL = 'service manager'.length;

/** No section for what there is not. */
export function detailLines(daemon: DaemonStatus, details: DaemonDetails, answer: StatusAnswer, { terminal, now }: Pick<Means, 'terminal' | 'now'>): readonly string[] {
  const paint = paints(terminal.colour);
  const observed = paintOf(daemon.observed, daemon.desired, paint)(daemon.observed);
  const ready = daemon.observed === 'running' && !daemon.ready ? ', not ready yet' : '';
  const sections: readonly (readonly [label: string, texts: readonly string[]])[] = [
    ['observed', [`${observed}${ready}${daemon.reason === '' ? '' : `: ${text(daemon.reason)}`}`]],
    ['desired', [`${daemon.desired}${details.desiredReason === 'wanted up' ? ', as nobody said otherwise' : ` (${text(details.desiredReason)})`}`]],
    ['held back by', details.heldBackBy.map(({ name, observed: state, reason }, index) => `${'  '.repeat(index)}${name}: ${state}: ${text(reason)}`)],
    ['paused', details.pauses.map(({ owner, until, reason }) => text(`by ${owner} until ${localTime(until)}, another ${formatDuration(until - now())}: ${reason}`))],
    ['restart owner', [owner(daemon, answer)]],
    ['service manager', serviceManager(answer, details)],
    ['main process', main(daemon, details)],
    ['processes', tree(details.processes, terminal.utf8)],
    ['says', typeof daemon.says === 'string' ? [text(daemon.says)] : []],
    ['one-shot words', oneShot(details)],
    ['restarts', [restarts(daemon, details)]],
    ['next try', daemon.nextTry === null ? [] : [`in ${formatDuration(daemon.nextTry)}; watchkeeper retry-now ${daemon.name} does it now`]],
    ['last end', lastEnd(daemon, details)],
    ['health', (daemon.health ?? []).map((check) => health(check, now(), paint))],
    ['warnings', (daemon.warnings ?? []).map((warning) => paint.yellow(text(warning)))],
    ['output', [details.outputIn === null ? 'thrown away (outputFile: none)' : `${details.outputIn}; watchkeeper logs ${daemon.name}`, ...details.lastOutput.map((line) => paint.dim(`  ${text(line)}`))]],
  ];
  return [
    paint.bold(daemon.name),
    ...sections.flatMap(([label, texts]) => texts.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL)}  ${line}`)),
  ];
}

function text(words: string): string {
  return escapeControl(words, MAX_TEXT);
}

function owner({ owner: restartOwner }: DaemonStatus, { watcher }: StatusAnswer): string {
  if (restartOwner === 'watcher' && watcher === null) return 'watcher, but none runs: nobody restarts it';
  return watcher === null ? `${restartOwner}; no watcher looks on` : `${restartOwner} (watcher pid ${watcher.pid}, up ${formatDuration(watcher.uptime)})`;
}

function serviceManager({ watcher, serviceManager: own }: StatusAnswer, details: DaemonDetails): readonly string[] {
  const manager = watcher?.serviceManager ?? own;
  const facts = Object.entries(details.serviceManager).map(([key, value]) => `${key}=${text(value)}`).join(' ');
  return [manager === undefined ? 'not known' : `${manager.kind}: ${text(manager.reason)}`, ...(facts === '' ? [] : [facts])];
}

function main({ pid, uptime }: DaemonStatus, { processes }: DaemonDetails): readonly string[] {
  if (pid === null) return [];
  const memory = processes[0] === undefined ? '' : `, ${bytes(processes[0].memory)} in memory`;
  return [`pid ${pid}${uptime === null ? '' : `, up ${formatDuration(uptime)}`}${memory}`];
}

/** Only where there is more than the main process. */
function tree(processes: readonly ProcessFacts[], utf8: boolean): readonly string[] {
  if (processes.length < 2) return [];
  const branch = utf8 ? '└─ ' : '`- ';
  const total = processes.reduce((sum, { memory }) => sum + memory, 0);
  return [
    ...processes.map(({ pid, depth, program, memory, state, uptime }) => {
      const stuck = state === 'D' ? ', waits for the kernel (D)' : state === 'T' ? ', halted (T)' : '';
      return `${depth === 0 ? '' : '   '.repeat(depth - 1) + branch}${pid} ${program}  ${bytes(memory)}, up ${formatDuration(uptime)}${stuck}`;
    }),
    `${processes.length} processes, ${bytes(total)} in memory`,
  ];
}

function oneShot({ oneShotArguments }: DaemonDetails): readonly string[] {
  if (oneShotArguments === null || oneShotArguments.length === 0) return [];
  return [`${text(oneShotArguments.join(' '))} (for this run only; values are hidden)`];
}

function restarts({ restarts: life, recentFailures, owner: restartOwner }: DaemonStatus, { restartPolicy }: DaemonDetails): string {
  const counted = restartOwner === 'systemd' ? `${life} by systemd since it was last started by hand` : `${life} since the watcher first saw it`;
  if (recentFailures === undefined) return counted;
  const { intensity, period } = restartPolicy;
  return `${counted}; ${recentFailures} ${recentFailures === 1 ? 'failure' : 'failures'} within ${formatDuration(period)} (${intensity} are a crash loop)`;
}

function lastEnd({ lastExit }: DaemonStatus, { lastEnd: told }: DaemonDetails): readonly string[] {
  const how = lastExit === null || lastExit.kind === 'unknown' ? undefined : describeExit(lastExit);
  if (told === null) return how === undefined ? [] : [how];
  const reason = text(told.reason);
  return [`${localTime(told.at)}: ${how === undefined || told.reason.includes(how) ? reason : `${how}; ${reason}`}`];
}

function health({ name, kind, by, state, last, at, consecutive }: CheckReport, now: number, paint: Paints): string {
  const word = state === 'healthy' ? paint.green(state) : state === 'unhealthy' ? paint.red(state) : paint.yellow(state);
  const when = at === null ? '' : ` ${formatDuration(Math.max(0, now - at))} ago`;
  const result = last === null ? 'no result yet' : `${text(last)}${when}, ${consecutive} in a row`;
  return `${name} (${kind}, ${by}): ${word}: ${result}`;
}

function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value))} ${units[power] ?? ''}`;
}
