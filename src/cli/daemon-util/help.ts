/** Help and version, from the table itself. */
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import type { Argument, Command, Handler } from './command.js';
import { COMMANDS, OPTIONS } from './table.js';

export const help: Handler = (session, [name]) => {
  if (name === undefined) {
    for (const text of overview()) session.out(text);
    return Promise.resolve({ exitStatus: 0, json: { commands: [...COMMANDS.values()].map(described), options: OPTIONS } });
  }
  const command = COMMANDS.get(name);
  if (command === undefined) {
    throw new WatchkeeperError('USAGE', 'cannot help', `unknown command ${quoted(name)}`, 'daemon-util help');
  }
  session.out(`Usage: daemon-util ${usage(command)}`);
  session.out(`  ${command.summary}.`);
  session.out(`Example: ${command.example}`);
  return Promise.resolve({ exitStatus: 0, json: described(command) });
};

export const version: Handler = (session) => {
  session.out(`daemon-util (Watchkeeper) ${session.means.version}`);
  return Promise.resolve({ exitStatus: 0, json: { version: session.means.version } });
};

/** "start NAME [ARGS…]" */
export function usage(command: Command): string {
  return [command.name, ...command.arguments.map(argumentUsage)].join(' ');
}

function argumentUsage({ name, optional, rest }: Argument): string {
  const word = rest === true ? `${name}…` : name;
  return optional === true ? `[${word}]` : word;
}

function described(command: Command): Record<string, unknown> {
  const { name, summary, example, changes } = command;
  return { name, usage: usage(command), summary, example, changes };
}

function overview(): readonly string[] {
  const commands = [...COMMANDS.values()].map((command) => [usage(command), command.summary] as const);
  const options = OPTIONS.map(({ name, summary }) => [name, summary] as const);
  const width = Math.max(...[...commands, ...options].map(([left]) => left.length));
  const row = ([left, right]: readonly [string, string]) => `  ${left.padEnd(width)}  ${right}`;
  return [
    'Usage: daemon-util [OPTION…] COMMAND [ARGUMENT…]',
    '',
    'Commands:',
    ...commands.map(row),
    '',
    'Options, before or after the command; -- ends them, and so does the NAME of start and restart:',
    ...options.map(row),
    '',
    'Exit status: 0 done or so already, 1 not, 11 not master, 70 a bug of ours, 78 the configuration has an error.',
  ];
}
