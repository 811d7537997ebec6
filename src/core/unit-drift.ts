/** What is different about a daemon's unit from what the catalogue makes of it, in words with a next step. Pure. */
import type { Catalogue } from './catalogue.js';
import type { DaemonSpec } from './daemon.js';
import { serviceUnit } from './unit-file.js';
import { readHeader } from './unit-header.js';

export interface UnitFile {
  readonly path: string;
  /** undefined: it cannot be read, or is too large. */
  readonly text: string | undefined;
}

export interface UnitOnDisk {
  /** `broken`: systemd has read it and cannot use it. */
  readonly load: 'loaded' | 'not-found' | 'masked' | 'broken';
  /** The mask is below /run. */
  readonly maskedUntilBoot?: boolean;
  /** Files have changed since systemd has read them. */
  readonly needsReload: boolean;
  /** undefined: none that it was read from. */
  readonly fragment: UnitFile | undefined;
  readonly dropIns: readonly UnitFile[];
}

export interface UnitFault {
  readonly code: 'unit-not-found' | 'unit-masked' | 'unit-broken' | 'unit-not-reloaded' | 'unit-drift' | 'unit-overridden';
  readonly what: string;
  /** Empty: nothing need be done. */
  readonly next: string;
  /** Of `unit-drift`: somebody edited it, and `units install` leaves it alone. */
  readonly edited?: boolean;
}

export function unitWarnings(spec: DaemonSpec, catalogue: Catalogue, unit: UnitOnDisk): readonly string[] {
  return unitFaults(spec, catalogue, unit).map(({ what, next }) => (next === '' ? what : `${what}: ${next}`));
}

export function unitFaults(spec: DaemonSpec, catalogue: Catalogue, unit: UnitOnDisk): readonly UnitFault[] {
  const name = spec.unit;
  switch (unit.load) {
    case 'not-found':
      return [{ code: 'unit-not-found', what: `systemd has no unit ${name}`, next: 'install it, then systemctl daemon-reload' }];
    case 'masked':
      return [{ code: 'unit-masked', what: `${name} is masked, so nothing can start it`, next: unmaskCommand(name, unit) }];
    case 'broken':
      return [{ code: 'unit-broken', what: `systemd cannot use ${name}`, next: `systemd-analyze verify ${name}` }];
    case 'loaded':
      return [
        ...(unit.needsReload ? [{ code: 'unit-not-reloaded' as const, what: `${name} has changed on the disk since systemd read it`, next: 'systemctl daemon-reload' }] : []),
        ...differences(spec, catalogue, unit),
      ];
  }
}

export function unmaskCommand(name: string, { maskedUntilBoot }: Pick<UnitOnDisk, 'maskedUntilBoot'>): string {
  return `systemctl unmask ${maskedUntilBoot === true ? '--runtime ' : ''}${name}`;
}

/** Only of units that we have generated: anybody may write their own. */
function differences(spec: DaemonSpec, catalogue: Catalogue, { fragment, dropIns }: UnitOnDisk): readonly UnitFault[] {
  const generated = fragment?.text === undefined ? undefined : readHeader(fragment.text);
  if (fragment === undefined || generated === undefined) return [];
  const foreign = dropIns.filter(({ text }) => text === undefined || readHeader(text) === undefined).map(({ path }) => path);
  const overridden: readonly UnitFault[] = foreign.length === 0 ? [] : [{ code: 'unit-overridden', what: `drop-ins override ${spec.unit}: ${foreign.join(', ')}`, next: '' }];
  return [...ownDifference(spec, catalogue, fragment.path, fragment.text ?? '', generated), ...overridden];
}

function ownDifference(spec: DaemonSpec, catalogue: Catalogue, path: string, text: string, generated: NonNullable<ReturnType<typeof readHeader>>): readonly UnitFault[] {
  if (!generated.intact) {
    return [{ code: 'unit-drift', what: `${path} was edited by hand since it was generated`, next: 'put the edit into the catalogue or a drop-in, and generate it again', edited: true }];
  }
  const unitOf = (name: string): string => catalogue.daemons.find((daemon) => daemon.name === name)?.unit ?? `${name}.service`;
  const now = serviceUnit(spec, catalogue.group, { ...generated.options, unitOf });
  if (now === text) return [];
  return [{ code: 'unit-drift', what: `${path} is not what the catalogue makes of it now (${changedDirectives(text, now).join(', ')})`, next: 'watchkeeper units install' }];
}

const MOST_NAMED = 5;

/** Names of the directives whose lines differ. */
function changedDirectives(before: string, after: string): readonly string[] {
  const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const [old, fresh] = [lines(before), lines(after)];
  const changed = [...old.filter((line) => !fresh.includes(line)), ...fresh.filter((line) => !old.includes(line))];
  const names = [...new Set(changed.map((line) => line.split('=')[0] ?? line))];
  if (names.length === 0) return ['their order'];
  return names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED), '…'] : names;
}
