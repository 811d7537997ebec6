/** Which files make up the configuration, in the order in which they are read; later ones win. */
import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { isPlainPath } from '../../core/plain-values.js';
import { quoted } from '../../core/printable.js';
import type { LocatedMap } from './located.js';
import type { Problems } from './problems.js';
import { type FileStamp, mistrusted, readTrusted } from './trusted-file.js';
import { parseYaml } from './yaml-document.js';

export interface Source {
  readonly file: string;
  readonly root: LocatedMap;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly files: readonly FileStamp[];
}

/**
 * The catalogue file that the main file names, the main file, the drop-ins.
 *
 * @param main absolute path
 */
export function readSources(main: string, problems: Problems): Sources {
  const files: FileStamp[] = [];
  const read = (file: string): Source | undefined => {
    const result = readTrusted(file);
    if (!result.ok) {
      problems.unreadable(file, result.message);
      return undefined;
    }
    files.push(result.stamp);
    const root = parseYaml(file, result.text, problems);
    return root === undefined ? undefined : { file, root };
  };
  const mainSource = read(main);
  const catalogue = mainSource === undefined ? undefined : catalogueFile(mainSource, problems);
  const dropIns = listDropIns(main, problems).map(read);
  const sources = [catalogue === undefined ? undefined : read(catalogue), mainSource, ...dropIns].filter((one) => one !== undefined);
  for (const { file, root } of sources) {
    const line = root.entries.get('catalogue')?.line;
    if (file !== main && line !== undefined) problems.add({ file, line }, 'catalogue', `only the main file, ${main}, may name a catalogue`);
  }
  return { sources, files };
}

function catalogueFile(main: Source, problems: Problems): string | undefined {
  const entry = main.root.entries.get('catalogue');
  if (entry === undefined || (entry.node.kind === 'scalar' && entry.node.value === null)) return undefined;
  const path = entry.node.kind === 'scalar' ? resolve(dirname(main.file), entry.node.value ?? '') : '';
  if (isPlainPath(path) && path !== main.file) return path;
  const shown = entry.node.kind === 'scalar' ? quoted(entry.node.value ?? '') : `a ${entry.node.kind}`;
  problems.add({ file: main.file, line: entry.line }, 'catalogue', `${shown} is no path of another YAML file, absolute or relative to this one`);
  return undefined;
}

/** `conf.d/*.yaml` beside the main file, in the order of their names' bytes. */
export function listDropIns(main: string, problems: Problems): readonly string[] {
  const directory = join(dirname(main), 'conf.d');
  let names: string[];
  try {
    names = fs.readdirSync(directory);
    const distrust = names.some((name) => name.endsWith('.yaml')) ? mistrusted(directory) : undefined;
    if (distrust !== undefined) problems.unreadable(directory, distrust);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === '') throw error;
    if (code !== 'ENOENT') problems.unreadable(directory, `the drop-ins can't be listed (${code})`);
    return [];
  }
  for (const name of names.filter((one) => one.endsWith('.yml') && !one.startsWith('.'))) {
    problems.add({ file: join(directory, name), line: undefined }, '', 'only *.yaml is read; rename it, or move it away');
  }
  return names
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('.'))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => join(directory, name));
}
