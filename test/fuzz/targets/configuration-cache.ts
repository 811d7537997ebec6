/** The configuration as it was understood last, in V8's own format: rubbish in it is as good as no cache. */
import { serialize } from 'node:v8';

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

const ODD = [{ format: 1, program: PROGRAM }, { format: 1, program: PROGRAM, meaning: {} }, { format: 1, program: PROGRAM, meaning: null, environment: 5 }, [1], 'x', new Map([['format', 1]])].map((value) => serialize(value));

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
