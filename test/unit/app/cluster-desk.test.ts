import { expect } from 'chai';

import { ClusterDesk } from '../../../src/app/cluster-desk.js';
import type { AgentRequest } from '../../../src/core/ocf-request.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import type { OcfAnswer } from '../../../src/core/ocf.js';
import { FakeClock } from '../../support/fake-clock.js';

const HERE = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function request(action: AgentRequest['action'], resource = 'rsc'): AgentRequest {
  return { agent: 'daemon', action, environment: { OCF_RESOURCE_INSTANCE: resource, OCF_RESKEY_CRM_meta_timeout: '40000' } };
}

describe('cluster desk', () => {
  let clock: FakeClock;
  let begun: string[];
  let ends: Map<string, (answer: OcfAnswer) => void>;
  let desk: ClusterDesk;
  let serves = true;

  beforeEach(() => {
    clock = new FakeClock();
    begun = [];
    ends = new Map();
    serves = true;
    desk = new ClusterDesk({
      clock,
      serves: () => Promise.resolve(serves),
      perform: ({ action }, call, _gone, note) => {
        begun.push(`${action} ${call.resource}`);
        note(`did ${action}`);
        return new Promise((resolve) => ends.set(`${action} ${call.resource}`, resolve));
      },
    });
  });

  it('answers with what was said beside', async () => {
    const reply = desk.act(request('start'), HERE);
    await settled();
    ends.get('start rsc')?.({ status: 0 });
    expect(await reply).to.deep.equal({ answer: { status: 0 }, notes: ['did start'] });
    expect(clock.armed).to.equal(0);
  });

  it('does one thing of a resource after the other, and different resources side by side', async () => {
    const start = desk.act(request('start'), HERE);
    const stop = desk.act(request('stop'), HERE);
    const other = desk.act(request('start', 'other'), HERE);
    await settled();
    expect(begun).to.deep.equal(['start rsc', 'start other']);
    ends.get('start rsc')?.({ status: 1 });
    await start;
    await settled();
    expect(begun).to.deep.equal(['start rsc', 'start other', 'stop rsc']);
    for (const end of ends.values()) end({ status: 0 });
    await Promise.all([stop, other]);
    expect(clock.armed).to.equal(0);
  });

  it('does not wait for ever for what does not end', async () => {
    const hung = desk.act(request('stop'), HERE);
    const next = desk.act(request('stop'), HERE);
    await settled();
    expect(begun).to.have.length(1);
    clock.advance(10_000);
    await settled();
    expect(begun).to.have.length(2);
    ends.get('stop rsc')?.({ status: 0 });
    expect((await next)?.answer).to.deep.equal({ status: 0 });
    void hung;
  });

  it('begins nothing for one that has left while it waited for its turn', async () => {
    const first = desk.act(request('start'), HERE);
    const left = new AbortController();
    const second = desk.act(request('start'), left.signal);
    await settled();
    left.abort();
    ends.get('start rsc')?.({ status: 0 });
    await Promise.all([first, second]);
    expect(begun).to.have.length(1);
  });

  it('leaves to the agent what is not for the watcher', async () => {
    serves = false;
    expect(await desk.act(request('start'), HERE)).to.equal(undefined);
    expect(begun).to.deep.equal([]);
  });

  it('tells an error in the words of OCF, and what is no resource as such', async () => {
    const failing = new ClusterDesk({ clock, serves: () => Promise.resolve(true), perform: () => Promise.reject(new WatchkeeperError('STATE_UNWRITABLE', 'cannot write', 'it is full', 'df')) });
    expect((await failing.act(request('start'), HERE))?.answer).to.deep.equal({ status: 1, reason: 'cannot write: it is full; try df' });
    expect((await desk.act({ ...request('start'), environment: { OCF_RESOURCE_INSTANCE: 'a b' } }, HERE))?.answer.status).to.equal(2);
    expect(begun).to.deep.equal([]);
  });
});
