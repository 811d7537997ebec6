/** What a configuration that was read stands on, for whoever wants to know whether it would be read the same again. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import type { ClaimedConfiguration } from '../../ports/start-claim.js';
import { type Configuration, staleReason } from './configuration.js';
import { listDropIns } from './drop-ins.js';
import { Problems } from './problems.js';
import { environmentVariable, SETTINGS_SCHEMA } from './settings-schema.js';
import { readTrusted } from './trusted-file.js';

export function claimedConfiguration(configuration: Configuration): ClaimedConfiguration {
  const { main, catalogue } = configuration;
  const files = configuration.files.map(({ path }) => path);
  const dropIns = files.length === 0 ? [] : [join(dirname(main), 'conf.d')];
  const [present, absent] = [dropIns.filter((path) => fs.existsSync(path)), dropIns.filter((path) => !fs.existsSync(path))];
  const real = files.flatMap((path) => (fs.existsSync(path) ? [dirname(path), dirname(fs.realpathSync(path))] : []));
  return {
    main,
    catalogue,
    files,
    directories: [...new Set([...real, ...present])],
    absent,
    variables: [...SETTINGS_SCHEMA.leaves.values()].map(({ name }) => environmentVariable(name)),
    isCurrent: () => isCurrent(configuration),
  };
}

function isCurrent(configuration: Configuration): boolean {
  if (configuration.files.length === 0) return true;
  const problems = new Problems();
  listDropIns(configuration.main, problems);
  return problems.list.length === 0 && staleReason(configuration) === undefined && configuration.files.every(({ path }) => readTrusted(path).ok);
}
