import { expect } from 'chai';

import type { ClusterReport } from '../../../../src/core/cluster-report.js';
import type { ClusterHoldings } from '../../../../src/cli/watchkeeper/command.js';
import { World } from './world.js';

const REPORT: ClusterReport = { daemon: 'web', resource: 'rsc', node: 'n1', reason: 'killed by SIGSEGV', at: 60_000, state: 'pending', tries: 3, nextTry: 65_000, error: 'crm_resource ended with exit status 102\n' };
const HOLDINGS: ClusterHoldings = {
  view: { kind: 'seen', instances: [{ id: 'rsc', agent: 'ocf:watchkeeper:daemon', role: 'Started', failed: false, managed: true, nodes: ['n1'] }] },
  daemons: [{ name: 'web', hold: { resource: 'rsc', node: 'n1', bootId: 'b', started: true, at: 0 }, thisBoot: true, observed: 'running', pid: 7, dropIn: undefined }],
  scores: [], units: [], notHeld: [], reports: [],
};
const HEAD = 'the cluster answers; resources of our agents in it: 1\nweb: running (pid 7); held by rsc on n1 since 1970-01-01 00:00:00Z\n';

async function shown(reports: ClusterHoldings['reports'], ...options: string[]): ReturnType<World['run']> {
  const world = new World();
  world.holdings = { ...HOLDINGS, reports };
  return world.run('cluster', 'status', ...options);
}

describe('watchkeeper cluster status', () => {
  const CASES: readonly (readonly [string, ClusterHoldings['reports'], number, string])[] = [
    ['nothing of failures where there was none', [], 0, ''],
    ['what the cluster was told', [{ ...REPORT, state: 'told', nextTry: null, error: null }], 0, '  told: the cluster heard of its failure at 1970-01-01 00:01:00Z (killed by SIGSEGV); tries: 3\n'],
    ['what it could not be told yet', [REPORT], 1, '  untold: it failed at 1970-01-01 00:01:00Z (killed by SIGSEGV), and the cluster is not told yet; tries: 3, the next at 1970-01-01 00:01:05Z: crm_resource ended with exit status 102\\n\n  next: systemctl status pacemaker\n'],
    ['what it refuses to hear', [{ ...REPORT, state: 'refused', nextTry: null, error: 'no such resource' }], 1, '  refused: it failed at 1970-01-01 00:01:00Z (killed by SIGSEGV), and the cluster does not take that for rsc on n1: no such resource\n  next: crm_resource --locate --resource rsc\n'],
    ['what it need not hear any more', [{ ...REPORT, state: 'outdated', nextTry: null, error: 'pid 8 has taken its place' }], 0, '  its failure at 1970-01-01 00:01:00Z (killed by SIGSEGV) need not be told: pid 8 has taken its place\n'],
    ['nothing of a failure of another one', [{ ...REPORT, daemon: 'db' }], 0, ''],
    ['that nobody knows', { unknown: 'no watcher runs' }, 0, 'what the cluster was told of failures is not known: no watcher runs\n'],
  ];
  for (const [what, reports, status, tail] of CASES) {
    it(`shows ${what}`, async () => expect(await shown(reports)).to.deep.equal({ status, stdout: `${HEAD}${tail}`, stderr: '' }));
  }

  it('has it for programs, too', async () => {
    const { status, stdout } = await shown([REPORT], '--json');
    const { daemons, failuresUnknown } = JSON.parse(stdout) as { daemons: Record<string, { failure: object; mismatches: { code: string }[] }>; failuresUnknown: string | null };
    const { reason, at, state, tries, nextTry, error } = REPORT;
    expect([status, failuresUnknown, daemons['web']?.failure]).to.deep.equal([1, null, { reason, at, state, tries, nextTry, error }]);
    expect(daemons['web']?.mismatches.map(({ code }) => code)).to.deep.equal(['untold']);
    const unknown = JSON.parse((await shown({ unknown: 'silent' }, '--json')).stdout) as { daemons: Record<string, { failure: unknown }>; failuresUnknown: string };
    expect([unknown.failuresUnknown, unknown.daemons['web']?.failure]).to.deep.equal(['silent', null]);
  });
});
