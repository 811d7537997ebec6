/** The keys of one daemon, under `daemons: NAME:` and under `defaults:`. */
import { constants } from 'node:os';

import type { DaemonSpec, RestartPolicy, SignalName, SystemdRetryPolicy } from '../../core/daemon.js';
import { CONDITIONS, READINESS, VARIABLES } from './daemon-formats.js';
import { HEALTH } from './health-formats.js';
import { SANDBOX } from './sandbox-format.js';
import { boolean, decimal, duration, integer, listOf, oneOf, optional, string } from './format.js';
import { flatten, type SchemaOf } from './schema.js';

/** What is written; name, and the defaults that depend on it, come in assemble.ts. */
export type DaemonKeys = Omit<DaemonSpec, 'name' | 'pidFileWriter' | 'unit'> & {
  readonly pidFileWriter: DaemonSpec['pidFileWriter'] | undefined;
  readonly unit: string | undefined;
};

const TEXT = string();
const NAME = string('a name');
const PATH = string('an absolute path');
const WORDS = listOf(string('a text', 128 * 1024), 'texts');
const NAMES = listOf(NAME, 'names');
const STATUSES = listOf(integer({ min: 0, max: 255, what: 'an exit status' }), 'exit statuses');
const SIGNAL = oneOf(...(Object.keys(constants.signals) as SignalName[]));

const RESTART: SchemaOf<RestartPolicy> = {
  when: {
    format: oneOf('always', 'on-failure', 'never'),
    default: 'always',
    doc: '`always`: after any end that nobody asked for; `on-failure`: after a bad exit status, a signal or a failed start; `never`.',
  },
  immediateRestarts: {
    format: integer({ min: 0, max: 100 }),
    default: 2,
    doc: 'So many restarts of a row of failures come after `firstDelay` only.',
  },
  firstDelay: { format: duration(), default: 0, doc: 'Delay before these.' },
  baseDelay: { format: duration(), default: 1000, doc: 'Delay of the next restart; each later delay is multiplied by `factor`.' },
  factor: { format: decimal({ min: 1, max: 100 }), default: 2, doc: 'By which the delay grows.' },
  maxDelay: { format: duration(), default: 60_000, doc: 'The longest delay.' },
  jitter: { format: decimal({ min: 0, max: 1 }), default: 0.2, doc: 'Share of a delay that chance may add or take away.' },
  stableAfter: {
    format: duration(),
    default: 60_000,
    doc: 'Least uptime that ends a row of failures; twice the last delay, if that is more.',
  },
  intensity: { format: integer({ min: 1, max: 1000 }), default: 5, doc: 'So many failures within `period` are a crash loop.' },
  period: { format: duration(1), default: 300_000, doc: 'The sliding window in which failures are counted.' },
  onIntensity: {
    format: oneOf('crash-loop', 'give-up'),
    default: 'crash-loop',
    doc: 'What then happens: slow attempts go on, or there are no more until an operator asks.',
  },
  slowRetryDelay: { format: duration(100), default: 300_000, doc: 'Between two attempts in a crash loop.' },
};

const SYSTEMD_RETRY: SchemaOf<SystemdRetryPolicy> = {
  enabled: {
    format: boolean(),
    default: false,
    doc: 'Under systemd: whether the watcher slowly tries a unit again that systemd has given up (start limit, no restart left). Never one that somebody stopped, masked or disabled.',
  },
  firstDelay: { format: duration(1000), default: 300_000, doc: 'From the failure to the first of these attempts.' },
  factor: { format: decimal({ min: 1, max: 100 }), default: 2, doc: 'By which the delay grows, until the daemon has been up for `restart.stableAfter`, or somebody starts it.' },
  maxDelay: { format: duration(1000), default: 3_600_000, doc: 'The longest delay; chance adds or takes away `restart.jitter` of it.' },
};

