/** `watchkeeper units generate|install|diff|verify`: the catalogue's systemd units, and those of this machine. */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { isPlainPath } from '../../core/plain-values.js';
import { quoted } from '../../core/printable.js';
import { objection } from '../../core/unit-install.js';
import { unitSet } from '../../core/unit-set.js';
import type { UnitFileSet, UnitInstaller } from '../../ports/unit-installer.js';
import type { Call, Handler, Session } from './command.js';

/** 230 has all that a unit of ours cannot be without. */
const OLDEST = 230;
const NEWEST = 9999;
const MAX_LINE = 4000;

export const generate: Handler = async (call, session) => {
  const output = pathOption(call, 'output');
  const installer = await session.means.units('/');
  const set = await wanted(call, session, installer);
  if (output === undefined) {
    for (const [file, text] of set) session.out(`# ==> ${file} <==\n${text}`);
    return 0;
  }
  installer.writeBelow(output, set);
  session.out(`${set.size} files written below ${output}`);
  return 0;
};

export const install: Handler = async (call, session) => {
  const installer = await session.means.units(rootOf(call));
  const set = await wanted(call, session, installer);
  const found = installer.look(set);
  const obstacles = call.flag('force') ? [] : found.flatMap(({ path, state }) => (objection(state) === undefined ? [] : [`${path}: ${objection(state) ?? ''}`]));
  if (obstacles.length > 0) throw refused(`nothing was installed:\n  ${obstacles.join('\n  ')}\n`, 'watchkeeper units diff, then an edit in the catalogue or a drop-in, or --force');
  const missing = found.filter(({ state }) => state !== 'same');
  for (const { file, path, state } of missing) {
    installer.write(file, set.get(file) ?? '');
    session.out(`${state === 'absent' ? 'installed' : 'replaced'} ${path}`);
  }
  for (const path of installer.leftOver(set)) session.err(`${path} was generated once and is no unit of the catalogue any more: systemctl disable --now it, then remove it`);
  if (missing.length === 0) session.out('all units are installed already');
  const problem = await installer.reload();
  if (problem === undefined) return 0;
  session.err(`cannot have systemd read its units: ${problem}; try systemctl daemon-reload`);
  return 1;
};

export const diff: Handler = async (call, session) => {
  const installer = await session.means.units(rootOf(call));
  const set = await wanted(call, session, installer);
  const different = installer.look(set).filter(({ state }) => state !== 'same');
  for (const { file, path, state } of different) {
    if (state === 'masked') session.out(`${path} is masked`);
    else for (const line of (await installer.difference(file, set.get(file) ?? '')).trimEnd().split('\n')) session.out(escapeControl(line, MAX_LINE));
  }
  const left = installer.leftOver(set);
  for (const path of left) session.out(`${path} was generated once and is no unit of the catalogue any more`);
  return different.length + left.length === 0 ? 0 : 1;
};

export const verify: Handler = async (call, session) => {
  const installer = await session.means.units('/');
  const set = await wanted(call, session, installer);
  const complaints = await installer.verify(set);
  for (const complaint of complaints) session.err(complaint);
  if (complaints.length > 0) return 1;
  session.out(`${set.size} files: nothing to complain of`);
  return 0;
};

async function wanted(call: Call, { means }: Session, installer: UnitInstaller): Promise<UnitFileSet> {
  const prefix = pathOption(call, 'prefix') ?? '/usr';
  if (!/^[A-Za-z0-9_./+-]+$/.test(prefix)) throw usage(`--prefix needs a path without blanks and the like, not ${quoted(prefix)}`);
  const version = versionOption(call) ?? (await installer.version());
  if (version === undefined) throw refused('this machine has no systemd whose version could be asked', '--systemd-version N');
  const { catalogue, paths } = await means.configuration(call.value('config'));
  if (catalogue.group.target === undefined) throw refused('the catalogue has no group.target, so systemd is never chosen', 'group: {target: NAME.target} in the configuration');
  return unitSet(catalogue, { version, prefix, paths });
}

function versionOption(call: Call): number | undefined {
  const text = call.value('systemd-version');
  if (text === undefined) return undefined;
  const version = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (version >= OLDEST && version <= NEWEST) return version;
  throw usage(`--systemd-version needs a number from ${OLDEST} on such as 252, not ${quoted(text)}`);
}

function rootOf(call: Call): string {
  return call.value('root') === '/' ? '/' : (pathOption(call, 'root') ?? '/');
}

function pathOption(call: Call, name: string): string | undefined {
  const path = call.value(name);
  if (path === undefined || isPlainPath(path)) return path;
  throw usage(`--${name} needs an absolute path without a slash at its end, not ${quoted(path)}`);
}

function usage(why: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot understand the call', why, 'watchkeeper help units');
}

function refused(why: string, hint: string): WatchkeeperError {
  return new WatchkeeperError('UNITS_REFUSED', 'cannot make units', why, hint);
}
