/** What bash, zsh and fish offer, asked of the shells themselves. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

import { COMMANDS as DAEMON_UTIL } from '../../src/cli/daemon-util/table.js';
import { COMMANDS as WATCHKEEPER } from '../../src/cli/watchkeeper/table.js';
import { program, PROGRAMS, spellings } from '../../src/cli/completion/program.js';
import { buildOnce } from '../support/daemon-util-world.js';
import { WatcherWorld } from '../support/watcher-world.js';

const SCRIPTS = resolve(import.meta.dirname, '../../scripts');

/** Each word is offered as the next one after the line, and so are all that a list of it would show. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['watchkeeper stat', ['status']],
  ['watchkeeper units ', ['generate', 'install', 'diff', 'verify']],
  ['watchkeeper tasks h', ['history']],
  ['watchkeeper status ', ['web', 'db', 'idle']],
  ['watchkeeper status web ', ['web', 'db', 'idle']],
  ['watchkeeper status --w', ['--watch']],
  ['watchkeeper logs -n 5 w', ['web']],
  ['watchkeeper logs web w', []],
  ['watchkeeper graph ', []],
  ['watchkeeper help hist', ['history']],
  ['watchkeeper status --config ca', ['catalogue.yaml']],
  ['daemon-util start-', ['start-all', 'start-master', 'start-wanted']],
  ['daemon-util start ', ['web', 'db', 'idle']],
  ['daemon-util start web w', []],
  ['daemon-util check --j', ['--json']],
];

describe('completion', function () {
  this.timeout(240_000);
  let world: WatcherWorld;
  let here: string;

  before(() => buildOnce());
  beforeEach(() => {
    world = new WatcherWorld();
    world.add('web');
    world.add('db');
    world.add('idle', {}, { onDemand: true });
    world.write();
    here = join(world.directory, 'here');
    mkdirSync(here);
    writeFileSync(join(here, 'catalogue.yaml'), '');
  });
  afterEach(() => world.cleanups.run());

  function run(argv: readonly [string, ...string[]]): string {
    const [file, ...args] = argv;
    const env = { PATH: `${SCRIPTS}:/usr/bin:/bin`, HOME: world.directory, LC_ALL: 'C.UTF-8', TERM: 'dumb', WATCHKEEPER_CONFIG: world.config };
    const { status, stdout, stderr, error } = spawnSync(file, args, { cwd: here, env, encoding: 'utf8', timeout: 50_000 });
    expect(status, `${String(error)} ${stderr}${stdout}`).to.equal(0);
    expect(stderr).to.equal('');
    return stdout;
  }

  function script(shell: string): void {
    for (const name of PROGRAMS) {
      const text = run([process.execPath, resolve(SCRIPTS, '../dist/watchkeeper.cjs'), 'watchkeeper', 'completion', shell, name]);
      writeFileSync(join(world.directory, shell === 'zsh' ? `_${name}` : `${name}.${shell}`), text);
    }
  }

  function programOf(line: string): string {
    return line.slice(0, line.indexOf(' '));
  }

  it('bash', () => {
    script('bash');
    const ask = 'source "$1"; read -ra COMP_WORDS <<<"$2"; [[ $2 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); function=$(complete -p "${COMP_WORDS[0]}"); function=${function#complete -F }; compopt() { :; }; "${function% *}"; printf "%s\\n" "${COMPREPLY[@]}"';
    for (const [line, offered] of CASES) {
      const found = run(['/usr/bin/bash', '--norc', '-c', ask, 'bash', join(world.directory, `${programOf(line)}.bash`), line]).split('\n').filter((word) => word !== '');
      expect(found.filter((word) => !word.startsWith('-') || line.includes(' --')), line).to.have.members(offered);
    }
  });

  it('fish', function () {
    if (!isThere('/usr/bin/fish')) return this.skip();
    script('fish');
    for (const [line, offered] of CASES) {
      const found = run(['/usr/bin/fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', join(world.directory, `${programOf(line)}.fish`), line]);
      expect(found.split('\n').filter((word) => word !== '').map((word) => word.split('\t')[0]), line).to.have.members(offered);
    }
  });

  it('zsh', function () {
    if (!isThere('/usr/bin/zsh')) return this.skip();
    script('zsh');
    // zsh completes only where somebody types: a terminal that zsh itself gives.
    const type = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      said() { local chunk text=; while zpty -r shell chunk "*$1*"; do text+=$chunk; [[ $text == *$1* ]] && return; done; exit 7 }
      zpty -w shell "PROMPT= ; fpath=(\${(q)1} \\$fpath); autoload -Uz compinit; compinit -u -D; print rea''dy"
      said ready
      zpty -w shell 'compadd() { local -a found; builtin compadd -O found "$@"; (( $#found )) && print -rl -- "<"\${^found}">" >>$HOME/offered; builtin compadd "$@" }'
      # All within one key: what is typed ahead would be the terminal's, not the editor's.
      zpty -w shell 'probe() { BUFFER=\${(f)"$(<$HOME/line)"}; CURSOR=$#BUFFER; zle complete-word; BUFFER="print do\\"\\"ne"; zle accept-line }; zle -N probe; bindkey "^P" probe'
      zpty -w -n shell $'\\C-p'
      said done
      zpty -d shell`;
    for (const [line, offered] of CASES) {
      writeFileSync(join(world.directory, 'offered'), '');
      writeFileSync(join(world.directory, 'line'), line);
      run(['/usr/bin/zsh', '-f', '-c', type, 'zsh', world.directory]);
      const found = run(['/usr/bin/cat', join(world.directory, 'offered')]).match(/(?<=^<).*(?=>$)/gm) ?? [];
      expect([...new Set(found)].map((word) => word.trim()), line).to.have.members(offered);
    }
  });

  it('has every command that is for people, and no option that takes a value here and none there', () => {
    for (const name of PROGRAMS) {
      const all = program(name);
      const table = name === 'watchkeeper' ? WATCHKEEPER : DAEMON_UTIL;
      expect(all.commands.map(({ words }) => words.join(' '))).to.deep.equal([...table].filter(([, command]) => !('hidden' in command)).map(([words]) => words));
      const kinds = new Map<string, string>();
      for (const option of [...all.options, ...all.commands.flatMap(({ options }) => options)]) {
        for (const word of spellings(option)) {
          const kind = option.value ?? 'none';
          expect(kinds.get(word) ?? kind, word).to.equal(kind);
          kinds.set(word, kind);
        }
      }
    }
  });
});

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
