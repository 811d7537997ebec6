import { expect } from 'chai';

import { detectServiceManager, SYSTEMD_RUNS, type Machine } from '../../../../src/adapters/systemd/detect.js';
import { SystemdSilent } from '../../../../src/adapters/systemd/systemctl.js';
import { facts } from './facts.js';

const machine: Machine = {
  isDirectory: (path) => path === SYSTEMD_RUNS,
  isExecutable: () => true,
  showUnit: () => Promise.resolve(facts({ loadState: 'loaded' })),
  systemctl: '/usr/bin/systemctl',
  startStopDaemon: '/usr/sbin/start-stop-daemon',
};
const group = { target: 'shop.target' };

describe('detection of the service manager', () => {
  it('is systemd only where it runs, can be asked, and has the target', async () => {
    expect(await detectServiceManager(group, machine)).to.deep.equal({ kind: 'systemd', reason: 'shop.target is loaded' });
    const others: Partial<Machine>[] = [
      { isDirectory: () => false },
      { isExecutable: (path) => path !== machine.systemctl },
      { showUnit: () => Promise.resolve(facts({ loadState: 'not-found' })) },
      { showUnit: () => Promise.resolve(facts({ loadState: 'masked' })) },
    ];
    for (const change of others) {
      const detection = await detectServiceManager(group, { ...machine, ...change });
      expect(detection.kind).to.equal('start-stop-daemon');
      expect(detection.reason).not.to.equal('');
    }
    expect((await detectServiceManager({ target: undefined }, machine)).kind).to.equal('start-stop-daemon');
  });

  it('is built-in where start-stop-daemon is missing too', async () => {
    const detection = await detectServiceManager(group, { ...machine, isDirectory: () => false, isExecutable: (path) => path !== machine.startStopDaemon });
    expect(detection.kind).to.equal('built-in');
    expect(detection.reason).to.include(SYSTEMD_RUNS).and.include(machine.startStopDaemon);
  });

  it('does not take over from a systemd that is silent for a moment', async () => {
    const showUnit = () => Promise.reject(new SystemdSilent('no answer'));
    expect((await detectServiceManager(group, { ...machine, showUnit })).kind).to.equal('systemd');
  });

  it('believes the settings', async () => {
    expect(await detectServiceManager(group, machine, 'built-in')).to.deep.equal({ kind: 'built-in', reason: 'the setting serviceManager says so' });
  });
});
