import { expect } from 'chai';
import { mostSimilar } from '../../../src/core/similar.js';

describe('mostSimilar', () => {
  const known = ['executable', 'environment', 'after', 'user', 'requires'];
  for (const [word, expected] of [
    ['exectuable', 'executable'],
    ['Executable', 'executable'],
    ['enviroment', 'environment'],
    ['afetr', 'after'],
    ['usr', 'user'],
    ['requries', 'requires'],
    ['xyz', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ] as const) {
    it(`takes ${JSON.stringify(word.slice(0, 20))} for ${String(expected)}`, () => {
      expect(mostSimilar(word, known)).to.equal(expected);
    });
  }
});
