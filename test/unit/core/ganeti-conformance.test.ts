/** Ganeti's catalogues, the units made of them, and the files in etc/: one story in all of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

import { configurationFromText } from '../../../src/adapters/config/load.js';
import { parseEnvironmentFile } from '../../../src/core/environment-file.js';
import { orderForStart } from '../../../src/core/order.js';
import { stubOf, type UnitFilePath, unitSet } from '../../../src/core/unit-set.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

for (const profile of ['ganeti', 'ganeti-masterd']) {
  describe(`${profile}: catalogue, units, init script and defaults`, () => {
    const { catalogue, paths } = configurationFromText(profile, read(`etc/watchkeeper/${profile}.yaml`), {});
    const { group, daemons } = catalogue;
    const script = read('etc/init.d/ganeti');
    for (const version of [252, 257]) {
      const files = unitSet(catalogue, { version, prefix: '/usr', paths });
      const values = (unit: string, directive: string): readonly string[] => {
        const file: UnitFilePath = `systemd/system/${unit}`;
        const lines = (files.get(file) ?? '').split('\n');
        return lines.filter((line) => line.startsWith(`${directive}=`)).map((line) => line.slice(directive.length + 1));
      };

      it(`agree on names (${version})`, () => {
        expect(/^program=(.*)$/m.exec(script)?.[1]).to.equal(group.name);
        expect(/^# Provides: +(.*)$/m.exec(script)?.[1]).to.equal(group.name);
        // The unit that systemd would otherwise make of the script.
        expect(stubOf(group)).to.equal(`${group.name}.service`);
        expect([...files.keys()].sort()).to.deep.equal(
          [`${group.name}.target`, `${group.name}.service`, `${group.name}-common.service`, 'watchkeeper.service', ...group.roles.flatMap(({ target }) => target ?? []), ...daemons.map(({ name }) => `${name}.service`)]
            .map((unit) => `systemd/system/${unit}`)
            .sort(),
        );
      });

      it(`agree on users, programs and arguments (${version})`, () => {
        for (const spec of daemons) {
          expect([values(spec.unit, 'User'), values(spec.unit, 'Group')], spec.name).to.deep.equal([[spec.user], [spec.group]]);
          const [own, extra] = spec.argumentVariables;
          expect(values(spec.unit, 'ExecStart'), spec.name).to.deep.equal([`${spec.executable} -f $${own ?? ''} $${extra ?? ''} $ONESHOT_ARGUMENTS`]);
          expect(values(spec.unit, 'EnvironmentFile')[0], spec.name).to.equal(`-${group.environmentFile ?? ''}`);
          expect(values(spec.unit, 'AmbientCapabilities'), spec.name).to.deep.equal(spec.capabilities.length === 0 ? [] : [spec.capabilities.join(' ')]);
          // What is given must not be taken away again.
          const bounding = values(spec.unit, 'CapabilityBoundingSet')[0] ?? '';
          for (const capability of spec.capabilities) expect(bounding.split(' '), spec.name).to.include(capability);
          expect(values(spec.unit, 'KillMode'), spec.name).to.deep.equal([spec.killMode === 'process' ? 'process' : 'mixed']);
          expect(values(spec.unit, 'ConditionPathExists'), spec.name).to.deep.equal(spec.conditions.filter(({ kind }) => kind === 'path-exists').map(({ path }) => path));
        }
      });

      it(`agree on the order (${version})`, () => {
        const before = new Set<string>();
        const order = orderForStart(daemons);
        for (const spec of order.ok ? order.sequence : []) {
          const after = values(spec.unit, 'After');
          expect(after[0], spec.name).to.equal(`${group.name}-common.service`);
          expect(values(spec.unit, 'Requires'), spec.name).to.deep.equal([`${group.name}-common.service`]);
          for (const unit of after.slice(1)) expect([...before], `${spec.name} after ${unit}`).to.include(unit);
          expect(after.slice(1).sort(), spec.name).to.deep.equal([...spec.requires, ...spec.after].map((name) => `${name}.service`).sort());
          before.add(spec.unit);
        }
        expect(before.size).to.equal(daemons.length);
        for (const role of group.roles) {
          if (role.target === undefined) continue;
          const own = daemons.filter(({ roles }) => roles.includes(role.name));
          expect(values(role.target, 'Wants'), role.name).to.deep.equal(own.filter(({ onDemand }) => !onDemand).map(({ unit }) => unit));
          // Those on demand, too: systemd would forget how they ended.
          expect(values(role.target, 'After'), role.name).to.deep.equal(own.map(({ unit }) => unit));
          expect(values(role.target, 'PartOf'), role.name).to.deep.equal([group.target]);
          for (const { unit } of own) expect(values(unit, 'PartOf'), unit).to.deep.equal([role.target]);
        }
        expect(values(`${group.name}.target`, 'After')).to.include.members(daemons.map(({ unit }) => unit));
        expect(values(`${group.name}.target`, 'PartOf')).to.deep.equal([`${group.name}.service`]);
        // At boot the script goes as the units go: the watcher first.
        expect(script).to.match(/^# Should-Start: .*\bwatchkeeper\b/m);
      });

      it(`agree on exit status ${group.notMasterExitStatus} (${version})`, () => {
        for (const { unit, roles, name } of daemons) {
          expect(values(unit, 'RestartPreventExitStatus')[0]?.split(' '), name).to.include(String(group.notMasterExitStatus));
          expect(values(unit, 'SuccessExitStatus'), name).to.deep.equal(roles.includes('master') ? [String(group.notMasterExitStatus)] : []);
        }
        expect(script).to.include('check-exitcode "$status"');
      });

      it(`bear an outage of five minutes (${version})`, () => {
        for (const { unit, name } of daemons) {
          const seconds = (directive: string): number => Number(/^(\d+)ms$/.exec(values(unit, directive)[0] ?? '')?.[1] ?? NaN) / 1000;
          expect(values(unit, 'Restart'), name).to.deep.equal(['on-failure']);
          if (version >= 254) {
            expect([values(unit, 'StartLimitIntervalSec'), seconds('RestartMaxDelaySec')], name).to.deep.equal([['0'], 60]);
            expect(Number(values(unit, 'RestartSteps')[0]), name).to.be.greaterThan(1);
          } else {
            // As many starts as fit into it, if each fails at once.
            expect(Number(values(unit, 'StartLimitBurst')[0]), name).to.be.greaterThan(300 / seconds('RestartSec'));
            expect(values(unit, 'RestartSteps'), name).to.deep.equal([]);
          }
        }
      });
    }

    it('have a variable for the arguments of each daemon, in a file that all readers read alike', () => {
      const text = read('etc/default/ganeti');
      const parsed = parseEnvironmentFile(text);
      expect(parsed.ok).to.equal(true);
      for (const { argumentVariables, name } of daemons) expect(text, name).to.match(new RegExp(`^#?${argumentVariables[0] ?? ''}=`, 'm'));
    });
  });
}
