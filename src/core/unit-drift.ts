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
  /** Files have changed since systemd has read them. */
  readonly needsReload: boolean;
  /** undefined: none that it was read from. */
  readonly fragment: UnitFile | undefined;
  readonly dropIns: readonly UnitFile[];
}

export function unitWarnings(spec: DaemonSpec, catalogue: Catalogue, unit: UnitOnDisk): readonly string[] {
  const name = spec.unit;
  switch (unit.load) {
    case 'not-found':
      return [`systemd has no unit ${name}: install it, then systemctl daemon-reload`];
    case 'masked':
      return [`${name} is masked, so nothing can start it: systemctl unmask ${name}`];
    case 'broken':
      return [`systemd cannot use ${name}: systemd-analyze verify ${name}`];
    case 'loaded':
      return [...(unit.needsReload ? [`${name} has changed on the disk since systemd read it: systemctl daemon-reload`] : []), ...differences(spec, catalogue, unit)];
  }
}

/** Only of units that we have generated: anybody may write their own. */
function differences(spec: DaemonSpec, catalogue: Catalogue, { fragment, dropIns }: UnitOnDisk): readonly string[] {
  const generated = fragment?.text === undefined ? undefined : readHeader(fragment.text);
  if (fragment === undefined || generated === undefined) return [];
  const foreign = dropIns.filter(({ text }) => text === undefined || readHeader(text) === undefined).map(({ path }) => path);
  const overridden = foreign.length === 0 ? [] : [`drop-ins override ${spec.unit}: ${foreign.join(', ')}`];
  return [...ownDifference(spec, catalogue, fragment.path, fragment.text ?? '', generated), ...overridden];
}

function ownDifference(spec: DaemonSpec, catalogue: Catalogue, path: string, text: string, generated: NonNullable<ReturnType<typeof readHeader>>): readonly string[] {
  if (!generated.intact) return [`${path} was edited by hand since it was generated: put the edit into the catalogue or a drop-in, and generate it again`];
  const unitOf = (name: string): string => catalogue.daemons.find((daemon) => daemon.name === name)?.unit ?? `${name}.service`;
  const now = serviceUnit(spec, catalogue.group, { ...generated.options, unitOf });
  if (now === text) return [];
  return [`${path} is not what the catalogue makes of it now (${changedDirectives(text, now).join(', ')}): generate it again`];
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
