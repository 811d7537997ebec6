import { expect } from 'chai';

import { Rendering } from '../../../../src/adapters/web/rendering.js';

describe('Rendering', () => {
  let now: number;
  let made: number;
  let text: string;

  beforeEach(() => {
    now = 0;
    made = 0;
    text = 'a';
  });

  /** @param cost ms that it takes */
  function rendering(cost: number): Rendering {
    return new Rendering(() => {
      made += 1;
      now += cost;
      return Promise.resolve(text);
    }, () => now);
  }

  it('is made once for all who ask at a time', async () => {
    const page = rendering(1);
    const [one, two] = await Promise.all([page.current(), page.current()]);
    expect(one).to.equal(two);
    await page.current();
    expect(made).to.equal(1);
  });

  it('is not made if nobody asks, and takes a small share of the time if somebody does all the time', async () => {
    const page = rendering(200);
    expect(made).to.equal(0);
    for (; now < 60_000; now += 10) await page.current();
    expect((made * 200) / now).to.be.within(0.03, 0.045);
  });

  it('has another version only where another thing is shown', async () => {
    const page = rendering(1);
    const first = await page.current();
    now += 2000;
    const same = await page.current();
    expect(same).to.equal(first);
    now += 2000;
    text = 'b';
    expect((await page.current()).version).not.to.equal(first.version);
    expect(made).to.equal(3);
  });

  it('is tried again after a failure', async () => {
    let fails = true;
    const page = new Rendering(() => (fails ? Promise.reject(new Error('no')) : Promise.resolve('x')), () => now);
    const failure = await page.current().then(() => undefined, (error: unknown) => error);
    expect(String(failure)).to.equal('Error: no');
    fails = false;
    expect((await page.current()).body.toString()).to.equal('x');
  });
});
