/** What tells one build of the whole program from another. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** @param bundle its path, however it is spelt */
export function bundleMark(bundle: string): string {
  const path = resolve(bundle);
  const { ino, size, mtimeMs } = statSync(path);
  return [path, ino, size, mtimeMs].join(' ');
}
