/** `watchkeeper cluster configure --apply`, `status` and `release` on a real cluster. */
import { expect } from 'chai';

import type { RunResult } from '../../src/ports/runner.js';
import type { Node } from '../support/pacemaker/cluster.js';
import { PATIENCE, type ClusterWorld, type DaemonOfWorld } from '../support/pacemaker/world.js';

export const COMMAND_DAEMONS: Readonly<Record<string, DaemonOfWorld>> = {
  shown: { behaviour: { port: 8101 } },
  moved: { behaviour: { port: 8102 } },
};
const HOOK = '/usr/local/sbin/wk-move';

export function commandSpecs(formed: () => ClusterWorld): void {
  describe('the commands for clusters', () => {
    const watchkeeper = (node: Node, ...words: string[]) => node.run(['/usr/sbin/watchkeeper', 'cluster', ...words], { timeout: 120_000 });
    const said = ({ stdout, stderr }: Pick<RunResult, 'stdout' | 'stderr'>): string => `${stdout}${stderr}`;
    const cib = (node: Node): Promise<string> => node.must(['/usr/sbin/cibadmin', '--query', '--scope=resources']);

    for (const shell of ['crm', 'pcs']) {
      it(`configure a daemon by ${shell}, once, and refuse what is another one`, async () => {
        const world = formed();
        const [node] = world.nodes as [Node];
        const undecided = await watchkeeper(node, 'configure', 'shown', '--apply');
        expect([undecided.status, undecided.stderr.includes('--with crm or --with pcs')], said(undecided)).to.deep.equal([1, true]);
        const first = await watchkeeper(node, 'configure', 'shown', 'master', '--apply', '--with', shell);
        expect(first.status, said(first)).to.equal(0);
        expect(first.stdout).to.include(`${shell} `).and.include('shown: configured').and.include('site: configured');
        try {
          await world.settled('shown', 'shown');
          const before = await cib(node);
          expect(before).to.match(/<primitive [^>]*id="shown"/).and.match(/name="interleave"[^>]* value="true"/);
          const again = await watchkeeper(node, 'configure', 'shown', 'master', '--apply', '--with', shell);
          expect([again.status, again.stdout], said(again)).to.deep.equal([0, 'shown: is configured so already\nsite: is configured so already\n']);
          await node.must(['/usr/sbin/crm_resource', '--resource', 'shown', '--set-parameter', 'deep_hook', '--parameter-value', '/bin/true']);
          const other = await watchkeeper(node, 'configure', 'shown', '--apply', '--with', shell);
          expect([other.status, other.stderr.includes('parameter deep_hook is /bin/true, and would be not set')], said(other)).to.deep.equal([1, true]);
          expect(await cib(node)).to.include('deep_hook');
        } finally {
          await world.cluster.remove('site-clone', 'site');
          await world.cluster.remove('shown');
        }
      });
    }

    it('status agrees with the cluster, says what it has forgotten, and release gives that up', async () => {
      const world = formed();
      const [anyone] = world.nodes as [Node];
      expect((await watchkeeper(anyone, 'configure', 'shown', '--apply', '--with', 'crm')).status).to.equal(0);
      const node = await world.settled('shown', 'shown');
      // Of a resource that was deleted while this node was without power, an earlier test may have left a hold.
      const well = await watchkeeper(node, 'status', 'shown', '--json');
      expect(well.status, said(well)).to.equal(0);
      const told = JSON.parse(well.stdout) as { cluster: { reachable: boolean; instances: { id: string; nodes: string[] }[] }; daemons: Record<string, { resource: string; node: string; observed: string; thisBoot: boolean; dropIn: boolean | null; mismatches: unknown[] }> };
      expect(told.cluster.instances.find(({ id }) => id === 'shown')?.nodes).to.deep.equal([node.node]);
      expect(told.daemons['shown']).to.include({ resource: 'shown', node: node.node, observed: 'running', thisBoot: true, dropIn: world.driver === 'systemd' ? true : null });
      expect(told.daemons['shown']?.mismatches).to.deep.equal([]);
      // A failure is shown with what became of it.
      await world.restarted('shown', () => world.kill(node, world.board(node, 'shown')?.pid ?? 0, 'SIGKILL'));
      await world.settled('shown', 'shown');
      const failed = await watchkeeper(node, 'status', 'shown', '--json');
      expect((JSON.parse(failed.stdout) as { daemons: Record<string, { failure: object }> }).daemons['shown']?.failure, said(failed)).to.include({ state: 'told', nextTry: null, error: null });
      expect((await watchkeeper(node, 'release', 'shown')).stderr).to.include('the cluster still has the resource shown');

      // As a resource that was deleted while this node was away leaves it.
      const ghost = { OCF_RESOURCE_INSTANCE: 'ghost', OCF_RESKEY_name: 'moved', OCF_RESKEY_CRM_meta_on_node: node.node, OCF_RESKEY_CRM_meta_timeout: '60000' };
      await node.must(['/usr/lib/ocf/resource.d/watchkeeper/daemon', 'start'], { environment: ghost, timeout: PATIENCE });
      const forgotten = await watchkeeper(node, 'status');
      expect(forgotten.status, said(forgotten)).to.equal(1);
      expect(forgotten.stdout).to.match(/^moved: running .*held by ghost/m).and.include('forgotten: the cluster has no resource ghost').and.include('next: watchkeeper cluster release moved');
      const released = await watchkeeper(node, 'release', 'moved');
      expect([released.status, world.isHeld(node, 'moved')], said(released)).to.deep.equal([0, false]);
      expect(world.isUp(node, 'moved')).to.equal(true);
      expect((await watchkeeper(node, 'status', 'shown')).status).to.equal(0);
      await node.must(['/usr/sbin/daemon-util', 'stop', 'moved'], { timeout: PATIENCE });
      await world.cluster.remove('shown');
    });

    it('a daemon migrates by its hook: push, pull, and a stop where it was', async () => {
      const world = formed();
      for (const node of world.nodes) await node.write(HOOK, `#!/bin/sh\necho "$1 $WATCHKEEPER_MIGRATE_SOURCE $WATCHKEEPER_MIGRATE_TARGET" >>/srv/moved/steps\n`, 0o755);
      const [anyone] = world.nodes as [Node];
      await anyone.must(['/usr/sbin/crm', 'configure', 'primitive', 'moved', 'ocf:watchkeeper:daemon', 'params', 'name=moved', `migrate_hook=${HOOK}`, 'meta', 'allow-migrate=true', 'op', 'monitor', 'interval=10s', 'timeout=20s'], { timeout: PATIENCE });
      const source = await world.settled('moved', 'moved');
      const [target] = world.nodes.filter((node) => node !== source) as [Node];
      await source.must(['/usr/sbin/crm_resource', '--move', '--resource', 'moved', '--node', target.node]);
      await world.cluster.until('the move', PATIENCE, (state) => state.runsOn('moved') === target.node);
      expect(await world.settled('moved', 'moved')).to.equal(target);
      expect([(await source.read('/srv/moved/steps')).trim(), (await target.read('/srv/moved/steps')).trim()]).to.deep.equal([`push ${source.node} ${target.node}`, `pull ${source.node} ${target.node}`]);
      expect([world.isUp(source, 'moved'), world.isHeld(source, 'moved'), world.isHeld(target, 'moved')]).to.deep.equal([false, false, true]);
      // With the constraint of the move still there: without it, it would be on its way back when it is to stop,
      // and Pacemaker 2.1.5 takes a migration that is broken off there for done.
      await world.cluster.remove('moved');
    });
  });
}
