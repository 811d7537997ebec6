import { expect } from 'chai';

import { addressesOf, type AddressHolder, asRefusal, explainRefusal, type Refusal, type RefusalRule } from '../../../src/core/refusal.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const RULES: readonly RefusalRule[] = [
  { code: 'no-quorum', output: 'too few votes (', reason: 'too few agree', next: 'waking the others' },
  { code: 'wrong-user', output: 'wrong user', reason: 'it has another user', next: 'user in the catalogue' },
];
const TCP = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;

function told(output: string, holders: readonly AddressHolder[] = [], rules = RULES): Refusal | undefined {
  return explainRefusal({ output, rules, holders: () => holders });
}

describe('why a daemon refused to start', () => {
  it('is what the catalogue says of a text in its output', () => {
    expect(told('a\nb: too few votes (1 of 3)\nc')).to.deep.equal({ code: 'no-quorum', reason: 'too few agree', next: 'waking the others' });
    const both = [...RULES, { code: 'not-configured', output: 'wrong user', reason: '', next: '' }] as const;
    expect(told('wrong user', [], both)?.code).to.equal('wrong-user');
    // a fixed text, no pattern
    expect(told('too few votes 1')).to.equal(undefined);
    expect(told('', [], [])).to.equal(undefined);
  });

  it('is an address that is taken, as libc and Node say it, with whoever holds it', () => {
    for (const said of ['bind: Address already in use', 'Error: listen EADDRINUSE: address 0.0.0.0:80']) {
      const refusal = told(said, [{ address: TCP, process: { pid: 7, name: 'nginx\n' } }]);
      expect(refusal).to.include({ code: 'address-taken', reason: "the address 127.0.0.1:80 is taken by pid 7 ('nginx\\n')" });
      expect(refusal?.next).to.include('ps -fp 7');
    }
    expect(told('EADDRINUSE', [{ address: { kind: 'unix', path: '/run/x' }, process: undefined }])?.reason).to.equal('the socket /run/x is taken');
    expect(told('EADDRINUSE')).to.include({ code: 'address-taken', reason: 'an address that it wants to listen on is taken' });
  });

  it('is the one that it said last', () => {
    expect(told('wrong user, too few votes (0)')?.code).to.equal('no-quorum');
    expect(told('too few votes (0), wrong user')?.code).to.equal('wrong-user');
    expect(told('too few votes (0)\nAddress already in use')?.code).to.equal('address-taken');
    expect(told('too few votes (0)\nwrong user\ntoo few votes (1)')?.code).to.equal('no-quorum');
  });

  it('asks who listens only where an address is said to be taken', () => {
    const holders = (): never => {
      throw new Error('asked');
    };
    expect(explainRefusal({ output: 'no such file', rules: RULES, holders })).to.equal(undefined);
    expect(explainRefusal({ output: 'Address already in use; wrong user', rules: RULES, holders })?.code).to.equal('wrong-user');
  });

  it('is known again in a failure', () => {
    expect(asRefusal({ code: 'address-taken', reason: 'r', next: 'n' })).to.deep.equal({ code: 'address-taken', reason: 'r', next: 'n' });
    expect(asRefusal({ code: 'failed', reason: 'r', next: 'n' })).to.equal(undefined);
  });
});

describe('the addresses of a daemon', () => {
  it('are those of its readiness and health checks, each once', () => {
    const check = { kind: 'readiness', grace: 0, interval: 1, timeout: 1, successThreshold: 1, failureThreshold: 1 } as const;
    const http = (url: string, socket?: string) => ({ kind: 'http', url, socket, status: undefined, verify: true }) as const;
    const spec = daemonSpec({
      name: 'x',
      readiness: TCP,
      health: [
        { ...check, name: 'a', method: http('http://127.0.0.1/health') },
        { ...check, name: 'b', method: http('https://user@[::1]/x?y#z') },
        { ...check, name: 'c', method: http('http://localhost:8080') },
        { ...check, name: 'd', method: http('http://localhost', '/run/s') },
        { ...check, name: 'e', method: { kind: 'pid-file' } },
      ],
    });
    expect(addressesOf(spec)).to.deep.equal([TCP, { kind: 'tcp', host: '::1', port: 443 }, { kind: 'tcp', host: 'localhost', port: 8080 }, { kind: 'unix', path: '/run/s' }]);
    expect(addressesOf(daemonSpec({ name: 'y', readiness: { kind: 'settled', settle: 1 } }))).to.deep.equal([]);
  });
});
