/** Collects what the files and the environment say, key by key; what is read later wins. */
import { quoted } from '../../core/printable.js';
import { mostSimilar } from '../../core/similar.js';
import { DAEMON_SCHEMA } from './daemon-schema.js';
import { GROUP_SCHEMA } from './group-schema.js';
import { HOOK_SCHEMA } from './hook-schema.js';
import { type Located, type LocatedMap, plainOf } from './located.js';
import type { Place, Problems } from './problems.js';
import type { FlatSchema, Leaf } from './schema.js';
import { environmentVariable, SETTINGS_SCHEMA } from './settings-schema.js';
import { TASK_SCHEMA } from './task-schema.js';

/** A daemon, a task or a hook. */
export interface DraftEntry {
  /** Where it was named first. */
  readonly place: Place;
  readonly given: Map<string, unknown>;
}

const MAX_SUGGESTIONS = 100;
const SECTIONS = ['catalogue', 'group', 'defaults', 'daemons', 'tasks', 'hooks'] as const;

export class Draft {
  readonly settings = new Map<string, unknown>();
  readonly group = new Map<string, unknown>();
  readonly defaults = new Map<string, unknown>();
  /** In the order in which the files name them first. */
  readonly daemons = new Map<string, DraftEntry>();
  readonly tasks = new Map<string, DraftEntry>();
  readonly hooks = new Map<string, DraftEntry>();
  /** A map of daemons was written, even if it is empty. */
  daemonsGiven = false;
  /** By dotted key: where the value was written, or the environment variable. */
  readonly origins = new Map<string, Place | string>();

  constructor(readonly problems: Problems) {}

  /** Everything but `catalogue:`, which sources.ts has followed before. */
  addDocument(file: string, root: LocatedMap): void {
    const settings: Target = { file, schema: SETTINGS_SCHEMA, given: this.settings, prefix: '', alsoKnown: SECTIONS };
    this.#readMap(settings, root, '');
    this.#section(file, root, 'group', (map) => this.#readMap({ file, schema: GROUP_SCHEMA, given: this.group, prefix: 'group.' }, map, ''));
    this.#section(file, root, 'defaults', (map) =>
      this.#readMap({ file, schema: DAEMON_SCHEMA, given: this.defaults, prefix: 'defaults.' }, map, ''),
    );
    this.#section(file, root, 'daemons', (map) => {
      this.daemonsGiven = true;
      this.#readNamed(file, map, { section: 'daemons', entries: this.daemons, schema: DAEMON_SCHEMA, what: 'daemon' });
    });
    this.#section(file, root, 'tasks', (map) => this.#readNamed(file, map, { section: 'tasks', entries: this.tasks, schema: TASK_SCHEMA, what: 'task' }));
    this.#section(file, root, 'hooks', (map) => this.#readNamed(file, map, { section: 'hooks', entries: this.hooks, schema: HOOK_SCHEMA, what: 'hook' }));
  }

  addEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
    for (const leaf of SETTINGS_SCHEMA.leaves.values()) {
      const variable = environmentVariable(leaf.name);
      const text = environment[variable];
      if (text === undefined || text === '') continue;
      const reading = leaf.format.read(text);
      if (reading.ok) {
        this.settings.set(leaf.name, reading.value);
        this.origins.set(leaf.name, `environment ${variable}`);
      } else {
        this.problems.add({ file: `environment ${variable}`, line: undefined }, leaf.name, reading.message);
      }
    }
  }

  #section(file: string, root: LocatedMap, name: string, read: (map: LocatedMap) => void): void {
    const entry = root.entries.get(name);
    if (entry === undefined || isNothing(entry.node)) return;
    if (entry.node.kind === 'map') read(entry.node);
    else this.problems.add({ file, line: entry.line }, name, `a map ('key: value' lines) is needed, not ${described(entry.node)}`);
  }

  #readNamed(file: string, map: LocatedMap, { section, entries, schema, what }: Named): void {
    for (const [name, entry] of map.entries) {
      const place = { file, line: entry.line };
      const named = entries.get(name) ?? { place, given: new Map<string, unknown>() };
      entries.set(name, named);
      const prefix = `${section}.${name}.`;
      if (entry.node.kind === 'map') this.#readMap({ file, schema, given: named.given, prefix }, entry.node, '');
      else if (!isNothing(entry.node)) {
        this.problems.add(place, `${section}.${name}`, `a map of the ${what}'s keys is needed, not ${described(entry.node)}`);
      }
    }
  }

  #readMap(target: Target, map: LocatedMap, branch: string): void {
    for (const [key, entry] of map.entries) {
      const name = `${branch}${key}`;
      const full = `${target.prefix}${name}`;
      const place = { file: target.file, line: entry.line };
      const leaf = target.schema.leaves.get(name);
      if (leaf !== undefined) {
        this.#readLeaf(target, leaf, entry.node, place, full);
      } else if (target.schema.branches.has(name)) {
        if (entry.node.kind === 'map') this.#readMap(target, entry.node, `${name}.`);
        else if (!isNothing(entry.node)) {
          this.problems.add(place, full, `a map ('key: value' lines) is needed, not ${described(entry.node)}`);
        }
      } else if (branch !== '' || target.alsoKnown?.includes(key) !== true) {
        // Nobody reads the thousandth suggestion, but somebody would wait for it.
        const known = this.problems.list.length < MAX_SUGGESTIONS ? knownKeys(target, branch) : [];
        this.problems.add(place, full, known.length === 0 ? `unknown key ${quoted(key)}` : unknownKey(key, known));
      }
    }
  }

  #readLeaf(target: Target, leaf: Leaf, node: Located, place: Place, full: string): void {
    const plain = plainOf(node);
    if (plain === null) {
      // As if nobody had written it: back to the default.
      target.given.set(leaf.name, undefined);
      this.origins.delete(full);
      return;
    }
    const reading = leaf.format.read(plain);
    if (!reading.ok) {
      this.problems.add(place, full, reading.message);
      return;
    }
    const layers = leaf.merges === true ? [target.given.get(leaf.name), reading.value] : [];
    const merged = layers.flatMap((layer) => Object.entries(layer ?? {}));
    target.given.set(leaf.name, leaf.merges === true ? Object.fromEntries(merged) : reading.value);
    this.origins.set(full, place);
  }
}

interface Named {
  readonly section: string;
  readonly entries: Map<string, DraftEntry>;
  readonly schema: FlatSchema<unknown>;
  readonly what: string;
}

interface Target {
  readonly file: string;
  readonly schema: FlatSchema<unknown>;
  readonly given: Map<string, unknown>;
  /** Of the full key: 'daemons.web.'. */
  readonly prefix: string;
  readonly alsoKnown?: readonly string[];
}

function isNothing(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function described(node: Located): string {
  return node.kind === 'scalar' ? quoted(node.value ?? '') : `a ${node.kind}`;
}

function knownKeys(target: Target, branch: string): readonly string[] {
  const names = [...target.schema.leaves.keys()].filter((name) => name.startsWith(branch));
  const keys = names.map((name) => name.slice(branch.length).split('.')[0] ?? '');
  return [...new Set([...keys, ...(branch === '' ? (target.alsoKnown ?? []) : [])])];
}

function unknownKey(key: string, known: readonly string[]): string {
  const close = mostSimilar(key, known);
  return `unknown key ${quoted(key)}; ${close === undefined ? `known here are ${known.join(', ')}` : `did you mean '${close}'?`}`;
}