const DAEMON: SchemaOf<DaemonKeys> = {
  description: { format: TEXT, default: '', doc: 'One line for people.' },
  executable: { format: PATH, required: true, default: '', doc: 'The program.' },
  arguments: { format: WORDS, default: [], doc: 'Given at every start.' },
  foregroundArguments: { format: WORDS, default: [], doc: 'Added where the daemon must stay in the foreground: under systemd and as a child of the watcher.' },
  backgroundArguments: { format: WORDS, default: [], doc: 'Added where the daemon must put itself into the background.' },
  background: {
    format: oneOf('daemonizes', 'stays', 'always-forks'),
    default: 'stays',
    doc: 'What it does with `backgroundArguments`: forks away once it is ready, stays in the foreground, or can do nothing but fork (needs `pidFile`).',
  },
  argumentVariables: {
    format: listOf(string('the name of a variable'), 'names of variables'),
    default: [],
    doc: "Variables of the group's environment file, split into words, that become further arguments, in this order.",
  },
  environment: { format: VARIABLES, merges: true, default: {}, doc: "Variables set in the daemon's environment; shown by nobody." },
  workingDirectory: { format: PATH, default: '/', doc: 'Where it is started.' },
  user: { format: optional(NAME), default: undefined, defaultText: 'the user that runs Watchkeeper', doc: 'User that it is started as.' },
  group: { format: optional(NAME), default: undefined, defaultText: "the user's own", doc: 'Group that it is started as.' },
  processUser: {
    format: optional(NAME),
    default: undefined,
    defaultText: '`user`',
    doc: 'User that its main process has once it runs, where the daemon changes it by itself.',
  },
  capabilities: { format: listOf(NAME, 'capabilities'), default: [], doc: 'Kept across the change of user, see capabilities(7).' },
  pidFile: { format: optional(PATH), default: undefined, defaultText: 'none', doc: 'Its pid file; believed only after its process was checked.' },
  pidFileWriter: {
    format: optional(oneOf('daemon', 'manager')),
    default: undefined,
    defaultText: '`manager` if `background` is `stays`, else `daemon`',
    doc: 'Who writes the pid file.',
  },
  roles: { format: NAMES, default: [], doc: 'The roles (under `group.roles`) that need it.' },
  after: { format: NAMES, default: [], doc: 'Daemons that are started before it, where they are started too.' },
  requires: { format: NAMES, default: [], doc: 'Daemons that must be ready before it is started; implies `after`.' },
  onDemand: { format: boolean(), default: false, doc: 'Stopped with the rest, but started only by name.' },
  restartWith: { format: NAMES, default: [], doc: 'Those of `requires` whose restart restarts it, too; the others leave it alone.' },
  boot: {
    format: oneOf('always', 'last', 'never'),
    default: 'last',
    doc: 'What is wanted of it after a boot: up, as before the boot, or down until somebody asks. A stop with `--hold` stands in any case.',
  },
  essential: { format: boolean(), default: false, doc: 'Where Watchkeeper is the main process of a container: the container ends when this daemon is given up.' },
  health: { format: HEALTH, default: [], defaultText: 'none', doc: 'Checks while it runs, by name; the kinds are below.' },
  conditions: { format: CONDITIONS, default: [], doc: 'Where one is not met, the daemon is skipped, and nothing has failed: `- pathExists: /a`, `- pathMissing: /b`, or `- {fileHasLine: /c, line: on}` for a file that has this very line (printable ASCII).' },
  successExitStatuses: { format: STATUSES, default: [], doc: 'Exit statuses besides 0 that are no failure.' },
  neverRetryExitStatuses: { format: STATUSES, default: [78], doc: 'Exit statuses after which a restart is pointless (78 is EX_CONFIG of sysexits(3)).' },
  startTimeout: { format: duration(100), default: 60_000, doc: 'From the start until its readiness check passes.' },
  stopTimeout: { format: duration(100), default: 30_000, doc: 'From the stop signal until SIGKILL.' },
  stopSignal: { format: SIGNAL, default: 'SIGTERM', doc: 'Asks it to end.' },
  reloadSignal: { format: SIGNAL, default: 'SIGHUP', doc: 'Asks it to read its configuration or reopen its logs.' },
  killMode: {
    format: oneOf('process', 'group'),
    default: 'group',
    doc: 'Whether a stop takes down its main process only, and spares children such as virtual machines, or all of its session.',
  },
  sandbox: {
    format: SANDBOX,
    merges: true,
    default: {},
    doc: 'What its systemd unit takes away from it: restricting directives of systemd.exec(5) and their values, see below. Without systemd nothing does.',
  },
  restart: RESTART,
  systemdRetry: SYSTEMD_RETRY,
  readiness: {
    format: READINESS,
    default: { kind: 'settled', settle: 200 },
    defaultText: '`{kind: settled, settle: 200ms}`',
    doc: 'How it shows that it is of use; the kinds are below.',
  },
  unit: { format: optional(NAME), default: undefined, defaultText: '`NAME.service`', doc: 'Its systemd unit.' },
  outputFile: {
    format: optional(PATH),
    default: undefined,
    defaultText: '`NAME.log` in `paths.log`',
    doc: 'Where its stdout and stderr go without systemd; `none` for nowhere.',
  },
};

export const DAEMON_SCHEMA = flatten<DaemonKeys>(DAEMON);
