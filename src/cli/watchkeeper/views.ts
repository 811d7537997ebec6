/** The part of the closed table that shows what is: changes nothing. */
import type { Command } from './command.js';
import { JSON_OPTION } from './options.js';

export const VIEWS: readonly Command[] = [
  {
    name: 'status',
    arguments: '[DAEMON…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Show what is wanted and what is, for each daemon, and why; of one daemon all that is known',
    example: 'watchkeeper status',
    options: [{ name: 'watch', short: 'w', summary: 'live, until Ctrl-C' }, JSON_OPTION],
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'doctor',
    arguments: '[DAEMON…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Find what keeps daemons from running or answering, and the command that mends it; exit 1 if something is wrong',
    example: 'watchkeeper doctor web',
    options: [JSON_OPTION],
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'logs',
    arguments: 'DAEMON',
    most: 1,
    summary: 'Show what a daemon printed: from its output file, or from the journal under systemd',
    example: 'watchkeeper logs web --follow',
    options: [
      { name: 'follow', short: 'f', summary: 'go on as it comes, also when the file is rotated' },
      { name: 'lines', short: 'n', value: 'N', summary: 'how many of the past (default 50)' },
    ],
    load: async () => (await import('./logs.js')).logs,
  },
  {
    name: 'history',
    arguments: '[DAEMON…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Show the states of the last day as a line of signs; of one daemon its changes, too',
    example: 'watchkeeper history web --since 7d',
    options: [{ name: 'since', value: 'TIME', summary: 'how far back, e.g. 30m or 7d (default 24h)' }, JSON_OPTION],
    load: async () => (await import('./history.js')).history,
  },
  {
    name: 'graph',
    arguments: '',
    most: 0,
    summary: 'Show what is started after what, as a tree',
    example: 'watchkeeper graph --dot | dot -Tsvg',
    options: [{ name: 'dot', summary: "for Graphviz's dot" }, JSON_OPTION],
    load: async () => (await import('./graph.js')).graph,
  },
  {
    name: 'events',
    arguments: '[DAEMON…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: "Show the watcher's news: starts, crashes, restarts, each with its reason",
    example: 'watchkeeper events --follow',
    options: [
      { name: 'follow', short: 'f', summary: 'go on as they happen' },
      { name: 'lines', short: 'n', value: 'N', summary: 'how many of the past (default 20)' },
      JSON_OPTION,
    ],
    load: async () => (await import('./events.js')).events,
  },
];
