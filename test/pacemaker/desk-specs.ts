/** Where the watcher does the agents' work: that it does, with how little, and who does it where it cannot. */
import { expect } from 'chai';

import type { Container } from '../support/containers/container.js';
import type { Suite } from '../support/containers/recipe.js';
import { waitFor } from '../support/containers/wait.js';

const AGENTS = '/usr/lib/ocf/resource.d/watchkeeper';
const BUNDLE = '/usr/lib/watchkeeper/watchkeeper.cjs';
const UNITS = '/run/systemd/system';
const WATCHER = 'watchkeeper.service';
const PATIENCE = 60_000;
/** ms; more than the watcher puts off what a recovery need not undo. */
const AFTERTHOUGHT = 4000;
/** s that the cluster gives; a stop that waits for an old start takes half of it at least. */
const TIMEOUT = 120;

export function deskSpecs(suite: Suite, booted: () => Container): void {
  describe('with a watcher', () => {
    const drives = suite === 'bookworm' ? 'the watcher' : 'systemd';
    const must = (...argv: [string, ...string[]]): Promise<string> => booted().must(argv, { timeout: PATIENCE });
    const property = async (unit: string, name: string): Promise<string> => (await must('/usr/bin/systemctl', 'show', `--property=${name}`, '--value', unit)).trim();
    /** When systemd has read all of its files. */
    const reread = async (): Promise<string> => (await must('/usr/bin/systemctl', 'show', '--property=UnitsLoadTimestampMonotonic', '--value')).trim();
    const dropIn = async (unit: string): Promise<boolean> => (await booted().run(['/usr/bin/test', '-e', `${UNITS}/${unit}.d/50-watchkeeper.conf`])).status === 0;

    function environment(parameters: Readonly<Record<string, string>>, meta: Readonly<Record<string, string>>): Record<string, string> {
      const all = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OCF_RESOURCE_INSTANCE: 'desk', OCF_RESKEY_CRM_meta_timeout: String(TIMEOUT * 1000), OCF_RESKEY_crm_feature_set: '3.16.2', ...meta };
      return { ...all, ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value])) };
    }

    async function call(agent: string, action: string, parameters: Readonly<Record<string, string>>, meta: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number | null; readonly said: string }> {
      const { status, stderr } = await booted().run([`${AGENTS}/${agent}`, action], { timeout: 2 * PATIENCE, environment: environment(parameters, meta) });
      return { status, said: stderr };
    }

    const ends = async (expected: number, ...how: Parameters<typeof call>): Promise<void> => {
      const { status, said } = await call(...how);
      expect(status, `${how[0]} ${how[1]}: ${said}`).to.equal(expected);
    };

    /** Puts another file in the place of one. */
    async function instead(path: string, other: string, action: () => Promise<void>): Promise<void> {
      await must('/usr/bin/mount', '--bind', other, path);
      try {
        await action();
      } finally {
        await must('/usr/bin/umount', path);
      }
    }

    before(async () => {
      await must('/usr/bin/systemctl', 'start', WATCHER);
      await booted().write('/root/node-ran.cjs', 'require("node:fs").appendFileSync("/run/node-ran", process.argv.slice(2).join(" ") + "\\n"); process.exitCode = 70;');
    });

    after(async () => {
      await must('/usr/bin/systemctl', 'stop', WATCHER);
    });

    it('it does what they are asked for, and no Node is started', () => instead(BUNDLE, '/root/node-ran.cjs', async () => {
      const resources = [['daemon', { name: 'web' }], ['unit', { unit: 'wk-tested' }], ['role', {}]] as const;
      for (const [agent, parameters] of resources) {
        const recurring = { OCF_RESKEY_CRM_meta_interval: '10000', OCF_CHECK_LEVEL: '10' };
        await ends(7, agent, 'monitor', parameters);
        await ends(0, agent, 'start', parameters);
        await ends(0, agent, 'monitor', parameters, recurring);
        if (agent === 'role') {
          await ends(0, agent, 'promote', parameters);
          await ends(8, agent, 'monitor', parameters, recurring);
          await ends(0, agent, 'demote', parameters);
        }
        await ends(0, agent, 'start', parameters);
        await ends(0, agent, 'stop', parameters);
        await ends(7, agent, 'monitor', parameters);
        await ends(0, agent, 'stop', parameters);
      }
      expect((await booted().run(['/usr/bin/cat', '/run/node-ran'])).stdout).to.equal('');
      // What has a program to run is the agent's own affair.
      await call('unit', 'start', { unit: 'wk-tested', monitor_hook: '/bin/true' });
      expect((await booted().run(['/usr/bin/cat', '/run/node-ran'])).stdout).to.equal('watchkeeper cluster agent unit start\n');
    }));

    it('without Perl, with a watcher that hangs, and without one, the agent does it by itself', async () => {
      const unit = { unit: 'wk-tested' };
      const both = async (): Promise<void> => {
        await ends(0, 'unit', 'start', unit);
        await ends(0, 'unit', 'stop', unit);
      };
      await instead('/usr/bin/perl', '/dev/null', both);
      await must('/usr/bin/systemctl', 'kill', '--signal=SIGSTOP', '--kill-who=main', WATCHER);
      try {
        await both();
      } finally {
        await must('/usr/bin/systemctl', 'kill', '--signal=SIGCONT', '--kill-who=main', WATCHER);
      }
      await must('/usr/bin/systemctl', 'stop', WATCHER);
      await both();
      await must('/usr/bin/systemctl', 'start', WATCHER);
      await both();
      await waitFor('the drop-in to go', PATIENCE, async () => !(await dropIn('wk-tested.service')));
    });

    const held = [['unit', { unit: 'wk-tested' }, 'wk-tested.service'], ...(drives === 'systemd' ? [['daemon', { name: 'web' }, 'web.service'] as const] : [])] as const;
    for (const [agent, parameters, unit] of held) {
      it(`a recovery of ${agent} has systemd read no file again, and a hold that ends leaves nothing`, async () => {
        const meta = agent === 'daemon' ? { OCF_RESKEY_CRM_meta_on_node: 'node1' } : {};
        const dies = async (): Promise<void> => {
          await must('/usr/bin/systemctl', 'kill', '--signal=SIGKILL', unit);
          await waitFor(`${unit} to be dead`, PATIENCE, async () => (await property(unit, 'ActiveState')) === 'failed');
        };
        await ends(0, agent, 'start', parameters, meta);
        expect(await property(unit, 'Restart')).to.equal('no');
        const before = await reread();
        for (let turn = 0; turn < 2; turn += 1) {
          await dies();
          await ends(0, agent, 'stop', parameters, meta);
          await ends(0, agent, 'start', parameters, meta);
        }
        await new Promise((resolve) => setTimeout(resolve, AFTERTHOUGHT));
        expect(await reread(), 'when systemd has read its files').to.equal(before);
        expect(await dropIn(unit)).to.equal(true);
        expect(await property(unit, 'Restart')).to.equal('no');
        await ends(0, agent, 'stop', parameters, meta);
        // Where it is a recovery, too, the cluster takes it up again at once.
        await waitFor('the drop-in to go', PATIENCE, async () => !(await dropIn(unit)));
        await waitFor('systemd to know', PATIENCE, async () => (await property(unit, 'NeedDaemonReload')) === 'no');
        if (agent === 'unit') expect(await reread(), 'nothing names it, so it is read when it is asked for').to.equal(before);
        await ends(0, agent, 'start', parameters, meta);
        await dies();
        await ends(0, agent, 'stop', parameters, meta);
        await waitFor('the drop-in to go', PATIENCE, async () => !(await dropIn(unit)));
        await waitFor('systemd to know', PATIENCE, async () => (await property(unit, 'NeedDaemonReload')) === 'no');
      });
    }

    it('the next watcher removes what one left that died, and nothing that is held', async () => {
      const unit = 'wk-tested.service';
      await ends(0, 'unit', 'start', { unit });
      const left = 'wk-other.service';
      await booted().write(`${UNITS}/${left}.d/50-watchkeeper.conf`, '[Unit]\nBefore=pacemaker.service\n');
      await must('/usr/bin/systemctl', 'kill', '--signal=SIGKILL', WATCHER);
      await must('/usr/bin/systemctl', 'restart', WATCHER);
      await waitFor('the drop-in to go', PATIENCE, async () => !(await dropIn(left)));
      expect(await dropIn(unit)).to.equal(true);
      await ends(0, 'unit', 'stop', { unit });
      await waitFor('the drop-in to go', PATIENCE, async () => !(await dropIn(unit)));
    });

    const endless = [['unit', { unit: 'wk-endless' }], ['daemon', { name: 'endless' }]] as const;
    for (const [agent, parameters] of endless) {
      it(`a start of ${agent} that never ends, killed by the cluster, does not hold up the stop that follows`, async () => {
        const killed = await booted().run(['/usr/bin/timeout', '--signal=KILL', '2', `${AGENTS}/${agent}`, 'start'], { timeout: PATIENCE, environment: environment(parameters, {}) });
        expect(killed.status).to.be.oneOf([137, -1]);
        const began = performance.now();
        await ends(0, agent, 'stop', parameters);
        expect(performance.now() - began).to.be.below((TIMEOUT * 1000) / 4);
        await ends(7, agent, 'monitor', parameters);
      });
    }
  });
}
