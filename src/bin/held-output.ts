/** What a program prints, kept back until it is certain that this program is the one to print it. */
import type { Output } from '../cli/daemon-util/run.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';

export class HeldOutput implements Output {
  #held: (readonly ['stdout' | 'stderr', string])[] | undefined = [];

  /** @param onRelease called once, before the first line is written */
  constructor(private readonly onRelease: () => void) {}

  stdout(line: string): void {
    this.#tell('stdout', line);
  }

  stderr(line: string): void {
    this.#tell('stderr', line);
  }

  /** Prints what was kept back, and from then on whatever comes. */
  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.onRelease();
    for (const [stream, line] of held) this.#tell(stream, line);
  }

  #tell(stream: 'stdout' | 'stderr', line: string): void {
    if (this.#held !== undefined) this.#held.push([stream, line]);
    else process[stream].write(`${wantsUtf8(process.env) ? line : asciiOnly(line)}\n`);
  }
}
