/** The configuration as it was understood last, as JSON: rubbish in it is as good as no cache. */
import { expect } from 'chai';

import { ConfigurationCache } from '../../../src/adapters/config/cache.js';
import { loadWithTexts } from '../../../src/adapters/config/load.js';
import { hostile } from '../bytes.js';
import { EVERY_KEY } from '../samples.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';
import { readFileSync } from 'node:fs';

const PROGRAM = 'build';

/** A whole record, as the cache itself writes it. */
async function sample(): Promise<Buffer> {
  const scratch = new Scratch();
  try {
    const main = scratch.write('watchkeeper.yaml', EVERY_KEY);
    const environment = { WATCHKEEPER_PATHS_RUNTIME: scratch.directory };
    const { configuration, texts } = loadWithTexts(main, environment);
    await new ConfigurationCache(main, environment, PROGRAM).write(configuration, texts);
    return readFileSync(scratch.at('configuration'));
  } finally {
    scratch.remove();
  }
}

const whole = { format: 2, program: PROGRAM };
const ODD = [whole, { ...whole, meaning: {} }, { ...whole, meaning: null, environment: 5 }, [1], 'x', null]
  .flatMap((value) => [{ value, absent: [] }, { value, absent: [['meaning', 'main'], ['__proto__', 'x'], []] }, { value }])
  .map((record) => Buffer.from(JSON.stringify(record)));

export const target: Target = {
  inputs: hostile([await sample(), ...ODD], 200_000),
  batch: 300,
  open() {
    const scratch = new Scratch();
    const main = scratch.write('watchkeeper.yaml', EVERY_KEY);
    const environment = { WATCHKEEPER_PATHS_RUNTIME: scratch.directory };
    return {
      try(input) {
        scratch.write('configuration', input);
        const cache = new ConfigurationCache(main, environment, PROGRAM);
        for (const kept of [cache.read(), cache.last()]) {
          if (kept === undefined) continue;
          expect(kept.main).to.equal(main);
          expect(kept.catalogue.daemons).to.be.an('array');
        }
      },
      close: () => scratch.remove(),
    };
  },
};
