/** The program that moves the state of a resource between nodes, for the agents that can be migrated. */
import { migrateFrom, migrateTo, type MigrationParts } from '../app/cluster-migration.js';
import type { OcfCall } from '../core/ocf-call.js';
import type { OcfAnswer } from '../core/ocf.js';
import type { Host } from './host.js';
import { runHook } from './monitor-hook.js';

/** @param environment what the program is told besides which nodes */
export async function migrate(action: 'migrate_to' | 'migrate_from', call: OcfCall, host: Host, subject: Pick<MigrationParts, 'isActive' | 'start'>, environment: Readonly<Record<string, string>>): Promise<OcfAnswer> {
  const path = call.parameter('migrate_hook');
  const ends = { WATCHKEEPER_MIGRATE_SOURCE: call.meta('migrate_source') ?? '', WATCHKEEPER_MIGRATE_TARGET: call.meta('migrate_target') ?? '' };
  const hook: MigrationParts['hook'] =
    path === undefined ? undefined : (step, timeout) => runHook(host, { path, timeout, environment: { ...environment, ...ends }, what: 'migration hook', argument: step });
  return (action === 'migrate_to' ? migrateTo : migrateFrom)(call, { ...subject, hook, clock: await host.clock() });
}
