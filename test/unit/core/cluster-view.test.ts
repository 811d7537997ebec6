import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import type { ClusterReport } from '../../../src/core/cluster-report.js';
import { MISMATCHES, mismatches, parseCrmMon, reportMismatch, type ClusterInstance, type ClusterView, type HeldDaemon } from '../../../src/core/cluster-view.js';

const DOCUMENT = new URL('../../../docs/pacemaker.md', import.meta.url);

const XML = `<pacemaker-result api-version="2.25" request="crm_mon --output-as=xml">
  <resources>
    <resource id="web" resource_agent="ocf:watchkeeper:daemon" role="Started" active="true" orphaned="false" blocked="false" managed="true" failed="true" failure_ignored="false" nodes_running_on="1">
      <node name="n1" id="1" cached="true"/>
    </resource>
    <resource id="ip" resource_agent="ocf:heartbeat:IPaddr2" role="Started" active="true" managed="true" failed="false"><node name="n2"/></resource>
    <clone id="site-clone" multi_state="true">
      <resource id="site" resource_agent="ocf::watchkeeper:role" role="Stopped" active="false" managed="false" failed="false" nodes_running_on="0"/>
    </clone>
  </resources>
  <status code="0" message="OK"/>
</pacemaker-result>
`;

describe('what the cluster says of itself', () => {
  it('is read from crm_mon, of our agents alone', () => {
    expect(parseCrmMon(XML)).to.deep.equal([
      { id: 'web', agent: 'ocf:watchkeeper:daemon', role: 'Started', failed: true, managed: true, nodes: ['n1'] },
      { id: 'site', agent: 'ocf:watchkeeper:role', role: 'Stopped', failed: false, managed: false, nodes: [] },
    ]);
  });

  it('is nothing where a part is missing: a resource that is cut off is not one that the cluster has forgotten', () => {
    for (const text of ['', 'crm_mon: Error', XML.slice(0, 700), XML.trimEnd().slice(0, -1)]) expect(parseCrmMon(text)).to.equal(undefined);
  });
});

describe('a hold and the cluster', () => {
  const instance: ClusterInstance = { id: 'web', agent: 'ocf:watchkeeper:daemon', role: 'Started', failed: false, managed: true, nodes: ['n1'] };
  const held: HeldDaemon = { name: 'web', hold: { resource: 'web', node: 'n1', bootId: 'b', started: true, at: 0 }, thisBoot: true, observed: 'running', pid: 7, dropIn: true };
  const seen = (...instances: readonly ClusterInstance[]): ClusterView => ({ kind: 'seen', instances });
  const codes = (daemon: Partial<HeldDaemon>, view: ClusterView): readonly string[] => mismatches({ ...held, ...daemon }, view).map(({ code }) => code);

  it('agree where it runs here, or is down and the cluster knows', () => {
    expect(codes({}, seen(instance))).to.deep.equal([]);
    expect(codes({ dropIn: undefined }, seen({ ...instance, id: 'web:1' }))).to.deep.equal([]);
    expect(codes({ observed: 'stopped', pid: null, dropIn: false }, seen({ ...instance, role: 'Stopped', nodes: [] }))).to.deep.equal([]);
    expect(codes({ observed: 'starting', pid: null, hold: { ...held.hold, started: false } }, seen({ ...instance, role: 'Starting' }))).to.deep.equal([]);
  });

  const CASES: readonly (readonly [string, readonly string[], Partial<HeldDaemon>, ClusterView])[] = [
    ['the resource was deleted', ['forgotten'], {}, seen({ ...instance, id: 'webserver' })],
    ['the cluster has it stopped', ['not-here'], {}, seen({ ...instance, role: 'Stopped', nodes: [] })],
    ['the cluster has it on another node', ['not-here'], {}, seen({ ...instance, nodes: ['n2'] })],
    ['it is down', ['down'], { observed: 'given-up', pid: null }, seen(instance)],
    ['it is failed and in maintenance', ['failed', 'unmanaged'], {}, seen({ ...instance, failed: true, managed: false })],
    ['it was held before the boot', ['earlier-boot'], { thisBoot: false, observed: 'waiting', pid: null }, seen({ ...instance, nodes: ['n2'] })],
    ['its drop-in is gone', ['drop-in-missing'], { dropIn: false }, seen(instance)],
    ['Pacemaker is down', ['unreachable'], {}, { kind: 'unreachable', reason: 'crm_mon ended with exit status 102' }],
    ['Pacemaker is not installed', ['unreachable'], {}, { kind: 'absent', reason: 'no crm_mon' }],
  ];

  for (const [what, expected, daemon, view] of CASES) {
    it(`differ where ${what}: ${expected.join(', ')}`, () => expect(codes(daemon, view)).to.deep.equal(expected));
  }

  it('differ where the cluster was to be told of a failure and is not', () => {
    const report: ClusterReport = { daemon: 'web', resource: 'web', node: 'n1', reason: 'killed by SIGSEGV', at: 0, state: 'pending', tries: 3, nextTry: 4000, error: 'no connection' };
    expect(reportMismatch(report)).to.deep.equal({ code: 'untold', what: 'it failed at 1970-01-01 00:00:00Z (killed by SIGSEGV), and the cluster is not told yet; tries: 3, the next at 1970-01-01 00:00:04Z: no connection', command: 'systemctl status pacemaker' });
    expect(reportMismatch({ ...report, tries: 0, nextTry: null, error: null })?.what).to.match(/tries: 0, one is under way$/);
    expect(reportMismatch({ ...report, state: 'refused', nextTry: null })?.code).to.equal('refused');
    for (const state of ['told', 'outdated'] as const) expect(reportMismatch({ ...report, state })).to.equal(undefined);
  });

  it('have a row in the document for each way to differ', () => {
    const document = readFileSync(DOCUMENT, 'utf8');
    for (const code of Object.keys(MISMATCHES)) expect(document, code).to.match(new RegExp(`^\\| \`${code}\` \\|`, 'm'));
  });
});
