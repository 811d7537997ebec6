/** The keys under `group:`, the daemons' common ground. */
import type { GroupSpec, SetupProgram } from '../../core/daemon.js';
import type { RefusalRule } from '../../core/refusal.js';
import { DIRECTORY } from './directory-format.js';
import { duration, integer, listOf, optional, string } from './format.js';
import { REFUSAL } from './refusal-format.js';
import { type RoleKeys, ROLES } from './role-formats.js';
import { SANDBOX } from './sandbox-format.js';
import { flatten, type SchemaOf } from './schema.js';

export type GroupKeys = Omit<GroupSpec, 'roles' | 'setup' | 'refusals'> & {
  readonly refusals: readonly RefusalRule[];
  readonly roles: Readonly<Record<string, RoleKeys>>;
  readonly setup: Required<Omit<SetupProgram, 'executable'>> & { readonly executable: string | undefined };
};

const NAME = string('a name');
const PATH = string('an absolute path');

const GROUP: SchemaOf<GroupKeys> = {
  name: { format: NAME, default: 'watchkeeper', doc: 'Name of the group, for people.' },
  description: { format: string(), default: '', doc: 'One line for people.' },
  target: {
    format: optional(NAME),
    default: undefined,
    defaultText: 'none: systemd is never chosen',
    doc: 'systemd target of the group; systemd is the service manager where it is loaded.',
  },
  roles: {
    format: ROLES,
    merges: true,
    default: {},
    doc: 'Roles that a node may have, each `NAME: {description: …, target: …, source: {…}}`: with the systemd target that groups its units, and with the source that tells whether this node holds it; see below.',
  },
  setup: {
    executable: { format: optional(PATH), default: undefined, defaultText: 'none', doc: 'Program that runs once before the first daemon of a transaction is started.' },
    arguments: { format: listOf(string('a text'), 'texts'), default: [], doc: 'Its arguments.' },
    timeout: { format: duration(100), default: 60_000, doc: 'After which it is killed, and nothing is started.' },
    sandbox: { format: SANDBOX, merges: true, default: {}, doc: 'What its systemd unit takes away from it, as for a daemon.' },
  },
  directories: {
    format: listOf(DIRECTORY, `directories, each ${DIRECTORY.allowed}`),
    default: [],
    doc: 'Made at boot by systemd-tmpfiles, from the file that `watchkeeper units install` writes; without systemd by nobody but the setup program.',
  },
  environmentFile: {
    format: optional(PATH),
    default: undefined,
    defaultText: 'none',
    doc: 'A file like /etc/default/NAME, with `argumentVariables` and the variables of all daemons. It is data, never run by a shell; see below. It may be missing.',
  },
  notMasterExitStatus: {
    format: integer({ min: 1, max: 255, what: 'an exit status' }),
    default: 11,
    doc: 'Exit status by which a daemon says that this node does not hold its role.',
  },
  refusals: {
    format: listOf(REFUSAL, `texts, each ${REFUSAL.allowed}`),
    default: [],
    doc: "What daemons print when they refuse to start, and what it means: the first one whose `output` is found in the output of a failed start gives the failure its code, its reason and its next step. Fixed texts, no patterns. See [exit-codes.md](exit-codes.md).",
  },
};

export const GROUP_SCHEMA = flatten<GroupKeys>(GROUP);
