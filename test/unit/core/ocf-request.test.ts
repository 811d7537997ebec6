import { expect } from 'chai';

import { parseAgentRequest } from '../../../src/core/ocf-request.js';

const text = (...fields: string[]): string => fields.map((field) => `${field}\0`).join('');

describe('ocf-request', () => {
  it('takes variables of OCF as they are', () => {
    expect(parseAgentRequest(text('1', 'daemon', 'start', 'OCF_A=a=b\n', 'OCF_RESKEY_CRM_meta_x='))).to.deep.equal({ agent: 'daemon', action: 'start', environment: { OCF_A: 'a=b\n', OCF_RESKEY_CRM_meta_x: '' } });
    expect(parseAgentRequest(text('1', 'role', 'demote'))).to.deep.equal({ agent: 'role', action: 'demote', environment: {} });
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /version/],
    ['half of a text', text('1', 'daemon', 'start').slice(0, -1), /end with a NUL/],
    ['another version', text('2', 'daemon', 'start'), /version/],
    ['another agent', text('1', '__proto__', 'start'), /no agent/],
    ['another action', text('1', 'daemon', 'constructor'), /does not do that/],
    ['another variable', text('1', 'daemon', 'start', 'PATH=/tmp'), /variables of OCF/],
    ['a variable without a value', text('1', 'daemon', 'start', 'OCF_A'), /variables of OCF/],
    ['a name that is none', text('1', 'daemon', 'start', 'OCF_A-B=1'), /variables of OCF/],
    ['a variable twice', text('1', 'daemon', 'start', 'OCF_A=1', 'OCF_A=2'), /twice/],
    ['too many variables', text('1', 'daemon', 'start', ...Array.from({ length: 1001 }, (_, index) => `OCF_${index}=`)), /more than 1000/],
  ];
  for (const [what, request, why] of refused) it(`refuses ${what}`, () => expect(parseAgentRequest(request)).to.match(why));
});
