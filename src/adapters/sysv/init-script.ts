/** What the watcher's init script goes by: it reads no YAML. */
import { readFileSync } from 'node:fs';

export const INIT_SCRIPT = '/etc/init.d/watchkeeper';
const VARIABLE = 'WATCHKEEPER_PATHS_RUNTIME=';

/** Its runtime directory, as read_environment in scripts/init-functions.sh has it: each line is data, and the last one counts. */
export function initScriptRuntime(file = '/etc/default/watchkeeper'): string {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // what it cannot read either
  }
  const line = text.split('\n').findLast((each) => each.startsWith(VARIABLE));
  return line?.slice(VARIABLE.length) ?? '/run/watchkeeper';
}
