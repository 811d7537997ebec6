/** `watchkeeper tasks`, `tasks run NAME`, `tasks history NAME` */
import { formatDuration } from '../../core/duration.js';
import { START_THE_WATCHER, WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { jsonLine, quoted } from '../../core/printable.js';
import type { TaskRun } from '../../core/task-run.js';
import type { TaskStatus } from '../../ports/task-control.js';
import type { Call, Handler, Session } from './command.js';
import { localTime } from './local-time.js';

const MAX_CELL = 200;
const HEADINGS = ['TASK', 'SCHEDULE', 'NEXT RUN', 'LAST RUN', 'TOOK', 'RESULT'] as const;

export const tasks: Handler = async (call, session) => {
  const { watcher, list } = await listed(call, session);
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, watcher, tasks: list }));
  else {
    if (!watcher) session.err('watchkeeper: no watcher runs, so no task does either; this is what the files say');
    for (const line of table(list)) session.out(line);
  }
  return 0;
};

export const run: Handler = async (call, session) => {
  const name = nameOf(call, 'tasks run');
  const client = await session.means.client(call.value('config'));
  if (client === undefined) throw new WatchkeeperError('WATCHER_ABSENT', `cannot run ${quoted(name)}`, 'no watcher is running, and it is the watcher that runs tasks', START_THE_WATCHER);
  const what = await client.runTask(name, `watchkeeper tasks run (${session.means.caller})`);
  session.out(escapeControl(`${name}: ${what}; watchkeeper tasks history ${name} tells how it ends`, 1000));
  return 0;
};

export const history: Handler = async (call, session) => {
  const name = nameOf(call, 'tasks history');
  const config = call.value('config');
  const client = await session.means.client(config);
  const runs = client === undefined ? (await session.means.ownTasks(config)).history(name) : await client.taskHistory(name);
  if (runs === undefined) throw new WatchkeeperError('UNKNOWN_TASK', 'cannot tell its history', `no task is called ${quoted(name)}`, 'watchkeeper tasks');
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, name, runs }));
  else if (runs.length === 0) session.out(escapeControl(`${name} has not run yet`, 1000));
  else for (const line of runs.flatMap(runLines)) session.out(line);
  return 0;
};

async function listed(call: Call, session: Session): Promise<{ readonly watcher: boolean; readonly list: readonly TaskStatus[] }> {
  const config = call.value('config');
  const client = await session.means.client(config);
  if (client !== undefined) return { watcher: true, list: await client.tasks() };
  return { watcher: false, list: (await session.means.ownTasks(config)).list() };
}

function nameOf(call: Call, command: string): string {
  const [name] = call.args;
  if (name !== undefined) return name;
  throw new WatchkeeperError('USAGE', 'cannot understand the call', `${command}: the name of a task is missing`, `watchkeeper help ${command}`);
}

function table(list: readonly TaskStatus[]): readonly string[] {
  if (list.length === 0) return ['no tasks are configured'];
  const rows: readonly (readonly string[])[] = [HEADINGS, ...list.map(row)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)));
  return rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

function row({ name, schedule, timezone, enabled, next, queued, last, skipped }: TaskStatus): readonly string[] {
  const notes = [
    last === null ? 'never ran' : last.reason,
    ...(queued ? ['one is queued'] : []),
    ...(skipped === null ? [] : [`${skipped.count} skipped since: ${skipped.why}`]),
  ];
  return [
    name,
    timezone === null ? schedule : `${schedule} ${timezone}`,
    enabled ? (next === null ? '-' : localTime(next)) : 'disabled',
    last === null ? '-' : localTime(last.startedAt),
    last?.took === null || last === null ? '-' : formatDuration(last.took),
    notes.join('; '),
  ].map((cell) => escapeControl(cell, MAX_CELL));
}

function runLines(run: TaskRun): readonly string[] {
  const took = run.took === null ? '' : ` after ${formatDuration(run.took)}`;
  const due = run.scheduled === null ? run.why : `${run.why} for ${localTime(run.scheduled)}`;
  const before = run.omitted === 0 ? [] : [`    (${run.omitted} lines before these)`];
  return [
    escapeControl(`${localTime(run.startedAt)} ${run.result}: ${run.reason}${took} (${due})`, 1000),
    ...before,
    ...run.output.map((line) => `    ${escapeControl(line, 1000)}`),
  ];
}
