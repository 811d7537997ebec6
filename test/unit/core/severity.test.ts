import { expect } from 'chai';

import { complaints, severityOf } from '../../../src/core/severity.js';
import { daemonStatus } from '../../support/page-view.js';

const of = (overrides: Partial<Parameters<typeof daemonStatus>[0]>): string => severityOf(daemonStatus({ name: 'web', ...overrides }));

describe('severity', () => {
  it('is bad for what does not come back by itself soon', () => {
    for (const observed of ['failed', 'given-up', 'crash-loop'] as const) expect(of({ observed })).to.equal('bad');
  });

  it('is a warning for what is not as it should be', () => {
    for (const observed of ['degraded', 'waiting', 'backing-off', 'stopped'] as const) expect(of({ observed })).to.equal('warn');
    expect(of({ desired: 'down' })).to.equal('warn');
    expect(of({ warnings: ['its unit has drifted'] })).to.equal('warn');
    expect(of({ health: [{ name: 'answers', kind: 'liveness', by: 'tcp', state: 'unhealthy', last: 'refused', consecutive: 1, at: 1 }] })).to.equal('warn');
  });

  it('is calm about what is down as it should be: by hand, paused, or for want of a role', () => {
    expect(of({ observed: 'stopped', desired: 'down' })).to.equal('off');
    expect(of({ observed: 'waiting', paused: 'paused by ops' })).to.equal('off');
    expect(of({ observed: 'waiting', reason: 'not master: node2 is' })).to.equal('off');
    expect(of({ observed: 'failed', reason: 'not master' })).to.equal('off');
    for (const observed of ['waiting', 'stopped', 'failed'] as const) expect(of({ observed, reason: 'not master (role primary): node2 is' })).to.equal('off');
    expect(of({ observed: 'waiting', reason: 'whether this node is primary is not known: no answer' })).to.equal('warn');
    expect(of({})).to.equal('good');
  });

  it('names what is wrong with what runs', () => {
    expect(complaints(daemonStatus({ name: 'web', desired: 'down', warnings: ['w'] }))).to.deep.equal(['it runs although it is wanted down', 'w']);
  });
});
