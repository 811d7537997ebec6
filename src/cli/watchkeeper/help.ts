/** Help and version, from the table itself. */
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import type { Command, Handler, OptionSpec } from './command.js';
import { COMMON_OPTIONS } from './options.js';
import { COMMANDS, SHOWN_COMMANDS } from './table.js';

export const help: Handler = ({ args }, session) => {
  const name = args.join(' ');
  if (name === '') for (const line of overview()) session.out(line);
  else {
    const command = COMMANDS.get(name);
    if (command === undefined) throw new WatchkeeperError('USAGE', 'cannot help', `unknown command ${quoted(name)}`, 'watchkeeper help');
    for (const line of detail(command)) session.out(line);
  }
  return Promise.resolve(0);
};

export const version: Handler = (_call, session) => {
  session.out(`watchkeeper ${session.means.version}`);
  return Promise.resolve(0);
};

function usage(command: Command): string {
  return command.arguments === '' ? command.name : `${command.name} ${command.arguments}`;
}

function overview(): readonly string[] {
  const commands = SHOWN_COMMANDS;
  const width = Math.max(...commands.map((command) => usage(command).length));
  return [
    'Usage: watchkeeper COMMAND [OPTION…] [ARGUMENT…]',
    '',
    ...commands.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`),
    '',
    'watchkeeper help COMMAND explains one. Daemons are started and stopped by daemon-util.',
  ];
}

function detail(command: Command): readonly string[] {
  const rows = [...command.options, ...COMMON_OPTIONS].map((option) => [optionUsage(option), option.summary] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage: watchkeeper ${usage(command)}`,
    `  ${command.summary}.`,
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    '',
    `Example: ${command.example}`,
  ];
}

function optionUsage({ name, short, value }: OptionSpec): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}
