/** Bodies of control requests, and what the cluster hands over for an agent. */
import { expect } from 'chai';
import fc from 'fast-check';

import { parseAction } from '../../../src/adapters/control-socket/protocol.js';
import { route } from '../../../src/adapters/control-socket/routes.js';
import { isClusterName } from '../../../src/core/cluster-hold.js';
import { ocfCall } from '../../../src/core/ocf-call.js';
import { parseAgentRequest } from '../../../src/core/ocf-request.js';
import { anyWord, hostile, nested } from '../bytes.js';
import { mustBePrintable, mustBeTold, mustBeUnpolluted } from '../demands.js';
import type { Target } from '../target.js';

const ACTION = JSON.stringify({ names: ['web', 'db'], by: 'root', oneShotArguments: { web: ['-x', ''] }, hold: true, unrecorded: true, stopTimeout: 500 });
const AGENT = '1\0daemon\0start\0OCF_RESOURCE_INSTANCE=web:0\0OCF_RESKEY_name=web\0OCF_RESKEY_CRM_meta_timeout=20000\0OCF_RESKEY_CRM_meta_interval=0\0OCF_RESKEY_CRM_meta_on_node=n1\0OCF_CHECK_LEVEL=10\0OCF_RESKEY_crm_feature_set=3.17.4\0';
const action = fc.dictionary(fc.oneof(fc.constantFrom('names', 'by', 'oneShotArguments', 'hold', 'unrecorded', 'stopTimeout'), anyWord), fc.jsonValue(), { maxKeys: 6 }).map((value) => Buffer.from(JSON.stringify(value)));
const agent = fc.tuple(fc.constantFrom('daemon', 'role', 'unit', 'x'), fc.constantFrom('start', 'stop', 'monitor', 'promote', 'meta-data'), fc.array(fc.tuple(fc.constantFrom('OCF_RESOURCE_INSTANCE', 'OCF_RESKEY_name', 'OCF_RESKEY_CRM_meta_timeout', 'OCF_RESKEY_CRM_meta_on_node', 'OCF_CHECK_LEVEL', 'OCF_x', 'PATH', 'OCF_'), anyWord), { maxLength: 12 })).map(
  ([name, verb, variables]) => Buffer.from(['1', name, verb, ...variables.map((pair) => pair.join('=')), ''].join('\0')),
);
const deep = nested([['[', ']'], ['{"a":', '}'], ['{"names":[', ']}'], ['OCF_a=\0', '']], 60_000).map((text) => Buffer.from(text));

export const target: Target = {
  inputs: fc.oneof({ weight: 6, arbitrary: hostile([ACTION, AGENT], 300_000) }, { weight: 3, arbitrary: action }, { weight: 3, arbitrary: agent }, { weight: 1, arbitrary: deep }),
  batch: 300,
  open: () => ({
    try(input) {
      const text = input.toString('utf8');
      const request = parseAction(text);
      if (typeof request === 'string') expect(request.length).to.be.within(1, 400);
      else {
        expect(request.names.length).to.be.within(1, 10_000);
        for (const word of [...request.names, request.by, ...Object.values(request.oneShotArguments).flat()]) expect(word).to.be.a('string');
        for (const word of Object.values(request.oneShotArguments).flat()) expect(word).to.not.include('\0');
        expect([typeof request.hold, typeof request.unrecorded]).to.deep.equal(['boolean', 'boolean']);
        if (request.stopTimeout !== undefined) expect(Number.isInteger(request.stopTimeout) && request.stopTimeout > 0).to.equal(true);
      }
      const routed = route('POST', text);
      if (routed.kind === 'refused') expect(routed.status).to.be.oneOf([404, 405]);
      mustBeAgentRequest(text);
      mustBeUnpolluted();
    },
  }),
};

function mustBeAgentRequest(text: string): void {
  const request = parseAgentRequest(text);
  if (typeof request === 'string') {
    mustBePrintable(request);
    return;
  }
  for (const name of Object.keys(request.environment)) expect(name).to.match(/^OCF_/);
  try {
    const call = ocfCall(request.environment);
    expect(isClusterName(call.resource)).to.equal(true);
    expect(call.node === undefined || isClusterName(call.node)).to.equal(true);
    expect(Number.isSafeInteger(call.timeout) && call.timeout >= 0).to.equal(true);
    expect(call.level).to.be.oneOf([0, 10, 20]);
    expect(call.parameter('name') ?? 'x').to.not.match(/[\0-\x1f\x7f]/).and.not.equal('');
  } catch (error) {
    mustBeTold(error, ['USAGE']);
  }
}
