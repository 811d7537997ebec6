/** Daemons as an aligned table for a terminal. */
import Table from 'cli-table3';

import type { DaemonStatus } from '../../core/daemon-status.js';
import { formatDuration } from '../../core/duration.js';
import { escapeControl } from '../../core/escape.js';
import { paintOf, paints, type Paints } from './paint.js';

/** Longest reason shown; `status --json` has it whole. */
const MAX_REASON = 300;
const HEADINGS = ['DAEMON', 'DESIRED', 'OBSERVED', 'PID', 'UPTIME', 'RESTARTS', 'NEXT TRY', 'LAST REASON'] as const;

export interface TableStyle {
  readonly colour: boolean;
  /** Columns of the terminal; lines are cut there. undefined: not cut. */
  readonly width?: number | undefined;
}

export function statusTable(daemons: readonly DaemonStatus[], style: TableStyle): readonly string[] {
  const paint = paints(style.colour);
  const table = new Table({
    head: [...HEADINGS],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
      left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
    },
  });
  for (const daemon of daemons) table.push(row(daemon));
  const lines = table.toString().split('\n').map((line) => line.trimEnd());
  const cut = style.width === undefined ? lines : lines.map((line) => line.slice(0, style.width));
  return cut.map((line, index) => {
    const daemon = daemons[index - 1];
    return daemon === undefined ? paint.bold(line) : colourLine(line, daemon, paint);
  });
}

/** To be shown below the table. */
export function warningLines(daemons: readonly DaemonStatus[], style: TableStyle): readonly string[] {
  const paint = paints(style.colour);
  const lines = daemons.flatMap(({ name, warnings = [] }) => warnings.map((warning) => `${name}: ${escapeControl(warning, MAX_REASON)}`));
  return lines.map((line) => `${paint.yellow('warning:')} ${style.width === undefined ? line : line.slice(0, style.width - 'warning: '.length)}`);
}

/** "paused: web, db: paused by ops until …", a line for each pause; to be shown below the table. */
export function pauseLines(daemons: readonly DaemonStatus[], style: TableStyle): readonly string[] {
  const paint = paints(style.colour);
  const names = new Map<string, string[]>();
  for (const { name, paused } of daemons) if (typeof paused === 'string') names.set(paused, [...(names.get(paused) ?? []), name]);
  return [...names].map(([reason, some]) => {
    const who = some.length === daemons.length && some.length > 1 ? 'all daemons' : some.join(', ');
    const text = escapeControl(`${who}: ${reason}`, MAX_REASON);
    return `${paint.cyan('paused:')} ${style.width === undefined ? text : text.slice(0, style.width - 'paused: '.length)}`;
  });
}

function row(daemon: DaemonStatus): string[] {
  return [
    daemon.name,
    daemon.desired,
    daemon.observed,
    daemon.pid === null ? '-' : String(daemon.pid),
    daemon.uptime === null ? '-' : wholeSeconds(daemon.uptime),
    String(daemon.restarts),
    daemon.nextTry === null ? '-' : formatDuration(daemon.nextTry),
    escapeControl(daemon.reason, MAX_REASON),
  ];
}

/** Tenths would flicker in a live table. */
function wholeSeconds(ms: number): string {
  return ms < 1000 ? '0 s' : formatDuration(Math.floor(ms / 1000) * 1000);
}

/** Only the state's own word is coloured: the rest must stay readable on any background. */
function colourLine(line: string, daemon: DaemonStatus, paint: Paints): string {
  const colour = paintOf(daemon.observed, daemon.desired, paint);
  const at = line.indexOf(` ${daemon.observed}`, daemon.name.length);
  if (at < 0) return line;
  const end = at + 1 + daemon.observed.length;
  return line.slice(0, at + 1) + colour(line.slice(at + 1, end)) + line.slice(end);
}
