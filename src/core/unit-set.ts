/**
 * The catalogue → every file that systemd needs of it: a service for each
 * daemon, the setup program's oneshot, the targets, a stub for `service NAME`,
 * the directories of tmpfiles.d(5), and the watcher's own unit. Pure: the only
 * generator there is; `watchkeeper units` and the tests all ask it.
 */
import type { Catalogue } from './catalogue.js';
import type { GroupSpec } from './daemon.js';
import type { Paths } from './paths.js';
import { sandboxLines } from './sandbox.js';
import { groupTargets } from './target-file.js';
import { serviceUnit } from './unit-file.js';
import { type GeneratorOptions, withHeader } from './unit-header.js';
import { type Line, literal, milliseconds, plainWord, section, sections, word } from './unit-text.js';
import { watcherUnit } from './watcher-unit.js';

export interface UnitSetOptions {
  /** systemd's, e.g. 252 */
  readonly version: number;
  /** Where Watchkeeper's own programs are, below `sbin` and `lib/watchkeeper`. */
  readonly prefix: string;
  readonly paths: Paths;
}

/** Below /etc or /usr/lib. */
export type UnitFilePath = `systemd/system/${string}` | `tmpfiles.d/${string}`;

/** In the order in which people look for them: targets, then what they hold together. */
export function unitSet(catalogue: Catalogue, { version, prefix, paths }: UnitSetOptions): ReadonlyMap<UnitFilePath, string> {
  const { group, daemons } = catalogue;
  const setupUnit = setupUnitOf(group);
  const options: GeneratorOptions = { version, runtimeDirectory: paths.runtime, helperDirectory: `${prefix}/lib/watchkeeper`, ...(setupUnit === undefined ? {} : { setupUnit }) };
  const unitOf = (name: string): string => daemons.find((daemon) => daemon.name === name)?.unit ?? `${name}.service`;
  const units = new Map<string, string>(groupTargets(catalogue, options));
  const stub = stubOf(group);
  if (stub !== undefined && group.target !== undefined) units.set(stub, stubUnit(group, group.target, options));
  if (setupUnit !== undefined) units.set(setupUnit, setupText(group, options));
  for (const daemon of daemons) units.set(daemon.unit, serviceUnit(daemon, group, { ...options, unitOf }));
  units.set('watchkeeper.service', watcherUnit(prefix, paths));
  const files = new Map<UnitFilePath, string>([...units].map(([name, text]) => [`systemd/system/${name}`, text]));
  if (group.directories.length > 0) files.set(`tmpfiles.d/${group.name}.conf`, tmpfiles(group, options));
  return files;
}

/** undefined: the group has no setup program. */
export function setupUnitOf(group: GroupSpec): string | undefined {
  return group.setup === undefined ? undefined : `${group.name}-common.service`;
}

/** The unit that `service NAME` means, where the group's target is NAME.target. */
export function stubOf(group: GroupSpec): string | undefined {
  return group.target?.replace(/\.target$/, '.service');
}

/** It does not remain: each transaction that starts daemons has one job for it, however many they are. */
function setupText(group: GroupSpec, options: GeneratorOptions): string {
  if (group.setup === undefined) return '';
  const { executable, arguments: words, timeout, sandbox = {} } = group.setup;
  const unit: readonly Line[] = [
    ['Description', literal(`${group.description === '' ? group.name : group.description}: setup before the first daemon`)],
    ['After', 'local-fs.target remote-fs.target network.target network-online.target nss-lookup.target systemd-tmpfiles-setup.service'],
    // Each start of a daemon starts it: what counts are their limits, and all would fail with it.
    ['StartLimitIntervalSec', '0'],
  ];
  const service: readonly Line[] = [
    ['Type', 'oneshot'],
    ['ExecStart', [plainWord(executable), ...words.map(word)].join(' ')],
    ['TimeoutStartSec', milliseconds(timeout)],
    ...sandboxLines(sandbox, options.version).map(([directive, value]): Line => [directive, literal(value)]),
  ];
  return withHeader(sections(section('Unit', unit), section('Service', service)), options);
}

/**
 * Without it systemd would make a service of the init script's name, which would
 * then call daemon-util, which would ask systemd. Nobody enables it: the target
 * is what a boot starts.
 */
function stubUnit(group: GroupSpec, target: string, options: GeneratorOptions): string {
  const unit: readonly Line[] = [
    ['Description', literal(`${group.description === '' ? group.name : group.description}: stands for ${target}`)],
    ['Requires', target],
    ['After', target],
  ];
  const service: readonly Line[] = [
    ['Type', 'oneshot'],
    ['ExecStart', '/bin/true'],
    ['RemainAfterExit', 'yes'],
  ];
  return withHeader(sections(section('Unit', unit), section('Service', service)), options);
}

function tmpfiles(group: GroupSpec, options: GeneratorOptions): string {
  const lines = group.directories.map(({ path, mode, user, group: owners }) => `d ${plainWord(path)} ${mode} ${user} ${owners} -\n`);
  return withHeader(lines.join(''), options);
}
