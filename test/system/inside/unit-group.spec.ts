import { mkdirSync, rmdirSync } from 'node:fs';

import { expect } from 'chai';

import { groupOf, isPopulated, killGroup } from '../../../src/adapters/systemd/unit-group.js';
import { eventually } from '../../support/eventually.js';
import { Bench, must, newName, systemctl } from './bench.js';

describe('the control group of a unit', function () {
  this.timeout(60_000);
  const sight = `/run/${newName()}`;
  let bench: Bench;

  before(() => {
    // As the watcher sees it in the sandbox of its unit (ProtectControlGroups=).
    mkdirSync(sight);
    must('/usr/bin/mount', '--bind', '/sys/fs/cgroup', sight);
    must('/usr/bin/mount', '-o', 'remount,bind,ro', sight);
  });

  after(() => {
    must('/usr/bin/umount', sight);
    rmdirSync(sight);
  });

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(() => bench.cleanup());

  for (const way of ['written to', 'read-only']) {
    it(`is killed whole, with what has forked and what is in groups below it, where it can be ${way}`, async () => {
      const unit = `wk-${newName()}.service`;
      const below = 'g=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); mkdir $g/below; sleep infinity & echo $! >$g/below/cgroup.procs; (sleep infinity & sleep infinity) & wait';
      bench.unit(unit, `[Service]\nType=exec\nDelegate=yes\nExecStart=/bin/sh -c '${below.replaceAll('$', '$$$$')}'\n`);
      systemctl('start', unit);
      const path = bench.property(unit, 'ControlGroup');
      const directory = groupOf(path) ?? '';
      await eventually('all of it is up', () => must('/usr/bin/systemd-cgls', '--no-pager', path).match(/sleep infinity/g)?.length === 3);
      killGroup(way === 'read-only' ? `${sight}${path}` : directory);
      await eventually('nothing lives in it', () => !isPopulated(directory));
      expect(bench.property(unit, 'ActiveState')).to.equal('failed');
    });
  }
});
