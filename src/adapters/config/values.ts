/** Every value in force, with where it comes from: for people and for programs. */
import { DAEMON_SCHEMA } from './daemon-schema.js';
import { GROUP_SCHEMA } from './group-schema.js';
import { HOOK_SCHEMA } from './hook-schema.js';
import type { LoadedConfiguration } from './configuration.js';
import type { FlatSchema, Leaf } from './schema.js';
import { SETTINGS_SCHEMA } from './settings-schema.js';
import { TASK_SCHEMA } from './task-schema.js';

export interface ConfigurationValue {
  /** "daemons.web.restart.when" */
  readonly key: string;
  /** null: none. Durations are ms, sizes bytes. */
  readonly value: unknown;
  /** The value as it would be written, in one line. */
  readonly text: string;
  /** As LoadedConfiguration.origin. */
  readonly origin: string;
}

/** Secrets are often passed so (Ganeti CVE-2015-7945): nobody who may read this needs them. */
const REDACTED = '[redacted]';

export function listValues(configuration: LoadedConfiguration): readonly ConfigurationValue[] {
  const { settings, catalogue, tasks, hooks } = configuration;
  return [
    ...valuesOf(configuration, SETTINGS_SCHEMA, settings, ''),
    ...valuesOf(configuration, GROUP_SCHEMA, catalogue.group, 'group.'),
    ...catalogue.daemons.flatMap((daemon) => valuesOf(configuration, DAEMON_SCHEMA, daemon, `daemons.${daemon.name}.`)),
    ...hooks.flatMap((hook) => valuesOf(configuration, HOOK_SCHEMA, hook, `hooks.${hook.name}.`)),
    ...tasks.flatMap((task) => valuesOf(configuration, TASK_SCHEMA, task, `tasks.${task.name}.`)),
  ];
}

function valuesOf(configuration: LoadedConfiguration, schema: FlatSchema<unknown>, whole: object, prefix: string): readonly ConfigurationValue[] {
  return [...schema.leaves.values()].map((leaf) => {
    const key = prefix + leaf.name;
    const value = redacted(leaf, leaf.path.reduce<unknown>(member, whole));
    return { key, value: value ?? null, text: textOf(leaf, value), origin: configuration.origin(key) };
  });
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function redacted(leaf: Leaf, value: unknown): unknown {
  if (leaf.name !== 'environment') return value;
  return Object.fromEntries(Object.keys(value ?? {}).map((name) => [name, REDACTED]));
}

function textOf(leaf: Leaf, value: unknown): string {
  if (value === undefined) return 'none';
  if (leaf.format.show !== undefined) return leaf.format.show(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
