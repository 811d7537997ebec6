/** Which files make up the configuration, in the order in which they are read; later ones win. */
import { dirname, resolve } from 'node:path';

import { isPlainPath } from '../../core/plain-values.js';
import { quoted } from '../../core/printable.js';
import { listDropIns } from './drop-ins.js';
import type { LocatedMap } from './located.js';
import type { Problems } from './problems.js';
import { type FileStamp, readTrusted } from './trusted-file.js';
import { parseYaml } from './yaml-document.js';

export interface Source {
  readonly file: string;
  readonly root: LocatedMap;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly files: readonly FileStamp[];
  /** Of the files, in the same order. */
  readonly texts: readonly string[];
}

/**
 * The catalogue file that the main file names, the main file, the drop-ins.
 *
 * @param main absolute path
 */
export function readSources(main: string, problems: Problems): Sources {
  const files: FileStamp[] = [];
  const texts: string[] = [];
  const read = (file: string): Source | undefined => {
    const result = readTrusted(file);
    if (!result.ok) {
      problems.unreadable(file, result.message);
      return undefined;
    }
    files.push(result.stamp);
    texts.push(result.text);
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
  return { sources, files, texts };
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
