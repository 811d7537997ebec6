import { expect } from 'chai';

import { parseHandedCommand } from '../../../src/core/handed-command.js';

const text = (...fields: readonly string[]): string => fields.map((field) => `${field}\0`).join('');

describe('core/handed-command', () => {
  it('takes a command with its caller, its asker and its variables', () => {
    expect(parseHandedCommand(text('1', '0', '4711', '12/345', 'start', 'web', 'EXTRA_WEB_ARGS=a=b\nc', 'LC_ALL=C', 'WATCHKEEPER_CONFIG='))).to.deep.equal({
      words: ['start', 'web'],
      caller: 'uid 0, pid 4711',
      asker: '12/345',
      environment: { EXTRA_WEB_ARGS: 'a=b\nc', LC_ALL: 'C', WATCHKEEPER_CONFIG: '' },
    });
    expect(parseHandedCommand(text('1', '0', '1', '', 'stop-all'))).to.deep.equal({ words: ['stop-all'], caller: 'uid 0, pid 1', asker: undefined, environment: {} });
  });

  it('takes a question with the option --json before it or behind it, and any number of names that it can have', () => {
    for (const words of [['status'], ['status', 'web'], ['status', '--json'], ['--json', 'status', 'web'], ['--json', 'check', 'web'], ['pid', 'web', '--json']]) {
      expect(parseHandedCommand(text('1', '0', '1', '', ...words, 'LANG=C')), words.join(' ')).to.deep.include({ words, environment: { LANG: 'C' } });
    }
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /version/],
    ['half of it', '1\x000\x001\x00', /does not do that/],
    ['no end', text('1', '0', '1', '', 'stop-all').slice(0, -1), /NUL/],
    ['another version', text('2', '0', '1', '', 'stop-all'), /version/],
    ['a uid that is none', text('1', '-1', '1', '', 'stop-all'), /uid or pid/],
    ['a pid that is none', text('1', '0', '1)', '', 'stop-all'), /uid or pid/],
    ['an asker that is none', text('1', '0', '1', 'x', 'stop-all'), /asker/],
    ['a command of another kind', text('1', '0', '1', '', 'rotate-logs', 'web'), /does not do that/],
    ['what is done, with JSON', text('1', '0', '1', '', '--json', 'start', 'web'), /--json/],
    ['another option', text('1', '0', '1', '', '--verbose', 'check', 'web'), /does not do that/],
    ['an option behind', text('1', '0', '1', '', 'check', 'web', '--verbose'), /no name/],
    ['a question without its name', text('1', '0', '1', '', 'check', '--json'), /no name/],
    ['a word after the variables', text('1', '0', '1', '', 'check', 'web', 'LANG=C', '--json'), /variable/],
    ['no argument', text('1', '0', '1', '', 'start'), /no name/],
    ['an option for an argument', text('1', '0', '1', '', 'start', '--help'), /no name/],
    ['a path for an argument', text('1', '0', '1', '', 'start', '../web'), /no name/],
    ['one argument more', text('1', '0', '1', '', 'start', 'web', 'more'), /no name/],
    ['a variable of another kind', text('1', '0', '1', '', 'start', 'web', 'LD_PRELOAD=x'), /variable/],
    ['a variable twice', text('1', '0', '1', '', 'start', 'web', 'LANG=x', 'LANG=y'), /twice/],
    ['very many variables', text('1', '0', '1', '', 'start', 'web', ...Array.from({ length: 1001 }, (_, index) => `EXTRA_${index}=`)), /1000/],
  ];
  for (const [what, body, why] of wrong) it(`refuses ${what}`, () => expect(parseHandedCommand(body)).to.match(why));
});
