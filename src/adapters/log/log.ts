/**
 * The watcher's log by pino: JSON lines for files, `<priority>` lines for the
 * journal (sd-daemon(3)), and lines for people on a terminal.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { multistream, pino, type Level, type StreamEntry } from 'pino';

import { escapeControl } from '../../core/escape.js';
import type { Log } from '../../ports/log.js';
import { ensureDirectory } from '../state/directories.js';

export type LogFormat = 'json' | 'journal' | 'pretty' | 'none';

export interface LogTarget {
  readonly format: LogFormat;
  readonly descriptor: 1 | 2;
}

/** syslog(3) priorities of pino's levels. */
const PRIORITIES: Readonly<Record<number, number>> = { 10: 7, 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };
const NAMES: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const MAX_VALUE = 1000;

/**
 * Under systemd (JOURNAL_STREAM) the journal, on a terminal people, else JSON.
 * @param wanted the configuration's `log.format`
 */
export function chooseTarget(wanted: 'auto' | 'json' | 'pretty', environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): LogTarget {
  if (wanted === 'json') return { format: 'json', descriptor: 1 };
  if (wanted === 'pretty') return { format: 'pretty', descriptor: 2 };
  if (environment['JOURNAL_STREAM'] !== undefined) return { format: 'journal', descriptor: 2 };
  return isTerminal ? { format: 'pretty', descriptor: 2 } : { format: 'json', descriptor: 1 };
}

/** @param directory where watchkeeper.log is kept; undefined: no file */
export function openLog(level: string, target: LogTarget, directory: string | undefined): Log {
  const streams: StreamEntry[] = [];
  const stream = targetStream(target);
  if (stream !== undefined) streams.push({ level: level as Level, stream });
  if (directory !== undefined) {
    ensureDirectory(directory, 0o755);
    streams.push({ level: level as Level, stream: lineSink(() => openLogFile(join(directory, 'watchkeeper.log')), (text) => text) });
  }
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, multistream(streams));
}

function targetStream({ format, descriptor }: LogTarget): Writable | undefined {
  switch (format) {
    case 'none':
      return undefined;
    case 'json':
      return lineSink(() => descriptor, (text) => text);
    case 'journal':
      return lineSink(() => descriptor, journalLine);
    case 'pretty':
      return lineSink(() => descriptor, prettyLine);
  }
}

/** O_APPEND: logrotate's copytruncate then loses no position. */
function openLogFile(path: string): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = fs.constants;
  return fs.openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o640);
}

/** Synchronous and without a buffer: a line written is a line kept, also when we are killed. */
function lineSink(open: () => number, format: (line: string) => string): Writable {
  const descriptor = open();
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      try {
        fs.writeSync(descriptor, format(String(chunk)));
      } catch {
        // A full disk or a closed terminal must not stop the supervision, and there is nowhere to say it.
      }
      done();
    },
  });
}

interface Entry {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly rest: string;
}

function parse(line: string): Entry {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  delete fields['pid']; // the journal has it, and on a terminal it is always the same
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${escapeControl(typeof value === 'string' ? quoteIfNeeded(value) : JSON.stringify(value), MAX_VALUE)}`);
  return { level: Number(level), time: String(time), msg: escapeControl(String(msg), MAX_VALUE), rest: rest.join(' ') };
}

function quoteIfNeeded(value: string): string {
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

export function journalLine(line: string): string {
  const { level, msg, rest } = parse(line);
  return `<${PRIORITIES[level] ?? 6}>${msg}${rest === '' ? '' : ` ${rest}`}\n`;
}

export function prettyLine(line: string): string {
  const { level, time, msg, rest } = parse(line);
  return `${time.slice(11, 23)} ${(NAMES[level] ?? '').padEnd(5)} ${msg}${rest === '' ? '' : `  ${rest}`}\n`;
}
