import { expect } from 'chai';
import fc from 'fast-check';
import { formatAssignment, splitWords } from '../../../src/core/argument-words.js';
import { parseEnvironmentFile } from '../../../src/core/environment-file.js';

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', ' ', '\n', '\t', '\r', 'a', '#', ';', '*', '~', '%', '\u001b', 'é', '😀'), maxLength: 12 }),
).filter((text) => !/\0|\p{Cs}|\p{Noncharacter_Code_Point}/u.test(text));

describe('splitWords', () => {
  for (const [value, words] of [
    ['', []],
    [' \t\n ', []],
    ['--no-voting --yes-do-it', ['--no-voting', '--yes-do-it']],
    ['  -b  127.0.0.1\t', ['-b', '127.0.0.1']],
    [`"a b" 'c d'`, ['a b', 'c d']],
    [`--x="a b"'c'd`, ['--x=a bcd']],
    [`'' ""`, ['', '']],
    ['a\\ b', ['a b']],
    [`'it\\'s'`, ["it's"]],
    ['"\\n"', ['n']],
    ['$HOME ${HOME} %n `id` $(id)', ['$HOME', '${HOME}', '%n', '`id`', '$(id)']],
    ['a#b # c', ['a#b', '#', 'c']],
  ] as const) {
    it(`splits ${JSON.stringify(value)}`, () => {
      expect(splitWords(value)).to.deep.equal({ ok: true, words });
    });
  }

  for (const value of ["'a", '"a b', 'a\\', `"a'b`, `'a\\'`]) {
    it(`refuses ${JSON.stringify(value)}, which systemd swallows`, () => {
      expect(splitWords(value).ok).to.equal(false);
    });
  }
});

describe('formatAssignment', () => {
  it('is undone by parseEnvironmentFile and splitWords, whatever the words', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const assignment = formatAssignment('EXTRA_ARGS', words);
        if (!assignment.ok) throw new Error(assignment.reason);
        const file = parseEnvironmentFile(`# one start\n${assignment.text}\nLAST=1\n`);
        if (!file.ok) throw new Error(JSON.stringify(file.errors));
        expect([...file.variables.keys()]).to.deep.equal(['EXTRA_ARGS', 'LAST']);
        expect(splitWords(file.variables.get('EXTRA_ARGS') ?? '')).to.deep.equal({ ok: true, words });
      }),
      { numRuns: 500 },
    );
  });

  it('keeps plain words readable', () => {
    expect(formatAssignment('A', ['--no-voting', '--yes-do-it'])).to.deep.equal({ ok: true, text: "A='--no-voting --yes-do-it'" });
  });

  it('refuses what no variable can carry', () => {
    for (const words of [['a\0b'], ['\ud800'], ['\ufffe'], ['x'.repeat(128 * 1024)]]) {
      expect(formatAssignment('A', words).ok, JSON.stringify(words).slice(0, 20)).to.equal(false);
    }
  });

  for (const name of ['', '1A', 'A-B', 'A B', 'A=B', 'A\nB']) {
    it(`refuses the name ${JSON.stringify(name)}`, () => {
      expect(formatAssignment(name, []).ok).to.equal(false);
    });
  }
});
