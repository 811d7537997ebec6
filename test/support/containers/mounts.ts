/** Mounts of the test containers: made one by one, undone all together. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TIMEOUT = 10_000;

function must(argv: readonly [string, ...string[]]): void {
  const [program, ...args] = argv;
  const result = spawnSync(program, args, { timeout: TIMEOUT, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${argv.join(' ')} failed: ${result.stderr || String(result.error ?? result.signal)}`);
}

export function mountTmpfs(path: string): void {
  must(['/usr/bin/mount', '-t', 'tmpfs', '-o', 'mode=755,size=4G', 'watchkeeper-test', path]);
}

export function mountOverlay(path: string, lower: string, upper: string, work: string): void {
  must(['/usr/bin/mount', '-t', 'overlay', 'watchkeeper-test', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, path]);
}

export function bindReadOnly(source: string, path: string): void {
  must(['/usr/bin/mount', '--bind', '-o', 'ro', source, path]);
}

/** Mount points at or below `path`, deepest last. */
function mountsBelow(path: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

/** Undoes every mount at or below `path`. Lazily at last: a busy one must not stay in the way for ever. */
export function unmountTree(path: string): void {
  for (const option of [[], [], ['--lazy']]) {
    for (const point of mountsBelow(path).toReversed()) {
      spawnSync('/usr/bin/umount', [...option, point], { timeout: TIMEOUT });
    }
    if (mountsBelow(path).length === 0) return;
  }
  throw new Error(`cannot unmount ${path}: still mounted: ${mountsBelow(path).join(', ')}`);
}
