/** Stops that were killed between their record and `systemctl`: the next watcher finishes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { formatDesired, parseDesired } from '../../../src/adapters/state/desired-state.js';
import { HostClock } from '../../../src/adapters/host/clock.js';
import { eventually } from '../../support/eventually.js';
import { isLive } from '../../support/proc.js';
import { must, only, systemctl } from './bench.js';
import { events, isReplaced, property, Site, status, watchkeeper, WATCHER, watcherPid } from './site.js';

const PATIENCE = 20_000;

describe('the installed watcher that finds a unit running whose stop was cut off', function () {
  this.timeout(120_000);
  let site: Site;

  before(() => Site.install());
  beforeEach(() => (site = new Site()));
  afterEach(() => site.cleanup());

  const observed = (name: string): string => status().daemons[name]?.observed ?? 'unknown';
  const record = (name: string): string => join('/var/lib/watchkeeper/desired', name);

  /** As one who is killed between the two: it is written down, and nothing is done. */
  function cutOff(name: string): void {
    const known = parseDesired(readFileSync(record(name), 'utf8'));
    if (typeof known === 'string') throw new Error(known);
    writeFileSync(record(name), formatDesired({ ...known, desired: 'down', by: `daemon-util stop ${name}`, uptime: new HostClock().monotonic() }));
  }

  async function anotherWatcher(): Promise<void> {
    const before = watcherPid();
    process.kill(before, 'SIGKILL');
    await eventually('another watcher is there', () => isReplaced(before), PATIENCE);
  }

  it('finishes it, and leaves alone what somebody has started or restarted since, or has paused', async () => {
    const names = ['web', 'started', 'restarted', 'paused'] as const;
    const [web, ...others] = names.map((name) => site.add(name));
    const unitOf = (name: string): string => `wk-${name}.service`;
    site.settle({ units: true });
    systemctl('start', WATCHER);
    for (const name of names) must('/usr/sbin/daemon-util', 'start', name);
    must('/usr/sbin/daemon-util', 'stop', 'started');
    systemctl('start', unitOf('started'));
    expect(watchkeeper('pause', 'paused', '--for', '1h').status).to.equal(0);
    for (const name of ['web', 'restarted', 'paused']) cutOff(name);
    await new Promise((resolve) => setTimeout(resolve, 100));
    systemctl('restart', unitOf('restarted'));
    const gone = only(web?.mains() ?? []);
    const stay = others.map((daemon) => only(daemon.mains()));
    await anotherWatcher();
    await eventually('its stop is finished', () => property(unitOf('web'), 'ActiveState') === 'inactive', PATIENCE);
    await eventually('that is seen', () => observed('web') === 'stopped' && observed('paused') === 'running', PATIENCE);
    expect([isLive(gone), ...others.map((daemon) => only(daemon.mains()))]).to.deep.equal([false, ...stay]);
    expect(events().filter(({ daemon, news }) => daemon === 'web' && ['crash', 'failed'].includes(news))).to.deep.equal([]);
    const log = must('/usr/bin/journalctl', '-u', WATCHER, '--output=cat', '--no-pager', '--lines=30');
    expect([...log.matchAll(/(\S+): its stop was cut off, and is finished now/g)].map(([, name]) => name)).to.deep.equal(['web']);
  });
});
