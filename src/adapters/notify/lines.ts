/** Whole lines of a stream, bounded. */
import type { Readable } from 'node:stream';

/** A message of 4096 bytes in hexadecimal, and what is around it. */
const LONGEST = 16 * 1024;

/** A line that is longer is left out. */
export function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('latin1');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST + 1);
    for (const line of lines) if (line.length <= LONGEST && line !== '') take(line);
  });
}
