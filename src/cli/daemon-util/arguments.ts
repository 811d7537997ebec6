/**
 * argv → a command of the closed table with its arguments and options, or what
 * is wrong with it. Options are accepted before and after the command; `--`
 * ends them; what a rest argument takes is never an option of ours.
 */
import { escapeControl } from '../../core/escape.js';
import { quoted } from '../../core/printable.js';
import type { Command, Options } from './command.js';

export type Parsed =
  | { readonly ok: true; readonly command: Command; readonly args: readonly string[]; readonly options: Options }
  /** `command` as far as it was understood, for --json. */
  | { readonly ok: false; readonly message: string; readonly command: string | undefined; readonly options: Options };

interface Draft {
  json: boolean;
  verbose: boolean;
  dryRun: boolean;
  config: string | undefined;
  /** --help and --version are other spellings of commands. */
  instead: 'help' | 'version' | undefined;
}

class UsageError extends Error {}

export function parseArguments(argv: readonly string[], table: ReadonlyMap<string, Command>): Parsed {
  const draft: Draft = { json: false, verbose: false, dryRun: false, config: undefined, instead: undefined };
  let command: Command | undefined;
  const args: string[] = [];
  try {
    let optionsEnded = false;
    for (let position = 0; position < argv.length; position += 1) {
      const word = argv[position] ?? '';
      if (!optionsEnded && word === '--') {
        optionsEnded = true;
      } else if (!optionsEnded && word.startsWith('--')) {
        position += takeOption(word, argv[position + 1], draft);
      } else if (command === undefined) {
        command = find(word, table);
      } else if (!optionsEnded && word.startsWith('-') && word.length > 1 && !table.has(word)) {
        throw new UsageError(`${command.name}: unknown option ${quoted(word)}; put -- before an argument that begins with a dash`);
      } else {
        args.push(word);
        if (command.arguments[args.length]?.rest === true) {
          args.push(...argv.slice(position + 1));
          break;
        }
      }
    }
    command = draft.instead === undefined ? command : replaced(draft.instead, command, args, table);
    if (command === undefined) throw new UsageError('Usage: daemon-util <action>; daemon-util help lists them');
    count(command, args);
    return { ok: true, command, args, options: draft };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { ok: false, message: error.message, command: command?.name, options: draft };
  }
}

/** @returns how many further words it took */
function takeOption(word: string, next: string | undefined, draft: Draft): 0 | 1 {
  const [name, value] = word.startsWith('--config=') ? ['--config', word.slice('--config='.length)] : [word, undefined];
  switch (name) {
    case '--json':
      draft.json = true;
      return 0;
    case '--verbose':
      draft.verbose = true;
      return 0;
    case '--dry-run':
      draft.dryRun = true;
      return 0;
    case '--help':
      draft.instead = 'help';
      return 0;
    case '--version':
      draft.instead = 'version';
      return 0;
    case '--config': {
      const path = value ?? next;
      if (path === undefined || path === '') throw new UsageError('--config needs the path of a file');
      draft.config = path;
      return value === undefined ? 1 : 0;
    }
    default:
      throw new UsageError(`unknown option ${quoted(word)}; daemon-util help lists them`);
  }
}

function find(word: string, table: ReadonlyMap<string, Command>): Command {
  // The original's own two messages. It turned - into _ and called what had that name; we look it up.
  if (word.includes('_')) throw new UsageError('Command must not contain underscores');
  const command = table.get(word);
  if (command === undefined) throw new UsageError(`Unknown command: ${escapeControl(word, 80)}`);
  return command;
}

function replaced(instead: 'help' | 'version', command: Command | undefined, args: string[], table: ReadonlyMap<string, Command>): Command | undefined {
  args.length = 0;
  if (instead === 'help' && command !== undefined) args.push(command.name);
  return table.get(instead);
}

function count(command: Command, args: readonly string[]): void {
  const missing = command.arguments.find((argument, index) => argument.optional !== true && index >= args.length);
  if (missing !== undefined) throw new UsageError(`Missing ${missing.meaning}.`);
  const takesRest = command.arguments.at(-1)?.rest === true;
  const superfluous = args[command.arguments.length];
  if (!takesRest && superfluous !== undefined) {
    throw new UsageError(`${command.name}: superfluous argument ${quoted(superfluous)}`);
  }
}
