/** Which hooks are told of what, how often, and in what words. */
import { escapeControl } from './escape.js';
import type { HookEvent, HookEventKind, HookOmissions, HookRateLimit, HookSpec } from './hook.js';
import { jsonLine } from './printable.js';
import type { NewsKind } from './supervision-state.js';

/** What else the watcher tells is no event for hooks: it happens at every start and stop. */
const EVENT_OF_NEWS: Readonly<Partial<Record<NewsKind, HookEventKind>>> = {
  crash: 'crash',
  restart: 'restart',
  'crash-loop': 'crash-loop',
  'given-up': 'given-up',
  recovered: 'recovered',
  unhealthy: 'health',
  degraded: 'health',
  healthy: 'health',
};

export function eventOfNews(news: NewsKind): HookEventKind | undefined {
  return EVENT_OF_NEWS[news];
}

export function concerns(hook: HookSpec, event: Pick<HookEvent, 'event' | 'daemon' | 'role'>): boolean {
  if (hook.on.length > 0 && !hook.on.includes(event.event)) return false;
  const [names, name] = event.role === null ? [hook.daemons, event.daemon] : [hook.roles, event.role];
  return names.length === 0 || (name !== null && names.includes(name));
}

/** Runs within the window, oldest first, and what was suppressed since the last one. */
export interface RateState {
  readonly runs: readonly number[];
  readonly suppressed: number;
}

export const UNLIMITED_YET: RateState = { runs: [], suppressed: 0 };

export interface Admission {
  readonly admitted: boolean;
  /** How many were suppressed before this one; 0 unless admitted. */
  readonly suppressed: number;
  readonly state: RateState;
}

/**
 * A sliding window, as add_restart of OTP's supervisor.
 * @param now monotonic ms
 */
export function admit(limit: HookRateLimit, state: RateState, now: number): Admission {
  const recent = state.runs.filter((at) => now - at < limit.period);
  if (recent.length >= limit.events) return { admitted: false, suppressed: 0, state: { runs: recent, suppressed: state.suppressed + 1 } };
  return { admitted: true, suppressed: state.suppressed, state: { runs: [...recent, now], suppressed: 0 } };
}

/** Raised when a field changes its meaning or goes; new fields may come at any time. */
const SCHEMA_VERSION = 1;
const MAX_REASON = 1000;

/** One line of JSON, for the hook's stdin. */
export function eventLine(event: HookEvent, { suppressed, dropped }: HookOmissions): string {
  return `${jsonLine({ schemaVersion: SCHEMA_VERSION, ...event, reason: escapeControl(event.reason, MAX_REASON), suppressed, dropped })}\n`;
}

/**
 * The same for shells: each variable is always there, and empty where it has no
 * value. Not WATCHKEEPER_DAEMON, which is the mark of a daemon's own processes:
 * what a hook leaves behind would be taken for one.
 */
export function eventEnvironment(hook: HookSpec, event: HookEvent, { suppressed, dropped }: HookOmissions): Readonly<Record<string, string>> {
  const shown = (value: string | number | null): string => (value === null ? '' : String(value));
  return {
    ...hook.environment,
    WATCHKEEPER_HOOK: hook.name,
    WATCHKEEPER_EVENT: event.event,
    WATCHKEEPER_EVENT_NEWS: event.news,
    WATCHKEEPER_EVENT_ID: shown(event.id),
    WATCHKEEPER_EVENT_AT: shown(event.at),
    WATCHKEEPER_EVENT_DAEMON: shown(event.daemon),
    WATCHKEEPER_EVENT_ROLE: shown(event.role),
    WATCHKEEPER_EVENT_MEMBERS: event.members.join(' '),
    WATCHKEEPER_EVENT_REASON: escapeControl(event.reason, MAX_REASON),
    WATCHKEEPER_EVENT_PID: shown(event.pid),
    WATCHKEEPER_EVENT_RESTARTS: shown(event.restarts),
    WATCHKEEPER_EVENT_NEXT_TRY_MS: shown(event.nextTryMs),
    WATCHKEEPER_EVENT_OBSERVED: shown(event.observed),
    WATCHKEEPER_EVENT_DESIRED: shown(event.desired),
    WATCHKEEPER_EVENT_SUPPRESSED: String(suppressed),
    WATCHKEEPER_EVENT_DROPPED: String(dropped),
    WATCHKEEPER_EVENT_TEST: event.test ? '1' : '',
  };
}

const MAX_LINES = 20;
const MAX_LINE = 400;

/** What a hook wrote, fit for a log: whole lines, few, short. */
export function outputLines(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '');
  const shown = lines.slice(0, MAX_LINES).map((line) => escapeControl(line, MAX_LINE));
  return lines.length > MAX_LINES ? [...shown, `… and ${lines.length - MAX_LINES} more lines`] : shown;
}
