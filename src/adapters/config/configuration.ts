/** What the configuration says, once it is read. */
import * as fs from 'node:fs';

import type { Catalogue } from '../../core/catalogue.js';
import type { HookSpec } from '../../core/hook.js';
import type { Paths } from '../../core/paths.js';
import type { Settings } from '../../core/settings.js';
import type { TaskSpec } from '../../core/task.js';
import { listDropIns } from './drop-ins.js';
import { Problems } from './problems.js';
import type { FileStamp } from './trusted-file.js';

export interface Configuration {
  readonly settings: Settings;
  readonly paths: Paths;
  readonly catalogue: Catalogue;
  /** Their schedules are not judged yet: adapters/cron/check-schedules.ts does it. */
  readonly tasks: readonly TaskSpec[];
  readonly hooks: readonly HookSpec[];
  /** The main file, or what stands for it ("the built-in demo"). */
  readonly main: string;
  /** Every file that was read, as it was then; none for a built-in configuration. */
  readonly files: readonly FileStamp[];
}

/** One that was read from its files just now. */
export interface LoadedConfiguration extends Configuration {
  /**
   * Where a value comes from.
   *
   * @param key dotted: `log.level`, `group.target`, `daemons.web.restart.when`
   * @returns 'default', 'FILE:LINE' or 'environment WATCHKEEPER_X'
   */
  readonly origin: (key: string) => string;
}

/**
 * Whether the files have changed since they were read: another size or time,
 * gone, or another set of drop-ins.
 *
 * @returns the first difference in words; undefined if there is none
 */
export function staleReason(configuration: Configuration): string | undefined {
  if (configuration.files.length === 0) return undefined;
  for (const file of configuration.files) {
    const stat = fs.statSync(file.path, { throwIfNoEntry: false });
    if (stat === undefined) return `${file.path} is gone`;
    if (stat.size !== file.size || stat.mtimeMs !== file.modified) return `${file.path} was changed`;
  }
  const read = new Set(configuration.files.map((file) => file.path));
  const added = listDropIns(configuration.main, new Problems()).find((path) => !read.has(path));
  return added === undefined ? undefined : `${added} is new`;
}
