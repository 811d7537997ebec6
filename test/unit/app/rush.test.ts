import { expect } from 'chai';

import { Rush } from '../../../src/app/rush.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('app/rush', () => {
  /** What was done, in its order. */
  let done: string[] = [];
  let owed: string[] = [];
  let clock = new FakeClock();
  let rush = make();

  function make(): Rush {
    return new Rush(clock, (isOver) => {
      while (owed.length > 0 && !isOver()) {
        done.push(`wrote ${owed.shift()}`);
        clock.work(1);
      }
      return owed.length === 0;
    });
  }

  /** An end that takes 5 ms to deal with, and is to be written down. */
  const end = (name: string): void =>
    rush.act(() => {
      rush.begin();
      done.push(name);
      owed.push(name);
      clock.work(5);
      rush.owe();
    });

  beforeEach(() => {
    done = [];
    owed = [];
    clock = new FakeClock();
    rush = make();
  });

  it('does and writes down at once what comes alone', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      end(name);
      clock.advance(10);
    }
    expect(done).to.deep.equal(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) => [name, `wrote ${name}`]));
    clock.expectNoTimers();
  });

  it('deals with many in their order, before most of it is written down, and the loop turns in between', () => {
    const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
    names.forEach(end);
    expect(done.length, 'in one turn').to.be.lessThan(12);
    clock.advance(1000);
    expect(done.filter((line) => !line.startsWith('wrote'))).to.deep.equal(names);
    expect(done.filter((line) => line.startsWith('wrote'))).to.deep.equal(names.map((name) => `wrote ${name}`));
    expect(done.slice(0, names.length).filter((line) => line.startsWith('wrote')).length).to.be.lessThan(6);
    clock.expectNoTimers();
  });

  it('writes down in time although the rush goes on', () => {
    const names = Array.from({ length: 400 }, (_, index) => `d${index}`);
    names.forEach(end);
    clock.advance(1200);
    expect(done.length, 'not over yet').to.be.lessThan(800);
    expect(done.filter((line) => line.startsWith('wrote')).length).to.be.greaterThan(20);
  });

  it('writes all at the end, and does no more', () => {
    Array.from({ length: 40 }, (_, index) => `d${index}`).forEach(end);
    const before = done.filter((line) => !line.startsWith('wrote')).length;
    rush.finish();
    expect(owed).to.deep.equal([]);
    clock.advance(1000);
    expect(done.filter((line) => !line.startsWith('wrote')).length).to.equal(before);
    clock.expectNoTimers();
  });
});
