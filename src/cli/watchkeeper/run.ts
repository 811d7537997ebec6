/** One call of `watchkeeper` from argv to its exit status. */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import type { Means } from './command.js';
import { parse } from './parse.js';

const MAX_LINE = 100_000;

export interface Output {
  /** Both take a line without its end. */
  stdout(line: string): void;
  stderr(line: string): void;
}

/** @throws what is a bug of ours; all that is expected is told and becomes an exit status */
export async function runWatchkeeper(argv: readonly string[], output: Output, means: Means): Promise<number> {
  const err = (line: string): void => output.stderr(escapeControl(line, MAX_LINE));
  try {
    const { command, call } = parse(argv);
    const handler = await command.load();
    return await handler(call, { means, out: (line) => output.stdout(line), err });
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    // A list of mistakes in the configuration has a line each.
    for (const line of `watchkeeper: ${error.message}`.split('\n')) err(line);
    return error.exitStatus;
  }
}
