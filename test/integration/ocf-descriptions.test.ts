/** Descriptions of the OCF agents in other languages: scripts/describe-agent, and the files that we ship. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

const SCRIPTS = path.resolve(import.meta.dirname, '../../scripts');
const SHIPPED = path.join(SCRIPTS, 'ocf-descriptions');
const AGENTS = ['daemon', 'role', 'unit'];
const TEXTS = 'shortdesc: Kurz\nlongdesc: Erste Zeile\n zweite\n .\n vierte\nname.shortdesc: Der Name\n';

describe('descriptions of the agents in other languages', function () {
  this.timeout(60_000);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-descriptions-'));
    for (const name of ['ours', 'operators']) mkdirSync(path.join(directory, name));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(place: 'ours' | 'operators', language: string, text: string | Buffer): void {
    writeFileSync(path.join(directory, place, `daemon.${language}`), text);
  }

  function described(environment: Readonly<Record<string, string>> = {}): { readonly stdout: string; readonly stderr: string } {
    const english = spawnSync(path.join(SCRIPTS, 'ocf/daemon'), ['meta-data'], { env: {}, encoding: 'utf8' }).stdout.replace(/^<(\w+) lang="de">.*?<\/\1>\n/gms, '');
    const result = spawnSync('/usr/bin/perl', ['-T', path.join(SCRIPTS, 'describe-agent'), 'daemon', path.join(directory, 'ours'), path.join(directory, 'operators'), path.join(directory, 'nowhere')], { input: english, env: { PERL_BADLANG: '0', ...environment }, encoding: 'utf8', timeout: 20_000 });
    expect(result.status, result.stderr).to.equal(0);
    return result;
  }

  /** Of the agent, then of the parameter `name`, in their order. */
  function languages(text: string, kind = 'shortdesc'): readonly (readonly string[])[] {
    const parts = [text.slice(0, text.indexOf('<parameters>')), /<parameter name="name".*?<\/parameter>/s.exec(text)?.[0] ?? ''];
    return parts.map((part) => [...part.matchAll(new RegExp(`<${kind} lang="([\\w-]+)">`, 'g'))].map(([, language = '']) => language));
  }

  it("are the agent's own where they are the caller's, and the first of each parameter's", () => {
    write('ours', 'de', TEXTS);
    write('ours', 'sv', 'shortdesc: Kort\nname.shortdesc: Namnet\n');
    for (const locale of [{ LANG: 'de_DE.UTF-8' }, { LC_MESSAGES: 'de', LANG: 'sv_SE' }, { LC_ALL: 'de_AT@euro', LC_MESSAGES: 'sv' }, { LC_ALL: '', LANG: 'de' }]) expect(languages(described(locale).stdout)).to.deep.equal([['de'], ['de', 'en', 'sv']]);
    for (const locale of [{}, { LANG: 'C' }, { LANG: 'C.UTF-8' }, { LANG: 'en_GB.UTF-8' }, { LANG: 'fr_FR' }, { LANG: '../de' }, { LANG: 'deutsch' }, { LC_ALL: 'POSIX', LANG: 'de' }]) expect(languages(described(locale).stdout), JSON.stringify(locale)).to.deep.equal([['en'], ['en', 'de', 'sv']]);
    // What nobody has translated is in English.
    expect(languages(described({ LANG: 'sv_SE' }).stdout, 'longdesc')).to.deep.equal([['en'], ['en']]);
    expect(described({ LANG: 'de' }).stdout).to.include('<longdesc lang="de">Erste Zeile\nzweite\n\nvierte</longdesc>');
  });

  it('are asked for by nobody with LC_ALL=C: English alone, without Perl', () => {
    for (const agent of AGENTS) {
      const file = path.join(SCRIPTS, 'ocf', agent);
      const asked = (environment: Readonly<Record<string, string>>): string => spawnSync(file, ['meta-data'], { env: environment, encoding: 'utf8' }).stdout;
      expect(asked({ LANG: 'C' }), agent).to.include('<shortdesc lang="de">');
      const plain = asked({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' });
      expect([...plain.matchAll(/ lang="(\w+)"/g)].every(([, language]) => language === 'en'), agent).to.equal(true);
      expect(plain).to.match(/^<\?xml .*<longdesc lang="en">.*<\/resource-agent>\n$/s);
    }
  });

  it("of a country go before the language's, and an operator's before ours, text by text", () => {
    write('ours', 'de', TEXTS);
    write('ours', 'de_AT', 'name.shortdesc: Der Nam\n');
    write('operators', 'de', 'shortdesc: Anders\n');
    const { stdout } = described({ LANG: 'de_AT.UTF-8' });
    expect(languages(stdout)).to.deep.equal([['de'], ['de-AT', 'de', 'en']]);
    expect(stdout).to.include('<shortdesc lang="de">Anders</shortdesc>').and.include('<longdesc lang="de">Erste').and.include('Der Nam<').and.include('Der Name<');
  });

  it('are data: escaped, in ASCII', () => {
    write('operators', 'de', 'shortdesc: <ü & "ß"> ]]> &#0; €\u{1F600} $(touch x)\n');
    const { stdout } = described({ LANG: 'de' });
    expect(stdout).to.include('<shortdesc lang="de">&lt;&#252; &amp; "&#223;"&gt; ]]&gt; &amp;#0; &#8364;&#128512; $(touch x)</shortdesc>').and.match(/^[\t\n -~]+$/);
  });

  const USELESS: readonly (readonly [string, string | Buffer, string])[] = [
    ['is no UTF-8', Buffer.from('shortdesc: \xfc\n', 'latin1'), 'it is not UTF-8'],
    ['has a control character', 'shortdesc: a\x1b[2J\n', 'it has characters that cannot be in XML'],
    ['has a NUL', 'shortdesc: a\0\n', 'it has characters that cannot be in XML'],
    ['has a surrogate', Buffer.from([...Buffer.from('shortdesc: '), 0xed, 0xa0, 0x80, 0x0a]), 'it'],
    ['has another line', 'shortdesc: a\nsomething else\n', 'line 2 is no description'],
    ['is too large', `shortdesc: ${'x'.repeat(70_000)}\n`, 'it has more than 65536 bytes'],
  ];
  for (const [what, text, why] of USELESS) {
    it(`are left out, and that is said, where a file ${what}`, () => {
      write('operators', 'de', text);
      const { stdout, stderr } = described({ LANG: 'de' });
      expect(languages(stdout)).to.deep.equal([['en'], ['en']]);
      expect(stderr).to.match(/^watchkeeper: .*daemon\.de is not used: /).and.include(why);
    });
  }

  it('are read of no other file, and none is waited for', () => {
    mkdirSync(path.join(directory, 'ours/daemon.it'));
    spawnSync('/usr/bin/mkfifo', [path.join(directory, 'ours/daemon.es')]);
    for (const name of ['unit.de', 'daemon.de.orig', 'daemon.de~', 'daemon.en', 'daemon.DE']) writeFileSync(path.join(directory, 'ours', name), TEXTS);
    const { stdout, stderr } = described({ LANG: 'de' });
    expect(languages(stdout)).to.deep.equal([['en'], ['en']]);
    expect(stderr.match(/is not used: it is no file/g)).to.have.length(2);
  });

  for (const agent of AGENTS) {
    it(`that we ship say all of ocf:watchkeeper:${agent}, and of nothing else`, () => {
      const english = spawnSync(path.join(SCRIPTS, 'ocf', agent), ['meta-data'], { env: {}, encoding: 'utf8' }).stdout;
      const wanted = ['longdesc', 'shortdesc', ...[...english.matchAll(/<parameter name="(\w+)"/g)].flatMap(([, name = '']) => [`${name}.longdesc`, `${name}.shortdesc`])];
      const files = readdirSync(SHIPPED).filter((name) => name.startsWith(`${agent}.`));
      expect(files).to.include(`${agent}.de`);
      for (const file of files) expect([...readFileSync(path.join(SHIPPED, file), 'utf8').matchAll(/^([a-z_.]+):/gm)].map(([, key]) => key).sort(), file).to.deep.equal(wanted.toSorted());
    });
  }
});
