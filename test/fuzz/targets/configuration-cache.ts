/** The configuration as it was understood last, as JSON: rubbish in it is as good as no cache. */
import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { ConfigurationCache } from '../../../src/adapters/config/cache.js';
import type { Configuration } from '../../../src/adapters/config/configuration.js';
import { loadWithTexts } from '../../../src/adapters/config/load.js';
import { hostile } from '../bytes.js';
import { EVERY_KEY } from '../samples.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const PROGRAM = 'build';
const FILE = 'configuration';
/** Stands for the directory, which differs in each run: a record of another one is not believed, and goes no further. */
const HERE = '@HERE@';

/** A main file in a directory of its own, and what its record goes by. */
class Site {
  readonly scratch = new Scratch();
  readonly main = this.scratch.write('watchkeeper.yaml', EVERY_KEY);
  readonly environment = { WATCHKEEPER_PATHS_RUNTIME: this.scratch.directory };

  cache(): ConfigurationCache {
    return new ConfigurationCache(this.main, this.environment, PROGRAM);
  }

  put(record: Buffer): ConfigurationCache {
    this.scratch.write(FILE, Buffer.from(record.toString('latin1').replaceAll(HERE, this.scratch.directory), 'latin1'));
    return this.cache();
  }
}

/** A whole record, as the cache itself writes it. */
async function sample(): Promise<Buffer> {
  const site = new Site();
  try {
    const { configuration, texts } = loadWithTexts(site.main, site.environment);
    await site.cache().write(configuration, texts);
    return Buffer.from(readFileSync(site.scratch.at(FILE), 'utf8').replaceAll(site.scratch.directory, HERE));
  } finally {
    site.scratch.remove();
  }
}

const SAMPLE = await sample();

/** The way to each value in it. */
function ways(value: unknown, way: readonly string[] = []): readonly (readonly string[])[] {
  return [way, ...(typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => ways(inner, [...way, key])) : [])];
}

const whole = JSON.parse(SAMPLE.toString()) as unknown;
const WAYS = ways(whole).filter((way) => way.length > 0);
/** Of the record itself; there are thousands below. */
const SHORT_WAYS = WAYS.filter(({ length }) => length <= 4);
const ODD = [undefined, null, 5, -1.5, true, '', 'x', '/dev/zero', '\0', [], {}, [null], [[]], [5, 'x'], { path: 5 }, { path: '\0', text: '' }];

function changed(way: readonly string[], odd: unknown): Buffer {
  const record = structuredClone(whole);
  let at = record as Record<string, unknown>;
  for (const key of way.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[way.at(-1) ?? ''] = odd;
  return Buffer.from(JSON.stringify(record));
}

/** The record with one value that is something else, or is not there. */
const odd = fc.tuple(fc.oneof(fc.constantFrom(...SHORT_WAYS), fc.constantFrom(...WAYS)), fc.constantFrom(...ODD)).map(([way, value]) => changed(way, value));

export const target: Target = {
  inputs: fc.oneof({ weight: 2, arbitrary: hostile([SAMPLE], 200_000) }, { weight: 1, arbitrary: odd }),
  batch: 300,
  open() {
    const site = new Site();
    // Else nothing below would be tried.
    for (const kept of both(site.put(SAMPLE))) expect(kept?.catalogue.daemons.map(({ name }) => name)).to.deep.equal(['db', 'web']);
    return {
      try(input) {
        for (const kept of both(site.put(input))) {
          if (kept === undefined) continue;
          expect(kept.main).to.equal(site.main);
          for (const list of [kept.catalogue.daemons, kept.tasks, kept.hooks, kept.files]) expect(list).to.be.an('array');
          for (const values of [kept.settings, kept.paths, kept.catalogue.group]) expect(values).to.be.an('object');
        }
      },
      close: () => site.scratch.remove(),
    };
  },
};

function both(cache: ConfigurationCache): readonly (Configuration | undefined)[] {
  return [cache.read(), cache.last()];
}
