import { expect } from 'chai';

import { daemonResource, roleResource } from '../../../src/core/cluster-commands.js';
import { differences } from '../../../src/core/cluster-resource.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const web = daemonSpec({ name: 'web', startTimeout: 30_000, stopTimeout: 45_000 });

/** As crm and pcs write it, each in its own way. */
const XML = `<primitive id="web" class="ocf" provider="watchkeeper" type="daemon">
  <instance_attributes id="web-instance_attributes"><nvpair name="name" value="web" id="web-instance_attributes-name"/></instance_attributes>
  <meta_attributes id="web-meta"><nvpair name="resource-stickiness" value="1" id="web-meta-s"/></meta_attributes>
  <operations>
    <op name="start" timeout="40s" interval="0s" id="web-start-0s"/>
    <op name="stop" timeout="100" interval="0" id="web-stop-0"/>
    <op name="monitor" interval="10000ms" timeout="20s" id="web-monitor-10s"/>
    <op name="reload" timeout="5s" interval="0s" id="web-reload-0s"/>
  </operations>
</primitive>
`;

describe('a resource that the cluster has already', () => {
  it('is the same whatever else its operator gave it, and in whatever units its times are', () => {
    expect(differences(daemonResource(web), XML)).to.deep.equal([]);
  });

  const CHANGES: readonly (readonly [string, string, string])[] = [
    ['provider="watchkeeper"', 'provider="heartbeat"', 'it is of ocf:heartbeat:daemon, not ocf:watchkeeper:daemon'],
    ['name="name" value="web"', 'name="name" value="a&quot;b"', 'parameter name is a"b, and would be web'],
    ['name="name" value="web"', 'name="deep_hook" value="/x"', 'parameter deep_hook is /x, and would be not set|parameter name is not set, and would be web'],
    ['timeout="40s"', 'timeout="1min"', 'time-out of operation start is 1min, and would be 40s'],
    ['interval="10000ms"', 'interval="11s"', 'it has no operation monitor interval=10s'],
    ['<primitive id="web"', '<primitive id="other"', 'web is not a primitive resource'],
  ];

  for (const [from, to, expected] of CHANGES) {
    it(`is another one with ${to}`, () => {
      expect(differences(daemonResource(web), XML.replace(from, to)).slice().sort().join('|')).to.equal(expected);
    });
  }

  it('may name its roles in the older words, and has each level of its monitor', () => {
    const site = roleResource('site', 'master', [daemonSpec({ name: 'web', startTimeout: 10_000, stopTimeout: 5_000, health: [] })], []);
    const ops = site.operations.map(({ name, interval = 0, timeout, role }) => `<op name="${name}" interval="${interval}s" timeout="${timeout}s"${role === undefined ? '' : ` role="${role === 'Promoted' ? 'Master' : 'Slave'}"`}/>`);
    const xml = `<xpath-query><primitive id="site" class="ocf" provider="watchkeeper" type="role"><instance_attributes id="i"><nvpair name="node_role" value="node"/><nvpair name="master_role" value="master"/></instance_attributes><operations>${ops.join('')}</operations></primitive></xpath-query>`;
    expect(differences(site, xml)).to.deep.equal([]);
    expect(differences(site, xml.replace('role="Master"', 'role="Slave"'))).to.deep.equal(['it has no operation monitor interval=9s role=Promoted']);
  });
});
