import { expect } from 'chai';
import fc from 'fast-check';

import { parseArguments } from '../../../../src/cli/daemon-util/arguments.js';
import { COMMANDS } from '../../../../src/cli/daemon-util/table.js';

const parse = (...argv: string[]) => parseArguments(argv, COMMANDS);
const OURS = ['--json', '--verbose', '--dry-run', '--config', '--help', '--version', '--'];
const word = fc.oneof(fc.string(), fc.constantFrom(...OURS, ...COMMANDS.keys(), '-x', '--config=/x', '__proto__', 'constructor'));

describe('arguments of daemon-util', () => {
  it('never throw, whatever they are, and only ever give a command of the table with as many arguments as it takes', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        const parsed = parse(...argv);
        if (!parsed.ok) {
          expect(parsed.message).not.to.equal('');
          return;
        }
        const { command, args } = parsed;
        expect(COMMANDS.get(command.name)).to.equal(command);
        const least = command.arguments.filter(({ optional }) => optional !== true).length;
        const most = command.arguments.some(({ rest }) => rest === true) ? Infinity : command.arguments.length;
        expect(args.length).to.be.within(least, most);
      }),
    );
  });

  it('of start and restart after the name reach the daemon as they stand', () => {
    fc.assert(
      fc.property(fc.constantFrom('start', 'restart'), fc.array(word), (command, rest) => {
        const parsed = parse('--json', command, 'web', ...rest);
        expect(parsed).to.deep.include({ ok: true, args: ['web', ...rest] });
        expect(parsed.options).to.include({ json: true, verbose: false, dryRun: false, config: undefined });
      }),
    );
  });

  it('mean the same with the options before and after the command', () => {
    const plain = fc.constantFrom('--json', '--verbose', '--dry-run', '--config=/etc/x.yaml');
    fc.assert(
      fc.property(fc.array(plain), fc.array(plain), fc.array(plain), (before, between, after) => {
        const spread = parse(...before, 'stop', ...between, 'web', ...after);
        expect(spread).to.deep.equal(parse(...before, ...between, ...after, 'stop', 'web'));
        expect(spread).to.deep.include({ ok: true, args: ['web'] });
      }),
    );
  });

  it('are no options after --', () => {
    expect(parse('stop', '--', '--json')).to.deep.include({ ok: true, args: ['--json'] });
    expect(parse('--', 'stop', '--json')).to.deep.include({ ok: true, args: ['--json'] });
    expect(parse('stop', '--', '--').ok && parse('stop', '--', '--')).to.deep.include({ args: ['--'] });
  });

  it('give the configuration in both spellings, and not without a path', () => {
    expect(parse('--config', '/a b', 'status').options.config).to.equal('/a b');
    expect(parse('status', '--config=/a=b').options.config).to.equal('/a=b');
    for (const argv of [['status', '--config'], ['--config=', 'status'], ['--config', '', 'status']]) {
      expect(parse(...argv), argv.join(' ')).to.include({ ok: false });
    }
  });

  it('ask for help on the command that --help stands beside', () => {
    expect(parse('start', '--help')).to.deep.include({ ok: true, command: COMMANDS.get('help'), args: ['start'] });
    expect(parse('--help')).to.deep.include({ ok: true, command: COMMANDS.get('help'), args: [] });
    expect(parse('--version', 'start')).to.deep.include({ ok: true, command: COMMANDS.get('version'), args: [] });
    expect(parse('help', '-daemon-usergroup')).to.deep.include({ ok: true, args: ['-daemon-usergroup'] });
  });
});

describe('the table of commands', () => {
  it('has an example for each command that is a right call of it', () => {
    for (const command of COMMANDS.values()) {
      const words = command.example.split(' ');
      const parsed = parse(...words.slice(words.indexOf('daemon-util') + 1));
      expect(parsed, command.example).to.deep.include({ ok: true, command });
    }
  });

  it('has a handler for each command', async () => {
    for (const command of COMMANDS.values()) expect(await command.load(), command.name).to.be.a('function');
  });
});
