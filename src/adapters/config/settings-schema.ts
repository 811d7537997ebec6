/** How Watchkeeper itself behaves: the keys at the top of watchkeeper.yaml. */
import type { Settings } from '../../core/settings.js';
import { absolutePath, boolean, bytes, duration, integer, listOf, oneOf, optional } from './format.js';
import { flatten, type SchemaOf } from './schema.js';
import { groupName, hostName, webAddress } from './web-formats.js';

/** The control socket's path must fit sun_path, 108 bytes. */
const MAX_RUNTIME_PATH = 80;

const SETTINGS: SchemaOf<Settings> = {
  paths: {
    runtime: { format: absolutePath(MAX_RUNTIME_PATH), default: '/run/watchkeeper', doc: 'Directory of what a boot may forget: state board, locks, control socket. `/etc/init.d/watchkeeper` reads no YAML: where that starts the watcher, any but the default has to be `WATCHKEEPER_PATHS_RUNTIME` in `/etc/default/watchkeeper`, too. The Debian package, when it is removed, looks for what still runs in the default only.' },
    state: { format: absolutePath(), default: '/var/lib/watchkeeper', doc: 'Directory of what must survive a boot: desired state, events.' },
    log: { format: absolutePath(), default: '/var/log/watchkeeper', doc: "Directory of the watcher's log and of the daemons' output." },
  },
  log: {
    level: {
      format: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
      default: 'info',
      doc: 'The least important messages that are logged.',
    },
    format: {
      format: oneOf('auto', 'json', 'pretty'),
      default: 'auto',
      doc: 'Form of the log; `auto` is for people on a terminal, with priorities for the journal under systemd, JSON elsewhere.',
    },
  },
  serviceManager: {
    format: oneOf('auto', 'systemd', 'start-stop-daemon', 'built-in'),
    default: 'auto',
    doc: "What starts and stops daemons; `auto` takes systemd where the group's target is loaded, else start-stop-daemon, else the built-in way.",
  },
  lockTimeout: {
    format: duration(),
    default: 30_000,
    doc: 'How long a command waits for another one that is busy with the same daemon.',
  },
  controlTimeout: {
    format: duration(100),
    default: 10_000,
    doc: "How long a command waits for the watcher to take a request; starting and stopping have the daemons' own time-outs.",
  },
  heartbeatInterval: {
    format: duration(100),
    default: 5000,
    doc: 'Between two signs of life of the watcher on the state board.',
  },
  pauseFile: {
    format: optional(absolutePath()),
    default: undefined,
    defaultText: 'none',
    doc: "Honoured as one more pause: a file whose first line is the Unix time until which nothing is restarted, e.g. `/var/lib/NAME/watcher.pause`.",
  },
  hooksDirectory: {
    format: absolutePath(),
    default: '/etc/watchkeeper/hooks.d',
    doc: 'Executables in `EVENT/` below this directory are hooks of that event, besides those under `hooks:`; names of letters, digits, `_` and `-`, as run-parts has it. It need not exist.',
  },
  container: {
    stopBudget: {
      format: duration(1000),
      default: 25_000,
      doc: 'As the main process of a container: time for stopping all daemons, before the runtime kills everything. What is left then is killed.',
    },
  },
  output: {
    maxBytes: {
      format: bytes({ min: 4096, max: 1024 ** 4 }),
      default: 10 * 1024 ** 2,
      doc: "Size at which a daemon's output file is rotated.",
    },
    files: { format: integer({ min: 0, max: 100 }), default: 5, doc: 'How many rotated output files are kept for each daemon.' },
  },
  watcherHooks: {
    directory: {
      format: optional(absolutePath()),
      default: undefined,
      defaultText: 'none',
      doc: "Directory of executables that the watcher runs after each interval, one after the other, as run-parts does: names of letters, digits, `_` and `-`; root's, and writable by root alone.",
    },
    interval: { format: duration(1000), default: 300_000, doc: 'From the end of a round of watcher hooks to the next.' },
    timeout: { format: duration(100), default: 60_000, doc: 'Of each watcher hook; then it is ended with all that it has started.' },
  },
  web: {
    listen: {
      format: optional(webAddress()),
      default: undefined,
      defaultText: 'none: nothing is served',
      doc: 'Where the read-only status page and the metrics are served, on this machine only; see [page.md](page.md).',
    },
    group: { format: optional(groupName()), default: undefined, defaultText: 'none: root alone', doc: 'Group whose members may connect, where `web.listen` is a UNIX socket.' },
    hosts: { format: listOf(hostName(), 'names of hosts'), default: [], doc: 'Names by which browsers may ask for it besides `localhost` and the address itself, e.g. that of a proxy before it.' },
    page: { format: boolean(), default: true, doc: 'Whether the status page is there.' },
    metrics: { format: boolean(), default: true, doc: 'Whether `/metrics` is there, for Prometheus.' },
  },
};

export const SETTINGS_SCHEMA = flatten<Settings>(SETTINGS);

/** `log.level` → `WATCHKEEPER_LOG_LEVEL`, `lockTimeout` → `WATCHKEEPER_LOCK_TIMEOUT` */
export function environmentVariable(name: string): string {
  return `WATCHKEEPER_${name.replace(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase()}`;
}
