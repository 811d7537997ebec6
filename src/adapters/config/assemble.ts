/** What was written, completed by defaults, as the types that the rest of Watchkeeper knows. */
import convict from 'convict';
import { join } from 'node:path';

import type { Catalogue } from '../../core/catalogue.js';
import type { DaemonSpec, GroupSpec } from '../../core/daemon.js';
import type { HookSpec } from '../../core/hook.js';
import type { Paths } from '../../core/paths.js';
import type { Settings } from '../../core/settings.js';
import type { TaskSpec } from '../../core/task.js';
import { DAEMON_SCHEMA } from './daemon-schema.js';
import type { Draft } from './draft.js';
import { GROUP_SCHEMA } from './group-schema.js';
import { HOOK_SCHEMA } from './hook-schema.js';
import { complete, type Given, type Leaf } from './schema.js';
import { SETTINGS_SCHEMA } from './settings-schema.js';
import { TASK_SCHEMA } from './task-schema.js';

/** By convict, which looks once more at the values that the formats have read. */
export function assembleSettings(given: Given): Settings {
  const config = convict<Settings>(nested(SETTINGS_SCHEMA.leaves.values(), convictKey) as unknown as convict.Schema<Settings>, { env: {}, args: [] });
  const written = [...SETTINGS_SCHEMA.leaves.values()].filter((leaf) => given.get(leaf.name) !== undefined);
  config.load(nested(written, (leaf) => given.get(leaf.name)));
  config.validate({ allowed: 'strict' });
  return config.getProperties();
}

function convictKey(leaf: Leaf): object {
  return { doc: leaf.doc, default: leaf.default, format: leaf.format.convict };
}

function nested(leaves: Iterable<Leaf>, value: (leaf: Leaf) => unknown): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const leaf of leaves) {
    let at = root;
    for (const key of leaf.path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    at[leaf.path.at(-1) ?? ''] = value(leaf);
  }
  return root;
}

export function assembleCatalogue(draft: Draft, paths: Paths): Catalogue {
  const daemons = [...draft.daemons].map(([name, { given }]) => assembleDaemon(name, given, draft.defaults, paths));
  return { group: assembleGroup(draft.group), daemons };
}

/** In the order of the file. */
export function assembleTasks(draft: Draft): readonly TaskSpec[] {
  return [...draft.tasks].map(([name, { given }]) => ({ name, ...complete(TASK_SCHEMA, given) }));
}

/** Without a program, the check of core/hook-check.ts refuses it. */
export function assembleHooks(draft: Draft): readonly HookSpec[] {
  return [...draft.hooks].map(([name, { given }]) => {
    const { argv, ...keys } = complete(HOOK_SCHEMA, given);
    const [program = '', ...words] = argv;
    return { name, ...keys, argv: [program, ...words] };
  });
}

function assembleGroup(given: Given): GroupSpec {
  const { roles, setup, ...group } = complete(GROUP_SCHEMA, given);
  return {
    ...group,
    roles: Object.entries(roles).map(([name, role]) => ({ name, ...role })),
    setup: setup.executable === undefined ? undefined : { ...setup, executable: setup.executable },
  };
}

function assembleDaemon(name: string, given: Given, defaults: Given, paths: Paths): DaemonSpec {
  const keys = complete(DAEMON_SCHEMA, given, defaults);
  return {
    name,
    ...keys,
    pidFileWriter: keys.pidFileWriter ?? (keys.background === 'stays' ? 'manager' : 'daemon'),
    successExitStatuses: [...new Set([0, ...keys.successExitStatuses])],
    unit: keys.unit ?? `${name}.service`,
    outputFile: keys.outputFile === 'none' ? undefined : (keys.outputFile ?? join(paths.log, `${name}.log`)),
  };
}
