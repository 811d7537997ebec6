/** What is different about units, as the real systemd tells it; and what a target is good for. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { SystemdDriftInspector } from '../../../src/adapters/systemd/drift-inspector.js';
import { DriftWatch } from '../../../src/app/drift-watch.js';
import type { Catalogue } from '../../../src/core/catalogue.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import { groupTargets } from '../../../src/core/target-file.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import type { NewsItem } from '../../../src/ports/journal.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { Cleanups, eventually } from '../../support/eventually.js';
import { Bench, GROUP, newName, NOT_MASTER, systemctl, systemdVersion } from './bench.js';

const UNITS = '/run/systemd/system';
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('units and what the catalogue makes of them', function () {
  this.timeout(40_000);
  let bench: Bench;
  let cleanups: Cleanups;

  beforeEach(() => {
    bench = new Bench();
    cleanups = new Cleanups();
    cleanups.add(() => bench.cleanup());
  });
  afterEach(() => cleanups.run());

  const options = () => ({ version: systemdVersion(), runtimeDirectory: bench.runtime, helperDirectory: '/usr/lib/watchkeeper' });

  function generated(spec: DaemonSpec): DaemonSpec {
    bench.unit(spec.unit, serviceUnit(spec, GROUP, options()));
    return spec;
  }

  it('differ by an edit, a drop-in, a changed catalogue, a mask, a missing unit, and what systemd has not read yet', async () => {
    const spec = (): DaemonSpec => daemonSpec({ name: newName(), executable: '/bin/sleep', arguments: ['infinity'] });
    const [same, edited, dropped, changed, masked, stale] = [spec(), spec(), spec(), spec(), spec(), spec()].map(generated) as [DaemonSpec, DaemonSpec, DaemonSpec, DaemonSpec, DaemonSpec, DaemonSpec];
    const missing = spec();
    const catalogue: Catalogue = { group: GROUP, daemons: [same, edited, dropped, { ...changed, stopTimeout: 12_345 }, masked, stale, missing] };
    const news: Omit<NewsItem, 'id'>[] = [];
    const watch = new DriftWatch({
      inspector: new SystemdDriftInspector(bench.systemctl, () => catalogue),
      journal: { append: (item) => ({ ...item, id: news.push(item) }), recent: () => [] },
      log: QUIET,
      clock: bench.clock,
      specs: () => catalogue.daemons,
    });
    cleanups.add(() => watch.release());
    appendFileSync(join(UNITS, edited.unit), 'Nice=5\n');
    mkdirSync(join(UNITS, `${dropped.unit}.d`));
    writeFileSync(join(UNITS, `${dropped.unit}.d`, 'nice.conf'), '[Service]\nNice=5\n');
    bench.mask(masked.unit);
    // Loaded, as systemd has it in memory, and then touched.
    systemctl('start', stale.unit);
    appendFileSync(join(UNITS, stale.unit), '# touched\n');
    watch.look();
    await eventually('all but one have warnings', () => [edited, dropped, changed, masked, stale, missing].every(({ name }) => watch.warningsOf(name).length > 0));
    const words = (one: DaemonSpec): string => watch.warningsOf(one.name).join('\n');
    expect(words(same)).to.equal('');
    expect(words(edited)).to.include('edited by hand');
    expect(words(dropped)).to.include('nice.conf');
    expect(words(changed)).to.include('(TimeoutStopSec)');
    expect(words(masked)).to.include(`systemctl unmask --runtime ${masked.unit}`);
    expect(words(missing)).to.include(`no unit ${missing.unit}`);
    expect(words(stale)).to.include('systemctl daemon-reload');
    const told = news.length;
    expect(news.every((item) => item.news === 'drift')).to.equal(true);
    // Mended: it is gone; what stays is not told again.
    rmSync(join(UNITS, `${dropped.unit}.d`), { recursive: true });
    systemctl('daemon-reload');
    watch.look();
    await eventually('one is gone', () => watch.warningsOf(dropped.name).length === 0);
    expect(words(edited)).to.include('edited by hand');
    expect(news).to.have.length(told);
  });

  it('keep how they ended as long as their target is up, also those on demand', async () => {
    const target = `${newName()}.target`;
    const spec = daemonSpec({ name: newName(), onDemand: true, executable: '/bin/sh', arguments: ['-c', `exit ${NOT_MASTER}`], readiness: { kind: 'settled', settle: 300 }, successExitStatuses: [0, NOT_MASTER] });
    const group = { ...GROUP, target };
    bench.unit(spec.unit, serviceUnit({ ...spec, restart: { ...spec.restart, when: 'never' } }, group, options()));
    for (const [unit, text] of groupTargets({ group, daemons: [spec] }, options())) bench.unit(unit, text);
    systemctl('start', target);
    const outcome = await bench.start(spec);
    expect(outcome.kind, JSON.stringify(outcome)).to.equal('skipped');
    expect(bench.property(spec.unit, 'ExecMainStatus')).to.equal(String(NOT_MASTER));
  });
});
