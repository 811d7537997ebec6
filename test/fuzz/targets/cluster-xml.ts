/** What Pacemaker's tools print: crm_mon's view, a primitive of the CIB. */
import { expect } from 'chai';
import fc from 'fast-check';

import { crmResource } from '../../../src/adapters/pacemaker/crm-resource.js';
import { daemonResource } from '../../../src/core/cluster-commands.js';
import { differences } from '../../../src/core/cluster-resource.js';
import { mismatches, parseCrmMon } from '../../../src/core/cluster-view.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { hostile, nested } from '../bytes.js';
import { mustBePrintable, mustBeUnpolluted } from '../demands.js';
import type { Target } from '../target.js';

const MON = `<pacemaker-result api-version="2.25" request="crm_mon --output-as=xml">
  <resources>
    <resource id="web" resource_agent="ocf:watchkeeper:daemon" role="Started" active="true" managed="true" failed="true"><node name="n1" id="1" cached="true"/></resource>
    <clone id="site-clone"><resource id="site:0" resource_agent="ocf::watchkeeper:role" role="Stopped" managed="false" failed="false"/></clone>
  </resources>
  <status code="0" message="OK"/>
</pacemaker-result>
`;
const PRIMITIVE = `<primitive id="web" class="ocf" provider="watchkeeper" type="daemon">
  <instance_attributes id="web-i"><nvpair name="name" value="web" id="x"/></instance_attributes>
  <operations><op name="start" timeout="40s" interval="0s" id="s"/><op name="monitor" interval="10000ms" timeout="20s" id="m"><instance_attributes><nvpair name="OCF_CHECK_LEVEL" value="10"/></instance_attributes></op></operations>
</primitive>
`;
const deep = nested([['<a>', '</a>'], ['<primitive>', ''], ['<op ', '>'], ['<a x=""', '>'], [' x=""', ''], ['<', '>'], ['<a\n', ''], ['</a>', ''], ['&amp;', '']], 12_000);
const RESOURCE = daemonResource(daemonSpec({ name: 'web' }));
const HELD = { name: 'web', hold: { resource: 'web', node: 'n1', bootId: 'b', started: true, at: 0 }, thisBoot: true, observed: 'running', pid: 1, dropIn: false };

export const target: Target = {
  inputs: fc.oneof({ weight: 4, arbitrary: hostile([MON, PRIMITIVE], 64 * 1024) }, { weight: 1, arbitrary: deep.map((text) => Buffer.from(`<primitive id="web" ${text}</pacemaker-result>`)) }, { weight: 1, arbitrary: deep.map((text) => Buffer.from(`<resource>${text}</pacemaker-result>`)) }),
  batch: 200,
  open: () => ({
    async try(input) {
      const text = input.toString('utf8');
      for (const difference of differences(RESOURCE, text)) expect(difference).to.be.a('string').and.not.equal('');
      const instances = parseCrmMon(text);
      if (instances !== undefined) {
        for (const { id, agent, role, nodes } of instances) for (const word of [id, agent, role, ...nodes]) expect(word).to.be.a('string');
        expect(mismatches(HELD, { kind: 'seen', instances })).to.be.an('array');
      }
      const said = await crmResource({ run: () => Promise.resolve({ exit: { kind: 'exited', status: 1 }, timedOut: false, stdout: text, stderr: text }) }).fail('web', 'n1');
      if (said.kind !== 'told') mustBePrintable(said.reason);
      mustBeUnpolluted();
    },
  }),
};
