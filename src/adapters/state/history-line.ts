/** One line of history.jsonl; short keys, as there are many. */
import { isValidName } from '../../core/daemon.js';
import { STATUS_STATES, type StatusState } from '../../core/daemon-status.js';
import type { HistoryRecord } from '../../core/history.js';

/** t: instant; d: daemon; s: state; w: wanted; p: paused; x: what else happened. */
interface Line {
  readonly t: number;
  readonly d?: string;
  readonly s?: StatusState;
  readonly w?: 'up' | 'down';
  readonly p?: 1;
  readonly x?: 'unseen' | 'begin' | 'alive' | 'end';
}

export function historyLine(record: HistoryRecord): string {
  return `${JSON.stringify(lineOf(record))}\n`;
}

function lineOf(record: HistoryRecord): Line {
  switch (record.kind) {
    case 'state':
      return { t: record.at, d: record.daemon, s: record.state, w: record.desired, ...(record.paused ? { p: 1 } : {}) };
    case 'unseen':
      return { t: record.at, d: record.daemon, x: 'unseen' };
    case 'begin':
    case 'alive':
    case 'end':
      return { t: record.at, x: record.kind };
  }
}

/** undefined: not a whole line of ours. */
export function parseHistoryLine(text: string): HistoryRecord | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  let line: Partial<Record<keyof Line, unknown>>;
  try {
    line = JSON.parse(text) as typeof line;
  } catch {
    return undefined; // torn by a power cut, or not ours
  }
  const { t: at, d: daemon, s: state, w: desired, p, x } = line;
  if (typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  if (x === 'begin' || x === 'alive' || x === 'end') return { kind: x, at };
  if (typeof daemon !== 'string' || !isValidName(daemon)) return undefined;
  if (x === 'unseen') return { kind: 'unseen', at, daemon };
  const known = STATUS_STATES.find((word) => word === state);
  if (known === undefined || (desired !== 'up' && desired !== 'down')) return undefined;
  return { kind: 'state', at, daemon, state: known, desired, paused: p === 1 };
}
