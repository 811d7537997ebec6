/**
 * The configuration as it was understood last, so that a command need not parse
 * YAML again, which takes longer than Node's own start. It is believed only
 * where every text that it was made from is still the same, to the byte, and
 * may still be trusted. RUNTIME/configuration is its owner's only: it may hold
 * what the files keep from others.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { Configuration } from './configuration.js';
import { listDropIns } from './drop-ins.js';
import { DEFAULT_CONFIGURATION_FILE, type Environment } from './location.js';
import { fromPlainText, plainText } from './plain-record.js';
import { Problems } from './problems.js';
import { type FileStamp, readTrusted } from './trusted-file.js';

const FORMAT = 2;
/** Bytes; some 2000 daemons. */
const MAX_SIZE = 8 * 1024 * 1024;
const DEFAULT_RUNTIME = '/run/watchkeeper';
const VARIABLE = 'WATCHKEEPER_';
const OTHERS = 0o077;
const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;

type Meaning = Omit<Configuration, 'files'>;

interface KeptRecord {
  readonly format: number;
  readonly program: string;
  readonly environment: readonly (readonly [string, string])[];
  readonly sources: readonly { readonly path: string; readonly text: string }[];
  readonly dropIns: readonly string[];
  readonly meaning: Meaning;
}

export class ConfigurationCache {
  readonly #path: string | undefined;
  readonly #environment: KeptRecord['environment'];

  /**
   * @param main   the main file; only the machine's own, or one whose runtime directory the environment names, is kept
   * @param program what tells one build of the program from another
   */
  constructor(
    private readonly main: string,
    environment: Environment,
    private readonly program: string,
  ) {
    const named = environment['WATCHKEEPER_PATHS_RUNTIME'];
    const runtime = named === undefined || named === '' ? (main === DEFAULT_CONFIGURATION_FILE ? DEFAULT_RUNTIME : undefined) : named;
    this.#path = runtime === undefined ? undefined : join(runtime, 'configuration');
    this.#environment = Object.entries(environment)
      .flatMap(([name, value]): [string, string][] => (name.startsWith(VARIABLE) && value !== undefined ? [[name, value]] : []))
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** Whatever has become of its files since: for what must be possible with broken ones, too. undefined: none is known. */
  last(): Configuration | undefined {
    const record = this.#record();
    return record === undefined ? undefined : { ...record.meaning, files: [] };
  }

  /** undefined: it must be read from its files. */
  read(): Configuration | undefined {
    const record = this.#record();
    if (record === undefined) return undefined;
    const problems = new Problems();
    if (!sameWords(listDropIns(this.main, problems), record.dropIns) || problems.list.length > 0) return undefined;
    const files: FileStamp[] = [];
    for (const { path, text } of record.sources) {
      const now = readTrusted(path);
      if (!now.ok || now.text !== text) return undefined;
      files.push(now.stamp);
    }
    return { ...record.meaning, files };
  }

  #record(): KeptRecord | undefined {
    const record = this.#path === undefined ? undefined : readRecord(this.#path);
    if (record?.program !== this.program || record.meaning.main !== this.main) return undefined;
    return sameWords(record.environment.flat(), this.#environment.flat()) ? record : undefined;
  }

  /** What can't be written is read again next time. @param texts of the configuration's files, as they were read */
  async write({ files, ...rest }: Configuration, texts: readonly string[]): Promise<void> {
    if (this.#path === undefined || !isOwn(join(this.#path, '..'))) return;
    const sources = files.map(({ path }, index) => ({ path, text: texts[index] ?? '' }));
    const dropIns = listDropIns(this.main, new Problems());
    // One that came meanwhile was not read.
    if (!dropIns.every((path) => files.some((file) => file.path === path))) return;
    const { settings, paths, catalogue, tasks, hooks, main } = rest;
    const meaning = { settings, paths, catalogue, tasks, hooks, main };
    const record: KeptRecord = { format: FORMAT, program: this.program, environment: this.#environment, sources, dropIns, meaning };
    const text = plainText(record);
    if (text === undefined) return;
    // Only here is node:crypto needed, which takes a fifth of Node's own start.
    const { writeAtomic } = await import('../state/atomic-file.js');
    try {
      writeAtomic(this.#path, text, { durable: false, mode: 0o600 });
    } catch {
      return;
    }
  }
}

function readRecord(path: string): KeptRecord | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.uid !== process.geteuid?.() || (stat.mode & OTHERS) !== 0 || stat.size > MAX_SIZE) return undefined;
    const record: unknown = fromPlainText(fs.readFileSync(fd, 'utf8'));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

/** What its meaning holds further down is our own: nobody else could write there. */
function isRecord(value: unknown): value is KeptRecord {
  if (!isObject(value)) return false;
  const { format, environment, sources, dropIns, meaning } = value;
  return format === FORMAT && isList(environment, isPair) && isList(sources, isSource) && isList(dropIns, isWord) && isMeaning(meaning);
}

function isMeaning(value: unknown): boolean {
  if (!isObject(value) || !isObject(value['catalogue'])) return false;
  const { settings, paths, catalogue, tasks, hooks, main } = value;
  return [settings, paths, catalogue['group']].every(isObject) && [catalogue['daemons'], tasks, hooks].every((list) => isList(list, isObject)) && isWord(main);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isWord = (value: unknown): boolean => typeof value === 'string';
const isPair = (value: unknown): boolean => isList(value, isWord) && (value as readonly unknown[]).length === 2;
const isSource = (value: unknown): boolean => isObject(value) && isWord(value['path']) && isWord(value['text']);

function isList(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

/** There is such a directory, and nobody but us could put anything there. */
function isOwn(directory: string): boolean {
  const stat = fs.lstatSync(directory, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0;
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}
