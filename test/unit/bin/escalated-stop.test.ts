import { expect } from 'chai';

import { Systemctl } from '../../../src/adapters/systemd/systemctl.js';
import { killer } from '../../../src/bin/cluster-agents.js';
import type { Runner } from '../../../src/ports/runner.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

/** @returns what systemctl was told to kill of a unit that runs */
async function killed(killMode: string): Promise<readonly string[]> {
  const calls: (readonly string[])[] = [];
  const runner: Runner = {
    run: (argv) => {
      calls.push(argv);
      const isShow = argv.includes('show');
      const stdout = isShow ? `Id=vms.service\nLoadState=loaded\nActiveState=deactivating\nSubState=stop-sigterm\nMainPID=42\nKillMode=${killMode}\nControlGroup=\n` : '';
      return Promise.resolve({ exit: { kind: 'exited', status: 0 }, timedOut: false, stdout, stderr: '' });
    },
  };
  const systemctl = new Systemctl(runner);
  const kill = await killer({ systemctl: () => Promise.resolve(systemctl), runner: () => Promise.resolve(runner), clock: () => Promise.resolve(new FakeClock()) });
  // What the catalogue says is not asked: it may not know the daemon any more.
  await kill?.(daemonSpec({ name: 'vms', unit: 'vms.service', killMode: 'group' }));
  return calls.filter((argv) => argv.includes('kill')).flatMap((argv) => argv.filter((word) => word.startsWith('--kill-who=')));
}

describe('the force of a stop by the cluster, under systemd', () => {
  it("spares a daemon's children where its unit does", async () => {
    expect(await killed('process')).to.deep.equal(['--kill-who=main', '--kill-who=control']);
  });

  it('ends all of a daemon elsewhere', async () => {
    expect(await killed('mixed')).to.deep.equal(['--kill-who=all']);
  });
});
