/** Whether the demo of a clone is meant. */
import type { Environment } from '../adapters/config/location.js';

/**
 * The clone's front sets WATCHKEEPER_DEMO=1; a configuration that the caller
 * names goes before it.
 *
 * @param option value of --config
 */
export function isDemo(option: string | undefined, environment: Environment): boolean {
  return option === undefined && (environment['WATCHKEEPER_CONFIG'] ?? '') === '' && environment['WATCHKEEPER_DEMO'] === '1';
}
