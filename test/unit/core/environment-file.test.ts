import { expect } from 'chai';
import fc from 'fast-check';
import { MAX_ENVIRONMENT_FILE_SIZE, parseEnvironmentFile } from '../../../src/core/environment-file.js';

function variables(content: string | Uint8Array): Record<string, string> {
  const result = parseEnvironmentFile(content);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return Object.fromEntries(result.variables);
}

function refusals(content: string | Uint8Array): number[] {
  const result = parseEnvironmentFile(content);
  return result.ok ? [] : result.errors.map((error) => error.line);
}

describe('parseEnvironmentFile', () => {
  for (const [text, expected] of [
    ['', {}],
    ['\n  \n\t# comment\n#\n', {}],
    ['A=1', { A: '1' }],
    ['A=1\nA=2\n', { A: '2' }],
    ['  A=1  \t\n', { A: '1' }],
    ['A=\nB=  \n', { A: '', B: '' }],
    ["A='a b'\n", { A: 'a b' }],
    ["A='a'\"b c\"d\n", { A: 'ab cd' }],
    ['A="x\\"y\\\\z\\$\\`"', { A: 'x"y\\z$`' }],
    ['A="a\\b"', { A: 'a\\b' }],
    ["A='a\\b $x `y`'", { A: 'a\\b $x `y`' }],
    ['A="a\nb"\nB=2', { A: 'a\nb', B: '2' }],
    ['A="a\\\nb"', { A: 'ab' }],
    ['A=a\\\nb\n', { A: 'ab' }],
    ['A=a\\ b\\;\\$\n', { A: 'a b;$' }],
    ['A=a#b=c*?[x]{1,2}!', { A: 'a#b=c*?[x]{1,2}!' }],
    ['A=é😀', { A: 'é😀' }],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(variables(text)).to.deep.equal(expected);
      expect(variables(new TextEncoder().encode(text))).to.deep.equal(expected);
    });
  }

  for (const text of [
    'A=$B', 'A="$B"', 'A=`id`', 'A="`id`"', 'A=$(id)', 'A=a;b', 'A=a&', 'A=a|b', 'A=a>b', 'A=a<b', 'A=(a)', 'A=~', 'A=x:~root',
    'A=a b', 'A=a # c', "A='a' b", 'A= b', 'A =b', 'export A=1', 'set -a', 'A', '=1', '1A=1', 'A-B=1', 'A[0]=1', 'A+=1', '; c',
    "A=a'b'", 'A=a"b"', "A=\\'b'c'", "A='a", 'A="a', 'A=a\\', '# c\\', 'A=1\r', 'A=\u0001', 'A=a\0b', "A='a\0b'",
    'UID=1', '_=1', '\ufeffA=1', "A='\ud800'", "A='\ufffe'", 'NÄME=1',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(refusals(text)).to.deep.equal([1]);
      expect(refusals(`B=1\n${text}`)).to.deep.equal([2]);
    });
  }

  it('reports each bad line with its number', () => {
    expect(refusals('A=1\nB=$x\n\nC="a\nb"\nexport D=1\nE=2\n')).to.deep.equal([2, 6]);
  });

  it('points at the line on which a continued value goes wrong', () => {
    expect(refusals("A=1\nB=\\\n'b'")).to.deep.equal([3]);
  });

  it('points at the opening of a quote that is never closed', () => {
    expect(refusals("A=1\nB='x\ny\nz\n")).to.deep.equal([2]);
  });

  it('bounds the number of errors', () => {
    expect(refusals('bad\n'.repeat(1000))).to.have.length(20);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusals(Uint8Array.of(0x41, 0x3d, 0xff, 0x0a))).to.deep.equal([1]);
    expect(refusals(Uint8Array.of(0x41, 0x3d, 0xc0, 0x80))).to.deep.equal([1]);
  });

  it('takes a file of the greatest size, and no larger one', () => {
    const line = 'A=1234567\n';
    const text = '#'.repeat(MAX_ENVIRONMENT_FILE_SIZE - line.length - 1) + '\n' + line;
    expect(variables(text)).to.deep.equal({ A: '1234567' });
    expect(refusals(`${text}#`)).to.deep.equal([1]);
  });

  it('answers any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const result = parseEnvironmentFile(text);
        expect(result.ok || result.errors.length > 0).to.equal(true);
      }),
    );
  });
});
