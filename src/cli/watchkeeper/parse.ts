/** argv → a command of the table and its call. */
import { parseArgs } from 'node:util';

import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import type { Call, Command } from './command.js';
import { COMMON_OPTIONS } from './options.js';
import { COMMANDS } from './table.js';

export interface Parsed {
  readonly command: Command;
  readonly call: Call;
}

/** @throws WatchkeeperError USAGE */
export function parse(argv: readonly string[]): Parsed {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h') return parse(['help', ...rest]);
  if (first === '--version') return parse(['version', ...rest]);
  const two = COMMANDS.get(`${first} ${rest[0] ?? ''}`);
  const command = two ?? COMMANDS.get(first);
  if (command === undefined) throw usage(`unknown command ${quoted(first)}`);
  const parsed = options(command, two === undefined ? rest : rest.slice(1));
  if (parsed.flag('help')) return parse(['help', ...command.name.split(' ')]);
  const superfluous = parsed.args[command.most];
  if (superfluous !== undefined) throw usage(`${command.name}: superfluous argument ${quoted(superfluous)}`, command.name);
  return { command, call: parsed };
}

function options(command: Command, words: readonly string[]): Call {
  const known = [...COMMON_OPTIONS, ...command.options];
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: Object.fromEntries(
        known.map(({ name, short, value }) => [name, { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) }] as const),
      ),
    });
    return {
      args: positionals,
      flag: (name) => values[name] === true,
      value: (name) => {
        const value = values[name];
        return typeof value === 'string' ? value : undefined;
      },
    };
  } catch (error) {
    // parseArgs explains what is wrong with an option in one sentence.
    if (error instanceof TypeError && 'code' in error) throw usage(`${command.name}: ${error.message.split('. ')[0] ?? ''}`, command.name);
    throw error;
  }
}

function usage(why: string, command = ''): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot understand the call', why, `watchkeeper help${command === '' ? '' : ` ${command}`}`);
}
