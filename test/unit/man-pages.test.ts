/** The manual pages, held against the tables of commands and the schemas. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { manualBlocks } from '../support/man-reference.js';

const PAGES = resolve(import.meta.dirname, '../../docs/man');

describe('docs/man', () => {
  for (const [page, blocks] of Object.entries(manualBlocks())) {
    const text = readFileSync(resolve(PAGES, page), 'utf8');
    for (const [name, block] of Object.entries(blocks)) {
      it(`${page} has the ${name} that there are, and no other`, () => {
        const found = new RegExp(`^; ${name}\\n\\n([^]*?)\\n; end$`, 'm').exec(text)?.[1];
        expect(found, 'npx tsx test/support/fill-man-pages.ts makes it').to.equal(block);
      });
    }
  }
});
