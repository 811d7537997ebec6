/** `npx tsx test/support/fill-man-pages.ts` after a change of a table or schema: writes the blocks of docs/man anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { manualBlocks } from './man-reference.js';

for (const [page, blocks] of Object.entries(manualBlocks())) {
  const file = new URL(`../../docs/man/${page}`, import.meta.url);
  let text = readFileSync(file, 'utf8');
  for (const [name, block] of Object.entries(blocks)) {
    text = text.replace(new RegExp(`^; ${name}\\n[^]*?^; end$`, 'm'), () => `; ${name}\n\n${block}\n; end`);
  }
  writeFileSync(file, text);
}
