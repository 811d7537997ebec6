/** Tables of docs/ that the source has as well. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import ts from 'typescript';

import { HOOK_EVENTS } from '../../src/core/hook.js';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

/** First cells that are code, of the tables of a section. */
function codes(text: string): readonly string[] {
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
}

function newsKinds(): readonly string[] {
  const tree = ts.createSourceFile('x.ts', read('src/core/supervision-state.ts'), ts.ScriptTarget.ES2023, true);
  const type = tree.statements.find((statement): statement is ts.TypeAliasDeclaration => ts.isTypeAliasDeclaration(statement) && statement.name.text === 'NewsKind')?.type;
  if (type === undefined || !ts.isUnionTypeNode(type)) throw new Error('NewsKind is no union any more');
  return type.types.map((part) => (ts.isLiteralTypeNode(part) && ts.isStringLiteral(part.literal) ? part.literal.text : part.getText()));
}

describe('docs/events.md', () => {
  const [news = '', hooks = ''] = read('docs/events.md').split('\n## For hooks\n');

  it('explains each word of the news, and no other', () => {
    expect(codes(news)).to.have.members(newsKinds());
  });

  it('names each event of hooks, and the news that it stands for', () => {
    expect(codes(hooks)).to.deep.equal(HOOK_EVENTS);
    const told = [...hooks.matchAll(/`([a-z-]+)`/g)].map((match) => match[1] ?? '');
    expect(told.filter((word) => !newsKinds().includes(word) && !HOOK_EVENTS.some((event) => event === word))).to.deep.equal([]);
  });
});

describe('README.md and docs/', () => {
  it('lead to pages that there are', () => {
    const pages = ['README.md', ...['architecture', 'configuration', 'doctor', 'events', 'exit-codes', 'migration', 'operations', 'security', 'terminal', 'tutorial'].map((name) => `docs/${name}.md`)];
    for (const page of pages) {
      for (const [, link = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        const target = new URL(link, new URL(`../../${page}`, import.meta.url));
        expect(() => readFileSync(target), `${page} → ${link}`).not.to.throw();
      }
    }
  });
});
