/** Options of many commands. */
import type { OptionSpec } from './command.js';

export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'config', value: 'FILE', summary: 'the configuration (default /etc/watchkeeper/watchkeeper.yaml, or $WATCHKEEPER_CONFIG)' },
  { name: 'help', short: 'h', summary: 'explain the command' },
];

export const JSON_OPTION: OptionSpec = { name: 'json', summary: 'JSON, and nothing else, on stdout' };
