import { expect } from 'chai';

import { heldStop } from '../../../src/app/held-stop.js';
import { FakeClock } from '../../support/fake-clock.js';

/** What was set going without being waited for. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the stop of what the cluster holds', () => {
  let clock: FakeClock;
  let calls: string[];
  let notes: string[];
  let hinders: boolean;
  let refusal: Error | undefined;
  const parts = (): Parameters<typeof heldStop>[1] => ({
    clock,
    note: (line) => notes.push(line),
    override: {
      put: () => Promise.resolve(),
      remove: (unit) => {
        calls.push(`remove ${unit}`);
        return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
      },
      hindersStop: () => Promise.resolve(hinders),
    },
  });
  const stop = (): Promise<string> => {
    calls.push('stop');
    return Promise.resolve('stopped');
  };

  beforeEach(() => {
    clock = new FakeClock();
    calls = [];
    notes = [];
    hinders = false;
    refusal = undefined;
  });

  afterEach(() => expect(clock.armed).to.equal(0));

  it('takes the override away when it is over', async () => {
    expect(await heldStop(['a', 'b'], parts(), stop)).to.equal('stopped');
    expect(calls).to.deep.equal(['stop', 'remove a', 'remove b']);
  });

  it('takes it away first where the cluster itself is ordered to end', async () => {
    hinders = true;
    await heldStop(['a'], parts(), stop);
    expect(calls).to.deep.equal(['remove a', 'stop']);
  });

  it('takes it away in the midst of a stop that takes long: it may wait for a cluster that has begun to end since', async () => {
    let finish: (word: string) => void = () => undefined;
    const ended = heldStop(['a'], parts(), () => {
      calls.push('stop');
      return new Promise<string>((resolve) => (finish = resolve));
    });
    await settled();
    clock.advance(999);
    await settled();
    expect(calls).to.deep.equal(['stop']);
    clock.advance(1);
    await settled();
    expect(calls).to.deep.equal(['stop', 'remove a']);
    finish('late');
    expect(await ended).to.equal('late');
    expect(calls).to.deep.equal(['stop', 'remove a']);
  });

  it('takes it away after a stop that fails, too', async () => {
    const failure = new Error('no');
    const told = await heldStop(['a'], parts(), () => Promise.reject(failure)).catch((error: unknown) => error);
    expect(told).to.equal(failure);
    expect(calls).to.deep.equal(['remove a']);
  });

  for (const early of [false, true]) {
    it(`stops, and says so, where it cannot be taken away (${early ? 'before' : 'after'})`, async () => {
      hinders = early;
      refusal = new Error('read-only');
      expect(await heldStop(['a', 'b'], parts(), stop)).to.equal('stopped');
      expect(notes).to.have.length(2);
      expect(notes[0]).to.include(' a ').and.include('read-only');
      expect(calls).to.have.members(['stop', 'remove a', 'remove b']);
    });
  }

  it('is a plain stop where nothing is overridden', async () => {
    expect(await heldStop(['a'], { ...parts(), override: undefined }, stop)).to.equal('stopped');
    expect(calls).to.deep.equal(['stop']);
  });
});
