/**
 * What a catalogue must be beyond the types of its keys: references that lead
 * somewhere, no cycle, names and paths that are safe to use as such. All
 * problems are found, not only the first.
 */
import { CAPABILITIES } from './capabilities.js';
import type { Catalogue } from './catalogue.js';
import type { DaemonSpec, GroupSpec } from './daemon.js';
import { isValidName, MAX_NAME_LENGTH } from './daemon.js';
import { checkHealth } from './health-rules.js';
import { orderForStart } from './order.js';
import { isPlainPath, isTemplateName, isUnitName, isUserName, isVariableName } from './plain-values.js';
import { quoted } from './printable.js';
import { sourceProblems } from './role.js';

export interface CatalogueProblem {
  /** Of the value that is wrong: ['daemons', 'web', 'after']. */
  readonly path: readonly string[];
  /** What is wrong, and what is allowed. */
  readonly message: string;
}

type Report = (path: readonly string[], message: string) => void;

const NAME_RULE = `a name has up to ${MAX_NAME_LENGTH} letters, digits, '.', '_' and '-', and begins with a letter or digit`;
const PATH_RULE = "an absolute path without '..', control characters or a trailing '/' is needed";
const MAX_CYCLES = 10;

export function checkCatalogue(catalogue: Catalogue): readonly CatalogueProblem[] {
  const problems: CatalogueProblem[] = [];
  const report: Report = (path, message) => problems.push({ path, message });
  checkGroup(catalogue.group, report);
  const names = new Set(catalogue.daemons.map((daemon) => daemon.name));
  const roles = new Set(catalogue.group.roles.map((role) => role.name));
  for (const daemon of catalogue.daemons) {
    checkName(['daemons', daemon.name], daemon.name, report);
    checkReferences(daemon, names, roles, report);
    checkPaths(daemon, report);
    checkWords(daemon, report);
    checkSense(daemon, report);
    checkHealth(daemon, report);
  }
  checkUnique(catalogue, report);
  checkCycles(catalogue.daemons, report);
  return problems;
}

function checkName(path: readonly string[], name: string, report: Report): void {
  if (!isValidName(name)) report(path, `${quoted(name)} is no valid name: ${NAME_RULE}`);
}

function checkGroup(group: GroupSpec, report: Report): void {
  checkName(['group', 'name'], group.name, report);
  checkUnit(['group', 'target'], group.target, '.target', report);
  for (const role of group.roles) {
    checkName(['group', 'roles', role.name], role.name, report);
    checkUnit(['group', 'roles', role.name, 'target'], role.target, '.target', report);
    if (role.source !== undefined) for (const problem of sourceProblems(role.source)) report(['group', 'roles', role.name], problem);
  }
  checkPath(['group', 'setup', 'executable'], group.setup?.executable, report);
  checkPath(['group', 'environmentFile'], group.environmentFile, report);
}

function checkUnit(path: readonly string[], unit: string | undefined, suffix: string, report: Report): void {
  if (unit === undefined || isUnitName(unit, suffix)) return;
  if (isTemplateName(unit, suffix) && unit.length > suffix.length + 1) {
    report(path, `${quoted(unit)} is a template, which stands for many units; name one of them, as ${quoted(`${unit.slice(0, -suffix.length)}1${suffix}`)}`);
  } else {
    report(path, `${quoted(unit)} is no name of a unit: letters, digits, ':', '-', '_', '.', '@' and '\\', with the suffix ${suffix}`);
  }
}

function checkPath(path: readonly string[], value: string | undefined, report: Report): void {
  if (value !== undefined && !isPlainPath(value)) report(path, `${quoted(value)} can't be used: ${PATH_RULE}`);
}

function checkReferences(daemon: DaemonSpec, names: ReadonlySet<string>, roles: ReadonlySet<string>, report: Report): void {
  for (const key of ['after', 'requires'] as const) {
    for (const name of daemon[key]) {
      if (!names.has(name)) report(['daemons', daemon.name, key], `there is no daemon ${quoted(name)}`);
    }
  }
  for (const role of daemon.roles) {
    if (!roles.has(role)) report(['daemons', daemon.name, 'roles'], `there is no role ${quoted(role)}; roles are declared under group.roles`);
  }
}

function checkPaths(daemon: DaemonSpec, report: Report): void {
  const at = (...keys: string[]): string[] => ['daemons', daemon.name, ...keys];
  checkPath(at('executable'), daemon.executable, report);
  checkPath(at('pidFile'), daemon.pidFile, report);
  checkPath(at('outputFile'), daemon.outputFile, report);
  if (daemon.workingDirectory !== '/') checkPath(at('workingDirectory'), daemon.workingDirectory, report);
  for (const condition of daemon.conditions) checkPath(at('conditions'), condition.path, report);
}

