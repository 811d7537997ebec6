/** A task's record as text. Whatever does not read back whole is no record. */
import type { ExitStatus } from '../../core/exit-status.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Due, PlanMemory } from '../../core/schedule.js';
import type { RunResult, Skipped, TaskRecord, TaskRun } from '../../core/task-run.js';
import { jsonObject } from './json-record.js';

const SCHEMA_VERSION = 1;
const RESULTS: readonly RunResult[] = ['running', 'ok', 'failed', 'timed-out', 'not-started', 'cut-off'];

export function formatTaskRecord(record: TaskRecord): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...record })}\n`;
}

export function parseTaskRecord(text: string): TaskRecord | undefined {
  const record = jsonObject(text);
  const plan = planOf(record?.['plan']);
  const runs = list(record?.['runs'], runOf);
  const skipped = orNull(record?.['skipped'], skippedOf);
  const timetable = record?.['timetable'];
  const boot = record?.['boot'];
  if (record?.['schemaVersion'] !== SCHEMA_VERSION || plan === undefined || runs === undefined || skipped === undefined) return undefined;
  if (typeof timetable !== 'string' || (boot !== null && typeof boot !== 'string')) return undefined;
  return { timetable, plan, boot, skipped, runs };
}

function planOf(value: unknown): PlanMemory | undefined {
  const plan = fields(value);
  const ran = list(plan?.['ran'], number);
  const cursor = number(plan?.['cursor']);
  if (cursor === undefined || ran === undefined) return undefined;
  if (plan?.['queued'] === undefined) return { cursor, ran, queued: undefined };
  const queued = dueOf(plan['queued']);
  return queued === undefined ? undefined : { cursor, ran, queued };
}

function dueOf(value: unknown): Due | undefined {
  const due = fields(value);
  const scheduled = due?.['scheduled'];
  const why = due?.['why'];
  if (typeof why !== 'string' || (scheduled !== undefined && number(scheduled) === undefined)) return undefined;
  return { scheduled: number(scheduled), why };
}

function skippedOf(value: unknown): Skipped | undefined {
  const skipped = fields(value);
  const [count, at, why] = [number(skipped?.['count']), number(skipped?.['at']), skipped?.['why']];
  return count === undefined || at === undefined || typeof why !== 'string' ? undefined : { count, at, why };
}

function runOf(value: unknown): TaskRun | undefined {
  const run = fields(value);
  const [id, startedAt, startedMonotonic, omitted] = [run?.['id'], run?.['startedAt'], run?.['startedMonotonic'], run?.['omitted']].map(number);
  const scheduled = orNull(run?.['scheduled'], number);
  const took = orNull(run?.['took'], number);
  const process = orNull(run?.['process'], processOf);
  const exit = orNull(run?.['exit'], exitOf);
  const result = RESULTS.find((word) => word === run?.['result']);
  const output = list(run?.['output'], text);
  const [why, reason] = [text(run?.['why']), text(run?.['reason'])];
  if (id === undefined || startedAt === undefined || startedMonotonic === undefined || omitted === undefined) return undefined;
  if (scheduled === undefined || took === undefined || process === undefined || exit === undefined) return undefined;
  if (result === undefined || output === undefined || why === undefined || reason === undefined) return undefined;
  return { id, scheduled, why, startedAt, startedMonotonic, process, took, result, exit, reason, output, omitted };
}

function processOf(value: unknown): ProcessIdentity | undefined {
  const process = fields(value);
  const [pid, startTicks, bootId] = [number(process?.['pid']), number(process?.['startTicks']), text(process?.['bootId'])];
  return pid === undefined || startTicks === undefined || bootId === undefined ? undefined : { pid, startTicks, bootId };
}

function exitOf(value: unknown): ExitStatus | undefined {
  const exit = fields(value);
  const [status, signal] = [number(exit?.['status']), text(exit?.['signal'])];
  if (exit?.['kind'] === 'exited' && status !== undefined) return { kind: 'exited', status };
  if (exit?.['kind'] === 'killed' && signal !== undefined) return { kind: 'killed', signal };
  return exit?.['kind'] === 'unknown' ? { kind: 'unknown' } : undefined;
}

function fields(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** null stays null; undefined: it is neither. */
function orNull<T>(value: unknown, read: (value: unknown) => T | undefined): T | null | undefined {
  return value === null ? null : read(value);
}

function list<T>(value: unknown, read: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map(read);
  return items.every((item) => item !== undefined) ? items : undefined;
}
