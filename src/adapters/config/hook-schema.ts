/** The keys of one hook, under `hooks: NAME:`. */
import { DIRECTORY_HOOK, HOOK_EVENTS, type HookSpec } from '../../core/hook.js';
import { VARIABLES } from './daemon-formats.js';
import { duration, integer, listOf, oneOf, optional, string } from './format.js';
import { flatten, type SchemaOf } from './schema.js';

export type HookKeys = Omit<HookSpec, 'name' | 'argv'> & { readonly argv: readonly string[] };

const NAME = string('a name');
const NAMES = listOf(NAME, 'names');
const { timeout, rateLimit } = DIRECTORY_HOOK;

const HOOK: SchemaOf<HookKeys> = {
  on: { format: listOf(oneOf(...HOOK_EVENTS), `events: ${HOOK_EVENTS.join(', ')}`), default: [], defaultText: 'all events', doc: 'The events that it is told of.' },
  daemons: { format: NAMES, default: [], defaultText: 'all daemons', doc: 'Events of these daemons only.' },
  roles: { format: NAMES, default: [], defaultText: 'all roles', doc: 'Events of these roles only.' },
  argv: {
    format: listOf(string('a text', 128 * 1024), 'texts'),
    required: true,
    default: [],
    doc: 'The program (its absolute path) and its arguments. There is no shell.',
  },
  user: { format: optional(NAME), default: undefined, defaultText: 'the user that runs Watchkeeper', doc: 'User that it runs as.' },
  group: { format: optional(NAME), default: undefined, defaultText: "the user's own", doc: 'Group that it runs as.' },
  environment: { format: VARIABLES, merges: true, default: {}, doc: 'Variables beside those that tell of the event; shown by nobody.' },
  workingDirectory: { format: string('an absolute path'), default: '/', doc: 'Where it is started.' },
  timeout: { format: duration(100), default: timeout, doc: 'After which it is killed, with all of its process group.' },
  rateLimit: {
    events: {
      format: integer({ min: 1, max: 1000 }),
      default: rateLimit.events,
      doc: 'So many runs within `period`, for each daemon (or role) and event apart; the others are counted, and the next run is told.',
    },
    period: { format: duration(1), default: rateLimit.period, doc: 'The sliding window in which they are counted.' },
  },
};

export const HOOK_SCHEMA = flatten<HookKeys>(HOOK);
