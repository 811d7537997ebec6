/** What a shell is to know of a program, from its closed table of commands. */
import { COMMANDS as DAEMON_UTIL, OPTIONS } from '../daemon-util/table.js';
import { COMMON_OPTIONS } from '../watchkeeper/options.js';
import { SHOWN_COMMANDS as WATCHKEEPER } from '../watchkeeper/table.js';

export const PROGRAMS = ['watchkeeper', 'daemon-util'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export interface Program {
  readonly name: ProgramName;
  readonly commands: readonly CompletedCommand[];
  /** Of every command. */
  readonly options: readonly CompletedOption[];
}

export interface CompletedCommand {
  /** One word, or two. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly argument: 'daemon' | 'command' | undefined;
  /** How many arguments are completed. */
  readonly most: number;
}

export interface CompletedOption {
  readonly name: string;
  readonly short: string | undefined;
  /** What follows it; undefined: nothing does. */
  readonly value: 'path' | 'text' | undefined;
  readonly summary: string;
}

/** One word is never a path and a flag in turn: the reader of a line knows only words. */
export function program(name: ProgramName): Program {
  return name === 'watchkeeper' ? watchkeeper() : daemonUtil();
}

function watchkeeper(): Program {
  return {
    name: 'watchkeeper',
    options: COMMON_OPTIONS.map(option),
    commands: WATCHKEEPER.map((command) => ({
      words: command.name.split(' '),
      summary: command.summary,
      options: command.options.map(option),
      argument: kindOf(command.arguments),
      most: command.most,
    })),
  };
}

function daemonUtil(): Program {
  return {
    name: 'daemon-util',
    options: OPTIONS.map(({ name, summary }) => {
      const [word = '', value] = name.slice('--'.length).split(' ');
      return option({ name: word, summary, ...(value === undefined ? {} : { value }) });
    }),
    commands: [...DAEMON_UTIL.values()].map((command) => ({
      words: [command.name],
      summary: command.summary,
      options: [],
      // What follows the name at start and restart is the daemon's own.
      argument: kindOf(command.arguments[0]?.name ?? '', 'NAME'),
      most: 1,
    })),
  };
}

function option({ name, short, value, summary }: { readonly name: string; readonly short?: string; readonly value?: string; readonly summary: string }): CompletedOption {
  const path = value === 'FILE' || value === 'DIR' || value === 'PATH';
  return { name, short, value: value === undefined ? undefined : path ? 'path' : 'text', summary };
}

/** Of the first argument. @param daemon the word by which the help calls a daemon */
function kindOf(help: string, daemon = 'DAEMON'): CompletedCommand['argument'] {
  const first = help.replace(/^\[/, '');
  if (first.startsWith(daemon)) return 'daemon';
  return first.startsWith('COMMAND') ? 'command' : undefined;
}

/** First words, each once; that of a pair without a summary of its own. */
export function firstWords({ commands }: Program): readonly (readonly [word: string, summary: string])[] {
  const words = new Map<string, string>();
  for (const { words: [first = '', second], summary } of commands) {
    if (second === undefined || !words.has(first)) words.set(first, second === undefined ? summary : `${first} …`);
  }
  return [...words];
}

/** As they are typed: --name, -n. */
export function spellings({ name, short }: CompletedOption): readonly string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

/** Spellings of all options that something follows. */
export function takers(all: Program, value: 'path' | 'text'): readonly string[] {
  const options = [...all.options, ...all.commands.flatMap((command) => command.options)];
  return [...new Set(options.filter((each) => each.value === value).flatMap(spellings))];
}

/** The shell function's name. */
export function functionName({ name }: Program): string {
  return `_${name.replace(/-/g, '_')}`;
}

/** All daemons of the catalogue, on-demand ones too; nothing where it can't be read. */
export const DAEMON_NAMES = 'daemon-util list-stop-daemons 2>/dev/null';
