/** The drop-ins of a configuration. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import type { Problems } from './problems.js';
import { mistrusted } from './trusted-file.js';

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
