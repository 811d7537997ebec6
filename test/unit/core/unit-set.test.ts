/** The files that the catalogues in etc/watchkeeper make, and those in units/, which people read and packages take. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

import type { Configuration } from '../../../src/adapters/config/configuration.js';
import { configurationFromText } from '../../../src/adapters/config/load.js';
import { unitSet } from '../../../src/core/unit-set.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Each catalogue, and the systemd versions of which there are files. */
const CATALOGUES: readonly (readonly [name: string, versions: readonly number[]])[] = [
  ['ganeti', [252, 257]],
  ['ganeti-masterd', [252]],
];

function filesBelow(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(names.map((entry) => [path.relative(directory, path.join(entry.parentPath, entry.name)), readFileSync(path.join(entry.parentPath, entry.name), 'utf8')]));
}

function profile(name: string): Configuration {
  return configurationFromText(name, readFileSync(path.join(ROOT, `etc/watchkeeper/${name}.yaml`), 'utf8'), {});
}

describe('set of units', () => {
  it("has the group's directories for systemd-tmpfiles, quoted where it must be", () => {
    const text = `group: {name: shop, target: shop.target, directories: [/run/x, {path: /run/x}, {path: '/run/100% y$z', mode: '0750', user: web, group: adm}]}\ndaemons: {}\n`;
    const { catalogue, paths } = configurationFromText('test', text.replace('/run/x, ', ''), {});
    const lines = unitSet(catalogue, { version: 252, prefix: '/usr', paths }).get('tmpfiles.d/shop.conf')?.split('\n').filter((line) => !line.startsWith('#'));
    expect(lines).to.deep.equal(['d /run/x 0755 root root -', 'd "/run/100%% y$z" 0750 web adm -', '']);
    expect(() => configurationFromText('test', text, {})).to.throw(/directories: .*path: \/run\/x/);
    for (const bad of ["{path: /run/x, mode: '0999'}", '{path: run}', '{path: /run/x, user: "a b"}', '{path: /run/x, owner: root}', '{mode: 0755}']) {
      expect(() => configurationFromText('test', `group: {directories: [${bad}]}\ndaemons: {}\n`, {}), bad).to.throw(/group\.directories/);
    }
  });
});

describe('units/', () => {
  for (const [name, versions] of CATALOGUES) {
    for (const version of versions) {
      it(`${name}/${version} is what the generator makes of etc/watchkeeper/${name}.yaml`, () => {
        const { catalogue, paths } = profile(name);
        const generated = unitSet(catalogue, { version, prefix: '/usr', paths });
        const committed = filesBelow(path.join(ROOT, `units/${name}/${version}`));
        const again = `scripts/watchkeeper units generate --config etc/watchkeeper/${name}.yaml --systemd-version ${version} --output "$PWD/units/${name}/${version}"`;
        // The watcher's is there once for all, see below.
        const expected = [...generated].filter(([file]) => file !== 'systemd/system/watchkeeper.service');
        expect([...committed.keys()].sort(), `npm run build; ${again}`).to.deep.equal(expected.map(([file]) => file).sort());
        for (const [file, text] of expected) expect(committed.get(file), `npm run build; ${again}`).to.equal(text);
      });
    }
  }

  it("has the watcher's own unit, the same for each catalogue and version", () => {
    const committed = readFileSync(path.join(ROOT, 'units/watchkeeper.service'), 'utf8');
    for (const [name, versions] of CATALOGUES) {
      const { catalogue, paths } = profile(name);
      for (const version of versions) expect(unitSet(catalogue, { version, prefix: '/usr', paths }).get('systemd/system/watchkeeper.service')).to.equal(committed);
    }
  });
});
