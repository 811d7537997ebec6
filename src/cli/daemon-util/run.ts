/** One call of `daemon-util` from argv to its exit status. */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { jsonLine } from '../../core/printable.js';
import { parseArguments } from './arguments.js';
import type { Command, Means, Options, Reply, Session } from './command.js';
import { COMMANDS } from './table.js';

/** Longest line we print, in UTF-16 units; a reason from elsewhere may be longer. */
const MAX_LINE = 4000;
const USAGE_STATUS = 1;

export interface Output {
  /** Both take a line without its end. */
  stdout(line: string): void;
  stderr(line: string): void;
}

/**
 * @param compose gives the means once the options are known; does nothing itself
 * @returns the exit status
 * @throws what is a bug of ours; all that is expected is told and becomes an exit status
 */
export async function runDaemonUtil(argv: readonly string[], output: Output, compose: (options: Options, note: (line: string) => void) => Means): Promise<number> {
  const parsed = parseArguments(argv, COMMANDS);
  if (!parsed.ok) {
    output.stderr(line(parsed.message)); // as the original: without our name
    return finish(output, parsed.options, parsed.command, { exitStatus: USAGE_STATUS, json: { error: { code: 'USAGE', message: parsed.message } } });
  }
  const { command, args, options } = parsed;
  const err = (text: string) => output.stderr(line(text));
  const means = compose(options, (text) => err(`daemon-util: ${text}`));
  const session: Session = {
    command,
    options,
    means,
    by: describeCaller(command, args, means.caller),
    out: (text) => {
      if (!options.json) output.stdout(line(text));
    },
    err,
    detail: (text) => {
      if (options.verbose) err(text);
    },
  };
  try {
    const handler = await command.load();
    return finish(output, options, command.name, await handler(session, args));
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    // One line per problem of a configuration; what others wrote into it is escaped already.
    for (const text of `daemon-util: ${error.message}`.split('\n')) err(text);
    const { code, message, hint, exitStatus } = error;
    return finish(output, options, command.name, { exitStatus, json: { error: { code, message, hint } } });
  }
}

function finish(output: Output, options: Options, command: string | undefined, reply: Reply): number {
  if (options.json) {
    const { exitStatus, json } = reply;
    output.stdout(jsonLine({ schemaVersion: 1, command: command ?? null, ok: exitStatus === 0, exitStatus, ...json }));
  }
  return reply.exitStatus;
}

/** Arguments of a daemon stay out of it: they may hold what nobody else should read. */
function describeCaller(command: Command, args: readonly string[], caller: string): string {
  const named = command.arguments[0]?.name === 'NAME' ? args.slice(0, 1) : [];
  return `daemon-util ${[command.name, ...named.map((name) => escapeControl(name, 64))].join(' ')} (${caller})`;
}

function line(text: string): string {
  return escapeControl(text, MAX_LINE);
}
