/** The keys of one scheduled task, under `tasks: NAME:`. */
import type { TaskSpec } from '../../core/task.js';
import { VARIABLES } from './daemon-formats.js';
import { boolean, duration, type Format, listOf, notAllowed, oneOf, optional, string } from './format.js';
import { flatten, type SchemaOf } from './schema.js';

export type TaskKeys = Omit<TaskSpec, 'name'>;

const NAME = string('a name');
const WORDS = listOf(string('a text', 128 * 1024), 'texts');

const TIMEZONE: Format<string> = {
  allowed: 'the name of a time zone such as UTC or Europe/Berlin',
  convict: 'String',
  read: (plain) => (typeof plain === 'string' && isTimeZone(plain) ? { ok: true, value: plain } : notAllowed(plain, TIMEZONE.allowed)),
};

function isTimeZone(name: string): boolean {
  try {
    return name.length <= 64 && new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const TASK: SchemaOf<TaskKeys> = {
  description: { format: string(), default: '', doc: 'One line for people.' },
  argv: { format: WORDS, required: true, default: [], doc: 'The program (its absolute path) and its arguments. There is no shell; for one, write `[/bin/sh, -c, "…"]`.' },
  schedule: {
    format: optional(string('a cron expression', 200)),
    default: undefined,
    defaultText: 'none: by hand, or `at: boot`',
    doc: 'Cron expression of five fields, or of six with seconds first, or `@hourly`, `@daily` and so on; see below.',
  },
  timezone: { format: optional(TIMEZONE), default: undefined, defaultText: "the machine's", doc: 'Time zone of the schedule.' },
  at: { format: optional(oneOf('boot')), default: undefined, defaultText: 'none', doc: '`boot`: once per boot, when a watcher first starts (cron’s `@reboot`); instead of a schedule.' },
  user: { format: optional(NAME), default: undefined, defaultText: 'the user that runs Watchkeeper', doc: 'User that it runs as.' },
  group: { format: optional(NAME), default: undefined, defaultText: "the user's own", doc: 'Group that it runs as.' },
  environment: { format: VARIABLES, merges: true, default: {}, doc: 'Variables beside PATH, HOME, USER, LOGNAME, SHELL and LC_ALL; shown by nobody.' },
  workingDirectory: { format: string('an absolute path'), default: '/', doc: 'Where it is started.' },
  timeout: { format: duration(100), default: 3_600_000, doc: 'After which it is ended with all that it has started: SIGTERM, five seconds later SIGKILL.' },
  jitter: { format: duration(), default: 0, doc: 'Most that chance delays a start, so that not all nodes begin at once.' },
  overlap: {
    format: oneOf('skip', 'queue'),
    default: 'skip',
    doc: 'What becomes of a run that is due while the last one goes on: `skip`, or `queue` for one (no more) right behind it.',
  },
  catchUp: {
    format: oneOf('none', 'once'),
    default: 'none',
    doc: 'After a time without a watcher in which runs were missed: none is made up, or `once` for all of them together.',
  },
  role: { format: optional(NAME), default: undefined, defaultText: 'any', doc: 'Runs only where this node holds the role (under `group.roles`); not known counts as no.' },
  onlyIf: { format: WORDS, default: [], doc: 'A program (and arguments) that is run before, as the same user; the task is skipped unless it exits with 0.' },
  enabled: { format: boolean(), default: true, doc: '`false`: runs by hand only.' },
};

export const TASK_SCHEMA = flatten<TaskKeys>(TASK);