function checkWords(daemon: DaemonSpec, report: Report): void {
  const at = (...keys: string[]): string[] => ['daemons', daemon.name, ...keys];
  for (const key of ['arguments', 'foregroundArguments', 'backgroundArguments'] as const) {
    if (daemon[key].some((word) => word.includes('\0'))) report(at(key), 'an argument holds a NUL byte, which no argument can');
  }
  for (const name of daemon.argumentVariables) {
    if (!isVariableName(name)) report(at('argumentVariables'), `${quoted(name)} is no name of a variable`);
  }
  for (const [name, value] of Object.entries(daemon.environment)) {
    // The value is not shown: it may be a secret.
    if (!isVariableName(name)) report(at('environment'), `${quoted(name)} is no name of a variable`);
    if (value.includes('\0')) report(at('environment', name), 'the value holds a NUL byte, which no variable can');
  }
  for (const key of ['user', 'group', 'processUser'] as const) {
    const name = daemon[key];
    if (name !== undefined && !isUserName(name)) report(at(key), `${quoted(name)} is no name of a user or group, nor a number`);
  }
  for (const name of daemon.capabilities) {
    if (!CAPABILITIES.has(name)) report(at('capabilities'), `${quoted(name)} is no capability; see capabilities(7), e.g. CAP_NET_BIND_SERVICE`);
  }
  checkUnit(at('unit'), daemon.unit, '.service', report);
}

function checkSense(daemon: DaemonSpec, report: Report): void {
  const at = (...keys: string[]): string[] => ['daemons', daemon.name, ...keys];
  if (daemon.background === 'always-forks' && daemon.pidFile === undefined) {
    report(at('pidFile'), "a daemon that always forks away can't be followed without its pid file; give pidFile");
  }
  if (daemon.background === 'always-forks' && daemon.pidFileWriter === 'manager') {
    report(at('pidFileWriter'), "a daemon that always forks away must write its pid file itself; 'daemon' is needed");
  }
  const { restart } = daemon;
  if (restart.maxDelay < restart.baseDelay) {
    report(at('restart', 'maxDelay'), `${restart.maxDelay} ms is less than baseDelay, ${restart.baseDelay} ms`);
  }
}

function checkUnique(catalogue: Catalogue, report: Report): void {
  const { daemons, group } = catalogue;
  unique(daemons.map((daemon) => ({ path: ['daemons', daemon.name], value: daemon.name, owner: daemon.name })), 'name', report);
  unique(group.roles.map((role) => ({ path: ['group', 'roles', role.name], value: role.name, owner: role.name })), 'name', report);
  unique(daemons.map((daemon) => ({ path: ['daemons', daemon.name, 'unit'], value: daemon.unit, owner: daemon.name })), 'unit', report);
  const pidFiles = daemons.map((daemon) => ({ path: ['daemons', daemon.name, 'pidFile'], value: daemon.pidFile, owner: daemon.name }));
  unique(pidFiles, 'pid file', report);
  const targets = group.roles.map((role) => ({ path: ['group', 'roles', role.name, 'target'], value: role.target, owner: role.name }));
  unique([{ path: ['group', 'target'], value: group.target, owner: 'the group' }, ...targets], 'target', report);
}

interface Claimed {
  readonly path: readonly string[];
  readonly value: string | undefined;
  readonly owner: string;
}

function unique(claims: readonly Claimed[], what: string, report: Report): void {
  const owners = new Map<string, string>();
  for (const { path, value, owner } of claims) {
    if (value === undefined) continue;
    const other = owners.get(value);
    if (other !== undefined) report(path, `the ${what} ${quoted(value)} is taken by ${quoted(other)} already`);
    else owners.set(value, owner);
  }
}

function checkCycles(daemons: readonly DaemonSpec[], report: Report): void {
  let left = daemons;
  for (let found = 0; found < MAX_CYCLES; found += 1) {
    const order = orderForStart(left);
    if (order.ok) return;
    const cycle = order.cycle;
    const first = left.find((daemon) => daemon.name === cycle[0]);
    const key = first?.requires.includes(cycle[1] ?? '') === true ? 'requires' : 'after';
    report(['daemons', cycle[0] ?? '', key], `the start order runs in a circle: ${cycle.join(' → ')}; take one of these edges out`);
    left = left.filter((daemon) => !cycle.includes(daemon.name));
  }
}
