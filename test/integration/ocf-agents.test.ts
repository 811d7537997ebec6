/**
 * The shell's half of the OCF agents on this very machine, in three shells: what
 * needs no cluster and no systemd. test/pacemaker has the rest.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

const AGENTS = path.resolve(import.meta.dirname, '../../scripts/ocf');
const SHELLS = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']] as const;
/** The parameter that says what the resource is. */
const SUBJECTS: Readonly<Record<string, string>> = { daemon: 'name', unit: 'unit', role: 'node_role' };
/** A variable of the environment holds no more than 128 KiB. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['a space', 'a b'], ['quotes', `a'b"c`], ['a substitution', '$(touch struck)'], ['backquotes', '`touch struck`'], ['a newline', 'a\ntouch struck'], ['a semicolon', ';touch struck'],
  ['an option', '--help'], ['a pattern', '*'], ['a path', '../../etc/passwd'], ['a control character', 'a\x1b[2Jb'], ['100 kB', 'x'.repeat(100_000)], ['no ASCII', 'ümläut'], ['a backslash', 'a\\'], ['nothing', ''],
];

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

for (const [agent, subject] of Object.entries(SUBJECTS)) {
  describe(`the shell of ocf:watchkeeper:${agent}`, function () {
    this.timeout(120_000);
    let directory: string;

    before(() => {
      directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-ocf-'));
      mkdirSync(path.join(directory, 'state'));
      writeFileSync(path.join(directory, 'watchkeeper.yaml'), JSON.stringify({ group: { name: 'site' }, daemons: {}, paths: { runtime: path.join(directory, 'run'), state: path.join(directory, 'state') } }));
    });
    after(() => rmSync(directory, { recursive: true, force: true }));

    function call(shell: readonly string[], action: readonly string[], parameters: Readonly<Record<string, string>>, how: { readonly cwd?: string; readonly program?: string; readonly locale?: string } = {}): Answer {
      const words = Object.entries(parameters).map(([name, value]): [string, string] => [`OCF_RESKEY_${name}`, value]);
      const environment = {
        PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, LC_ALL: how.locale ?? 'C', WATCHKEEPER_CONFIG: path.join(directory, 'watchkeeper.yaml'),
        OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_CRM_meta_timeout: '20000', OCF_RESKEY_CRM_meta_on_node: 'n1', ...Object.fromEntries(words),
      };
      return spawnSync('/usr/bin/env', [...shell, how.program ?? path.join(AGENTS, agent), ...action], { cwd: how.cwd ?? path.join(directory, 'state'), env: environment, encoding: 'utf8', timeout: 60_000 });
    }

    for (const shell of SHELLS) {
      it(`tells its meta-data to anybody, with no environment at all (${shell.join(' ')})`, () => {
        const result = spawnSync('/usr/bin/env', ['-i', ...shell, path.join(AGENTS, agent), 'meta-data'], { encoding: 'utf8', cwd: '/', timeout: 20_000 });
        expect(result).to.include({ status: 0, stderr: '' });
        expect(result.stdout).to.match(/^<\?xml version="1\.0"\?>\n/).and.include(`<resource-agent name="${agent}"`).and.match(/<\/resource-agent>\n$/);
      });

      it(`knows its actions, takes no notice of further arguments, and 3 for any other (${shell.join(' ')})`, () => {
        for (const action of [['frobnicate'], [''], [], [agent === 'role' ? 'migrate_to' : 'promote'], ['$(touch struck)']]) {
          const answer = call(shell, action, {});
          expect(answer.status, action.join(' ')).to.equal(3);
          expect(answer.stderr).to.include('Usage: ');
          expect(answer.stdout).to.equal('');
        }
        expect(call(shell, ['meta-data', 'frobnicate'], {}).status).to.equal(0);
      });
    }

    it('works by whatever path it is called: relative, or through links from elsewhere', () => {
      const elsewhere = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper ocf '));
      try {
        symlinkSync(path.join(AGENTS, agent), path.join(elsewhere, 'link'));
        symlinkSync('link', path.join(elsewhere, 'further'));
        symlinkSync(AGENTS, path.join(elsewhere, 'directory'));
        const ways: readonly (readonly [string, string])[] = [
          [AGENTS, `./${agent}`], [path.dirname(AGENTS), `ocf/${agent}`], [AGENTS, `../ocf/${agent}`],
          ['/', path.join(elsewhere, 'link')], [elsewhere, './further'], [elsewhere, `directory/${agent}`], ['/', path.join(elsewhere, 'directory', agent)],
        ];
        for (const [cwd, program] of ways) {
          // 6 is Node's answer, 5 that of a shell that has not found the rest.
          const answer = call([], ['start'], { [subject]: '$(touch struck)' }, { cwd, program });
          expect(answer.status, `${cwd}: ${program}: ${answer.stderr}`).to.equal(6);
          expect(call([], ['meta-data'], {}, { cwd, program, locale: 'C.UTF-8' }).stdout, program).to.include('lang="de"');
        }
        for (const shell of SHELLS) expect(call(shell, ['start'], { [subject]: '$(touch struck)' }, { cwd: AGENTS, program: agent }).status, shell.join(' ')).to.equal(6);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    });

    for (const [what, value] of HOSTILE) {
      // A role has a usual name.
      if (agent === 'role' && value === '') continue;
      it(`takes ${what} in ${subject} for data: nothing of it can be there`, () => {
        const parameters = { [subject]: value };
        expect(call([], ['stop'], parameters).status, 'stop').to.equal(0);
        expect(call(['/bin/bash'], ['monitor'], parameters).status, 'probe').to.equal(7);
        if (value === '$(touch struck)') expect(call([], ['asyncmon'], parameters).status, 'asyncmon').to.equal(7);
        const start = call(['/bin/busybox', 'sh'], ['start'], parameters);
        expect(start.status, 'start').to.equal(6);
        expect(start.stderr).to.match(/^ocf-exit-reason:[ -~]{10,600}\n$/);
        expect(readdirSync(path.join(directory, 'state'))).to.deep.equal([]);
      });
    }

    it('takes whatever else is hostile for data, too, and stops all the same', () => {
      for (const [what, value] of HOSTILE.slice(2, 5)) {
        const others = { [subject]: 'wk-nowhere', monitor_hook: value, deep_hook: value, migrate_hook: value, hook_timeout: value, hook_level: value };
        expect(call([], ['stop'], others).status, what).to.equal(0);
        expect(readdirSync(path.join(directory, 'state')), what).to.deep.equal([]);
      }
    });
  });
}
