/** What the Debian package says in dpkg's formats, made of our own texts. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { debianChangelog, debianCopyright } from '../../scripts/dev/debian-texts.mjs';

const RELEASE = { version: '0.2.0~git20260301120000.abc', maintainer: 'A Person <a@example.org>', date: Date.UTC(2026, 2, 1, 12) / 1000 };

const CHANGES = `# Changes

What changes, newest first.

## Unreleased

A paragraph that
goes on.

- A point with \`code\`, long enough to be broken: one two three four five six seven eight nine ten.
- Another,
  over two lines.

## 0.1.0 (2026-02-03)

### Mended

- A fault.
`;

describe('debianChangelog', () => {
  it('has the points of each release, the newest under the version that is built', () => {
    expect(debianChangelog(CHANGES, RELEASE)).to.equal(`watchkeeper (0.2.0~git20260301120000.abc) unstable; urgency=medium

  * A paragraph that goes on.
  * A point with \`code\`, long enough to be broken: one two three four five six
    seven eight nine ten.
  * Another, over two lines.

 -- A Person <a@example.org>  Sun, 01 Mar 2026 12:00:00 +0000

watchkeeper (0.1.0) unstable; urgency=medium

  [ Mended ]
  * A fault.

 -- A Person <a@example.org>  Tue, 03 Feb 2026 12:00:00 +0000
`);
  });

  it('can be made of the changes that there are', () => {
    const text = debianChangelog(readFileSync(resolve(import.meta.dirname, '../../CHANGELOG.md'), 'utf8'), RELEASE);
    // what dpkg-parsechangelog(1) knows: headings, changes, trailers, nothing else
    for (const line of text.split('\n')) expect(line).to.match(/^$|^watchkeeper \(\S+\) unstable; urgency=medium$|^ {2}(\*|\[| ) \S|^ -- .+ <\S+> {2}\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
  });
});

describe('debianCopyright', () => {
  const bar = '-'.repeat(72);
  const apache = '                Apache License\r\n           Version 2.0, January 2004\r\n\r\n   1. Grant of Patent License.\r\n\r\n   END OF TERMS AND CONDITIONS\r\n';

  it("refers to Debian's text of the Apache licence, and has all others in full", () => {
    const text = debianCopyright(`watchkeeper.cjs contains these.\n\none 1.0.0 (MIT)\n\nCopyright (c) Somebody\n\n${bar}\n\ntwo 2.0.0 (Apache-2.0)\n\n${apache}\nCopyright Another\n`);
    expect(text).to.match(/^Watchkeeper\n/).and.include('\none 1.0.0 (MIT)\n\nCopyright (c) Somebody\n').and.include('\nCopyright Another\n');
    expect(text).to.match(/\ntwo 2\.0\.0 \(Apache-2\.0\)\n\nApache License, Version 2\.0: \/usr\/share\/common-licenses\/Apache-2\.0\n/);
    expect(text).to.not.include('Patent').and.not.include('\r').and.not.include('contains these');
  });
});
