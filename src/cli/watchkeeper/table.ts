/** The closed table of `watchkeeper`'s commands; help and completion are made from it. */
import type { Command, OptionSpec } from './command.js';

export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'config', value: 'FILE', summary: 'the configuration (default /etc/watchkeeper/watchkeeper.yaml, or $WATCHKEEPER_CONFIG)' },
  { name: 'help', short: 'h', summary: 'explain the command' },
];

const JSON_OPTION: OptionSpec = { name: 'json', summary: 'JSON, and nothing else, on stdout' };

const TABLE: readonly Command[] = [
  {
    name: 'run',
    arguments: '',
    most: 0,
    summary: 'Run the watcher in the foreground',
    example: 'watchkeeper run',
    options: [
      { name: 'demo', summary: 'with three little daemons to play with, unprivileged, instead of a configuration' },
      { name: 'table', summary: 'show a live table on the terminal (the default with --demo)' },
      { name: 'stop-on-exit', summary: 'stop the daemons too when the watcher ends (the default with --demo)' },
    ],
    load: async () => (await import('./run-command.js')).run,
  },
  {
    name: 'status',
    arguments: '[DAEMON…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Show what is wanted and what is, for each daemon, and why',
    example: 'watchkeeper status',
    options: [JSON_OPTION],
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'events',
    arguments: '',
    most: 0,
    summary: "Show the watcher's news: starts, crashes, restarts, each with its reason",
    example: 'watchkeeper events --follow',
    options: [
      { name: 'follow', short: 'f', summary: 'go on as they happen' },
      { name: 'lines', short: 'n', value: 'N', summary: 'how many of the past (default 20)' },
      JSON_OPTION,
    ],
    load: async () => (await import('./events.js')).events,
  },
  {
    name: 'reload',
    arguments: '',
    most: 0,
    summary: 'Have the watcher read its configuration again; shows what changed, starts nothing',
    example: 'watchkeeper reload',
    options: [JSON_OPTION],
    load: async () => (await import('./reload.js')).reload,
  },
  {
    name: 'config check',
    arguments: '',
    most: 0,
    summary: 'Check the configuration; exit 78 with every mistake named if there are any',
    example: 'watchkeeper config check --config /etc/watchkeeper/watchkeeper.yaml',
    options: [],
    load: async () => (await import('./configuration-commands.js')).check,
  },
  {
    name: 'config show',
    arguments: '',
    most: 0,
    summary: 'Print every setting in force and where it comes from',
    example: 'watchkeeper config show',
    options: [JSON_OPTION],
    load: async () => (await import('./configuration-commands.js')).show,
  },
  {
    name: 'help',
    arguments: '[COMMAND]',
    most: 2,
    summary: 'Explain a command, or list them',
    example: 'watchkeeper help status',
    options: [],
    load: async () => (await import('./help.js')).help,
  },
  {
    name: 'version',
    arguments: '',
    most: 0,
    summary: 'Print the version',
    example: 'watchkeeper --version',
    options: [],
    load: async () => (await import('./help.js')).version,
  },
];

export const COMMANDS: ReadonlyMap<string, Command> = new Map(TABLE.map((command) => [command.name, command]));
