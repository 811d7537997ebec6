/**
 * The closed table of commands: the only way from a word of the caller to a
 * function of ours (supervisord's CVE-2017-11610, and the original's
 * `daemon-util -ignore-error`, are what an open one leads to). Help, completion
 * and documentation are made from it.
 */
import type { Argument, Command } from './command.js';

const NAME: Argument = { name: 'NAME', meaning: 'daemon name' };
const ONE_SHOT: Argument = { name: 'ARGS', meaning: 'arguments of the daemon', optional: true, rest: true };

const TABLE: readonly Command[] = [
  {
    name: 'list-start-daemons',
    arguments: [],
    summary: 'Print the daemons that start-all starts, in that order',
    example: 'daemon-util list-start-daemons',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).listStartDaemons,
  },
  {
    name: 'list-stop-daemons',
    arguments: [],
    summary: 'Print the daemons that stop-all stops, in that order; on-demand ones too',
    example: 'daemon-util list-stop-daemons',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).listStopDaemons,
  },
  {
    name: 'is-daemon-name',
    arguments: [NAME],
    summary: 'Exit with 0 if the catalogue has this daemon, with 1 if not',
    example: 'daemon-util is-daemon-name web',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).isDaemonName,
  },
  {
    name: 'daemon-pidfile',
    arguments: [NAME],
    summary: "Print the path of the daemon's pid file",
    example: 'daemon-util daemon-pidfile web',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).daemonPidfile,
  },
  {
    name: 'daemon-executable',
    arguments: [NAME],
    summary: "Print the path of the daemon's executable",
    example: 'daemon-util daemon-executable web',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).daemonExecutable,
  },
  {
    name: '-daemon-usergroup',
    arguments: [NAME],
    summary: 'Print user:group that the daemon is started with',
    example: 'daemon-util -daemon-usergroup web',
    changes: false,
    load: async () => (await import('./catalogue-commands.js')).daemonUserGroup,
  },
  {
    name: 'check-config',
    arguments: [],
    summary: 'Exit with 0 if the configuration loads and this node is set up to run the daemons',
    example: 'daemon-util check-config',
    changes: false,
    load: async () => (await import('./check-commands.js')).checkConfig,
  },
  {
    name: 'check-exitcode',
    arguments: [{ name: 'RC', meaning: 'exit code' }],
    summary: "Judge a daemon's exit status: 0 is fine, 11 says not master and is fine, others are not",
    example: 'daemon-util check-exitcode 11',
    changes: false,
    load: async () => (await import('./check-commands.js')).checkExitCode,
  },
  {
    name: 'check',
    arguments: [NAME],
    summary: 'Exit with 0 if the daemon is up, with 1 if not; print nothing',
    example: 'daemon-util check web',
    changes: false,
    load: async () => (await import('./check-commands.js')).check,
  },
  {
    name: 'status',
    arguments: [{ ...NAME, optional: true }],
    summary: 'Report one daemon, or all; exit with 0 if that could be done',
    example: 'daemon-util status web',
    changes: false,
    load: async () => (await import('./check-commands.js')).status,
  },
  {
    name: 'pid',
    arguments: [NAME],
    summary: "Print the process id of the daemon's main process",
    example: 'daemon-util pid web',
    changes: false,
    load: async () => (await import('./check-commands.js')).pid,
  },
  {
    name: 'start',
    arguments: [NAME, ONE_SHOT],
    summary: 'Start a daemon; ARGS are given to it for this start only',
    example: 'daemon-util start web --verbose-requests',
    changes: true,
    load: async () => (await import('./control-commands.js')).start,
  },
  {
    name: 'stop',
    arguments: [NAME],
    summary: 'Stop a daemon; it stays down until it is started again',
    example: 'daemon-util stop web',
    changes: true,
    load: async () => (await import('./control-commands.js')).stop,
  },
  {
    name: 'restart',
    arguments: [NAME, ONE_SHOT],
    summary: 'Stop a daemon if it runs, and start it',
    example: 'daemon-util restart web',
    changes: true,
    load: async () => (await import('./control-commands.js')).restart,
  },
  {
    name: 'check-and-start',
    arguments: [NAME],
    summary: 'Start a daemon that is down though nobody stopped it by hand and nobody else restarts it',
    example: 'daemon-util check-and-start web',
    changes: true,
    load: async () => (await import('./check-and-start.js')).checkAndStart,
  },
  {
    name: 'start-master',
    arguments: [],
    summary: 'Start the daemons of the master role; EXTRA_*_ARGS of the environment reach them once',
    example: "EXTRA_WEB_ARGS='--no-voting' daemon-util start-master",
    changes: true,
    load: async () => (await import('./control-commands.js')).startMaster,
  },
  {
    name: 'stop-master',
    arguments: [],
    summary: 'Stop the daemons of the master role, in reverse order',
    example: 'daemon-util stop-master',
    changes: true,
    load: async () => (await import('./control-commands.js')).stopMaster,
  },
  {
    name: 'start-all',
    arguments: [],
    summary: 'Start all daemons in order; end at the first that fails',
    example: 'daemon-util start-all',
    changes: true,
    load: async () => (await import('./control-commands.js')).startAll,
  },
  {
    name: 'stop-all',
    arguments: [],
    summary: 'Stop all daemons in reverse order; go on after a failure and report all',
    example: 'daemon-util stop-all',
    changes: true,
    load: async () => (await import('./control-commands.js')).stopAll,
  },
  {
    name: 'rotate-logs',
    arguments: [NAME],
    summary: 'Make a running daemon reopen its log files',
    example: 'daemon-util rotate-logs web',
    changes: true,
    load: async () => (await import('./reload-commands.js')).rotateLogs,
  },
  {
    name: 'rotate-all-logs',
    arguments: [],
    summary: 'Make all running daemons reopen their log files',
    example: 'daemon-util rotate-all-logs',
    changes: true,
    load: async () => (await import('./reload-commands.js')).rotateAllLogs,
  },
  {
    name: 'reload-ssh-keys',
    arguments: [],
    summary: 'Make the ssh daemon of this node read its host keys again',
    example: 'daemon-util reload-ssh-keys',
    changes: true,
    load: async () => (await import('./reload-commands.js')).reloadSshKeys,
  },
  {
    name: 'help',
    arguments: [{ name: 'COMMAND', meaning: 'command', optional: true }],
    summary: 'Print all commands, or one in full',
    example: 'daemon-util help start',
    changes: false,
    load: async () => (await import('./help.js')).help,
  },
  {
    name: 'version',
    arguments: [],
    summary: 'Print the version; --version does the same',
    example: 'daemon-util --version',
    changes: false,
    load: async () => (await import('./help.js')).version,
  },
];

export const COMMANDS: ReadonlyMap<string, Command> = new Map(TABLE.map((command) => [command.name, command]));

/** Accepted before and after every command; all are documented together. */
export const OPTIONS: readonly { readonly name: string; readonly summary: string }[] = [
  { name: '--json', summary: 'Print one JSON object (schemaVersion 1) on stdout, and nothing else there' },
  { name: '--verbose', summary: 'Say which service manager is used and why, by whom it is asked, and each step' },
  { name: '--dry-run', summary: 'Print the plan: what, in which order, through which service manager; do nothing' },
  { name: '--config PATH', summary: 'Read this configuration instead of the installed one' },
  { name: '--help', summary: 'Print this help, or that of the command' },
  { name: '--version', summary: 'Print the version' },
];
