/**
 * What daemon-util does while dbus-daemon is restarted, killed and taken away over
 * and over: orders go over the bus where there is one, and systemctl, which needs
 * none, has the last word. So none may fail, and none may be told wrongly.
 */
import { spawn } from 'node:child_process';

import { expect } from 'chai';

import { Cleanups, eventually } from '../../support/eventually.js';
import { only, systemctl } from './bench.js';
import { daemonUtil, HAS_SYSTEMD, property, Site, status, WATCHER } from './site.js';

const ROUNDS = 8;
/** Killed, restarted, and gone for a while; a start limit that was hit is no part of it. */
const MISCHIEF = `
while :; do
  systemctl reset-failed dbus.service dbus.socket
  systemctl kill --signal=KILL dbus.service; sleep 0.1
  systemctl reset-failed dbus.service dbus.socket
  systemctl restart dbus.service; sleep 0.15
  systemctl stop dbus.socket dbus.service; sleep 0.2
  systemctl start dbus.socket; sleep 0.05
done`;

(HAS_SYSTEMD ? describe : describe.skip)('daemon-util while dbus-daemon is restarted over and over', function () {
  this.timeout(240_000);
  const cleanups = new Cleanups();
  let site: Site;

  before(() => Site.install());
  beforeEach(() => {
    site = new Site();
    cleanups.add(() => site.cleanup());
  });
  afterEach(() => cleanups.run());

  async function harass(): Promise<void> {
    const mischief = spawn('/bin/sh', ['-c', MISCHIEF], { stdio: 'ignore' });
    const ended = new Promise((resolve) => mischief.once('exit', resolve));
    const before = property('dbus.service', 'InvocationID');
    cleanups.add(async () => {
      mischief.kill('SIGKILL');
      await ended;
      systemctl('reset-failed', 'dbus.service', 'dbus.socket');
      systemctl('start', 'dbus.socket', 'dbus.service');
    });
    await eventually('dbus-daemon is another one', () => property('dbus.service', 'InvocationID') !== before);
  }

  for (const watched of [true, false]) {
    it(`${watched ? 'with' : 'without'} the watcher: starts, restarts and stops, and tells the truth`, async () => {
      const web = site.add('web');
      site.settle({ units: true });
      if (watched) {
        systemctl('start', WATCHER);
        await eventually('the watcher answers', () => status().watcher !== null);
      }
      await harass();
      for (let round = 0; round < ROUNDS; round += 1) {
        const done = (...words: string[]): void => {
          const { status: exit, stderr, stdout } = daemonUtil(...words);
          expect(exit, `round ${round}: ${words.join(' ')}: ${stdout}${stderr}`).to.equal(0);
        };
        done('start', 'web');
        const first = only(web.mains());
        done('check', 'web');
        expect(daemonUtil('pid', 'web').stdout.trim()).to.equal(String(first));
        done('restart', 'web');
        expect(only(web.mains())).not.to.equal(first);
        done('stop', 'web');
        expect(web.mains()).to.deep.equal([]);
        expect(daemonUtil('check', 'web').status).to.equal(1);
      }
      if (watched) await eventually('the watcher has seen the last one', () => status().daemons['web']?.observed === 'stopped', 30_000);
    });
  }
});
