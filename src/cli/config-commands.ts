/** `watchkeeper config check` and `watchkeeper config show [--json]` */
import type { LoadedConfiguration } from '../adapters/config/configuration.js';
import { WatchkeeperError } from '../core/errors.js';
import { escapeControl } from '../core/escape.js';
import { jsonLine } from '../core/printable.js';

export interface ConfigurationOutput {
  /** A line of the result. */
  out(line: string): void;
  /** A line of a complaint. */
  err(line: string): void;
}

/** @throws WatchkeeperError with one line for each problem */
export type LoadConfiguration = () => LoadedConfiguration | Promise<LoadedConfiguration>;

const MAX_LINE = 2000;

/** @returns 0, or 78 after every problem was told */
export async function configCheck(load: LoadConfiguration, output: ConfigurationOutput): Promise<number> {
  const configuration = await loaded(load, output);
  if (typeof configuration === 'number') return configuration;
  const daemons = configuration.catalogue.daemons.length;
  const files = configuration.files.length;
  const read = files === 0 ? '' : ` (${files} ${files === 1 ? 'file' : 'files'} read)`;
  output.out(escapeControl(`${configuration.main}: valid; ${daemons} ${daemons === 1 ? 'daemon' : 'daemons'}${read}`, MAX_LINE));
  return 0;
}

/** Prints each key, its value and where it comes from; values of `environment` are redacted. */
export async function configShow(load: LoadConfiguration, output: ConfigurationOutput, options: { readonly json: boolean }): Promise<number> {
  const configuration = await loaded(load, output);
  if (typeof configuration === 'number') return configuration;
  const { listValues } = await import('../adapters/config/values.js');
  const values = listValues(configuration);
  if (options.json) {
    const files = configuration.files.map(({ path }) => path);
    const shown = values.map(({ key, value, origin }) => ({ key, value, origin }));
    output.out(jsonLine({ schemaVersion: 1, main: configuration.main, files, values: shown }));
    return 0;
  }
  const keys = values.reduce((longest, { key }) => Math.max(longest, key.length), 0);
  for (const { key, text, origin } of values) {
    output.out(`${key.padEnd(keys)}  ${escapeControl(text, MAX_LINE)}  # ${escapeControl(origin, MAX_LINE)}`);
  }
  return 0;
}

async function loaded(load: LoadConfiguration, output: ConfigurationOutput): Promise<LoadedConfiguration | number> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    for (const line of error.message.split('\n')) output.err(escapeControl(line, MAX_LINE));
    return error.exitStatus;
  }
}
