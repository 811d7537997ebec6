/**
 * Trusts nothing of ours: reads /proc and the state files with its own eyes, and
 * tells the log of the storm what has changed. A process of its own.
 * Arguments: LOG STATE RUNTIME PROGRAM. Ends with SIGTERM, after a last word, and with who began it.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { TELL_EVERY } from './invariants.js';

const LOOK_EVERY = 20;
const FILES_EVERY = 200;

const [log = '', state = '', runtime = '', program = ''] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

function tell(observation: Record<string, unknown>): void {
  appendFileSync(log, `${JSON.stringify({ at: now(), ...observation })}\n`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Ended, or removed, or a directory, meanwhile.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Start time of a process that is alive; a zombie has ended. */
function startOf(pid: string): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return 'ZXx'.includes(fields[0] ?? 'X') ? undefined : fields[19];
}

interface Instance {
  readonly pid: string;
  readonly start: string;
}

/** Main processes of our daemons, by name. */
function look(): ReadonlyMap<string, readonly Instance[]> {
  const found = new Map<string, Instance[]>();
  for (const pid of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue;
    const argv = readIfThere(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
    const name = argv[1] === program ? argv.find((word) => word.startsWith('chaos='))?.slice(6) : undefined;
    const start = name === undefined ? undefined : startOf(pid);
    if (name !== undefined && start !== undefined) found.set(name, [...(found.get(name) ?? []), { pid, start }]);
  }
  // A pass takes its time: who was met first may have ended before the second began.
  for (const [name, instances] of found) {
    if (instances.length > 1) found.set(name, instances.filter(({ pid, start }) => startOf(pid) === start));
  }
  return found;
}

const BOARD = /^1 \S+ \S+ [01] (\d+|-) (\d+|-) \S+ \S+ \d+ (\d+|-) \d+ [^\n]*\n$/;

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

/** What must always be whole, where, and how that is told. Dotted names are not renamed yet. */
const FORMATS: readonly (readonly [string, (text: string) => boolean])[] = [
  [join(state, 'desired'), isObject],
  [join(state, 'tasks'), isObject],
  [join(runtime, 'memory'), isObject],
  [join(runtime, 'retry'), isObject],
  [join(runtime, 'state'), (text) => BOARD.test(text)],
  [join(runtime, 'claims'), (text) => /^(none|starting \S+|\d+ \d+ \S+)\n$/.test(text)],
];

/** The same, of single files. Appended ones are not among them: a full disk may tear a line of those, which is skipped. */
const SINGLE: readonly (readonly [string, (text: string) => boolean])[] = [
  [join(state, 'pauses.json'), isObject],
  [join(runtime, 'configuration'), isObject],
  [join(runtime, 'watcher'), (text) => /^1 \d+ \d+ \S+ \d+ \d+\n$/.test(text)],
];

const wanted = new Map<string, string>();
const told = new Set<string>();

function lookAtFiles(): void {
  for (const [directory, isWhole] of FORMATS) {
    let names: readonly string[];
    try {
      names = readdirSync(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    for (const name of names) {
      if (name.startsWith('.')) continue;
      const path = join(directory, name);
      const text = readIfThere(path);
      if (text === undefined) continue;
      if (!isWhole(text)) tellTorn(path, text);
      else {
        count(directory);
        if (directory.endsWith('/desired')) wish(name, text);
      }
    }
  }
  for (const [path, isWhole] of SINGLE) {
    const text = readIfThere(path);
    if (text === undefined) continue;
    if (isWhole(text)) count(path);
    else tellTorn(path, text);
  }
}

/** What is never there says nothing of how it is written. */
function count(path: string): void {
  const format = basename(path);
  whole[format] = (whole[format] ?? 0) + 1;
}

/** Once. */
function tellTorn(path: string, text: string): void {
  const key = `${path}\n${text}`;
  if (!told.has(key)) tell({ e: 'unparsable', path, text });
  told.add(key);
}

function wish(name: string, text: string): void {
  const { desired } = JSON.parse(text) as { desired?: unknown };
  const value = desired === 'up' || desired === 'down' ? desired : 'unknown';
  if (wanted.get(name) === value) return;
  wanted.set(name, value);
  tell({ e: 'desired', name, desired: value });
}

let before = new Map<string, string>();
let looks = 0;
let longest = 0;
let whole: Record<string, number> = {};
let last = now();
let filesAt = 0;
let toldAt = now();

function turn(): void {
  const began = now();
  longest = Math.max(longest, began - last);
  last = began;
  const after = new Map<string, string>();
  const found = look();
  for (const [name, instances] of found) after.set(name, instances.map(({ pid, start }) => `${pid} ${start}`).join(','));
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) !== after.get(name)) tell({ e: 'seen', name, pids: (found.get(name) ?? []).map(({ pid }) => Number(pid)) });
  }
  before = after;
  looks += 1;
  if (began - filesAt > FILES_EVERY) {
    filesAt = began;
    lookAtFiles();
    tell({ e: 'read', since: began });
  }
  if (began - toldAt > TELL_EVERY) {
    toldAt = began;
    tellLooks();
  }
}

function tellLooks(): void {
  tell({ e: 'looking', looks, longest, whole });
  looks = longest = 0;
  whole = {};
}

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
  turn();
}, LOOK_EVERY);
process.once('SIGTERM', () => {
  turn();
  tellLooks();
  process.exit(0);
});
