/** Bytes of a program into lines fit for a log: whole, cut at a length, escaped. */
import { StringDecoder } from 'node:string_decoder';

import { escapeControl } from '../../core/escape.js';

const MAX_LINE = 500;

export class OutputLines {
  readonly #decoder = new StringDecoder('utf8');
  /** The beginning of a line whose end has not come. */
  #rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  add(chunk: Buffer): void {
    const parts = this.#decoder.write(chunk).split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      this.#tell(this.#rest + part);
      this.#rest = '';
    }
    // A line without an end must not grow in memory; one character more than is shown, so that the cut is told.
    this.#rest = (this.#rest + last).slice(0, MAX_LINE + 1);
  }

  /** The last line may have no end. */
  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#tell(this.#rest);
    this.#rest = '';
  }

  #tell(line: string): void {
    this.onLine(escapeControl(line.endsWith('\r') ? line.slice(0, -1) : line, MAX_LINE));
  }
}
