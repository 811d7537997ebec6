/** Which file the configuration begins with. */
import { resolve } from 'node:path';

export const DEFAULT_CONFIGURATION_FILE = '/etc/watchkeeper/watchkeeper.yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `--config`, else WATCHKEEPER_CONFIG, else /etc/watchkeeper/watchkeeper.yaml; absolute. */
export function configurationFile(option: string | undefined, environment: Environment): string {
  const named = environment['WATCHKEEPER_CONFIG'];
  return resolve(option ?? (named === undefined || named === '' ? DEFAULT_CONFIGURATION_FILE : named));
}
