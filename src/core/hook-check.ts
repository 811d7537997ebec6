/** What hooks must be beyond the types of their keys; see catalogue-check.ts. */
import type { CatalogueProblem } from './catalogue-check.js';
import type { Catalogue } from './catalogue.js';
import { isValidName, MAX_NAME_LENGTH } from './daemon.js';
import type { HookSpec } from './hook.js';
import { isPlainPath, isUserName, isVariableName } from './plain-values.js';
import { quoted } from './printable.js';

/** Each hook runs one program at a time, so this bounds their number. */
export const MOST_HOOKS = 64;

export function checkHooks(hooks: readonly HookSpec[], catalogue: Catalogue): readonly CatalogueProblem[] {
  const problems: CatalogueProblem[] = [];
  const report = (path: readonly string[], message: string): void => void problems.push({ path, message });
  if (hooks.length > MOST_HOOKS) report(['hooks'], `${hooks.length} hooks are too many; at most ${MOST_HOOKS}`);
  const daemons = new Set(catalogue.daemons.map(({ name }) => name));
  const roles = new Set(catalogue.group.roles.map(({ name }) => name));
  for (const hook of hooks) checkHook(hook, daemons, roles, report);
  return problems;
}

function checkHook(hook: HookSpec, daemons: ReadonlySet<string>, roles: ReadonlySet<string>, report: (path: readonly string[], message: string) => void): void {
  const at = (...keys: string[]): string[] => ['hooks', hook.name, ...keys];
  if (!isValidName(hook.name)) {
    report(at(), `${quoted(hook.name)} is no valid name: a name has up to ${MAX_NAME_LENGTH} letters, digits, '.', '_' and '-', and begins with a letter or digit`);
  }
  for (const [key, path] of [['argv', hook.argv[0]], ['workingDirectory', hook.workingDirectory]] as const) {
    if (key === 'argv' && path === '') report(at(key), 'it is missing; a program, by its absolute path, and its arguments are needed');
    else if ((path !== '/' || key === 'argv') && !isPlainPath(path)) report(at(key), `${quoted(path)} can't be used: an absolute path without '..', control characters or a trailing '/' is needed`);
  }
  for (const name of hook.daemons) if (!daemons.has(name)) report(at('daemons'), `there is no daemon ${quoted(name)}`);
  for (const name of hook.roles) if (!roles.has(name)) report(at('roles'), `there is no role ${quoted(name)}; roles are declared under group.roles`);
  for (const key of ['user', 'group'] as const) {
    const name = hook[key];
    if (name !== undefined && !isUserName(name)) report(at(key), `${quoted(name)} is no name of a user or group, nor a number`);
  }
  if (hook.argv.some((word) => word.includes('\0'))) report(at('argv'), 'an argument holds a NUL byte, which no argument can');
  for (const [name, value] of Object.entries(hook.environment)) {
    // The value is not shown: it may be a secret.
    if (!isVariableName(name)) report(at('environment'), `${quoted(name)} is no name of a variable`);
    if (name.startsWith('WATCHKEEPER_')) report(at('environment'), `${quoted(name)}: names that begin with WATCHKEEPER_ are ours`);
    if (value.includes('\0')) report(at('environment', name), 'the value holds a NUL byte, which no variable can');
  }
}
