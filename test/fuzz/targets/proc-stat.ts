/** /proc/PID/stat: Node's reading of it and that of the front's shell, each in three shells, for processes with whatever name. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { hasEnded, parseStat } from '../../../src/adapters/host/proc.js';
import { SHELLS } from '../../support/front-probe.js';
import { limited } from '../../support/limited.js';
import { hostile } from '../bytes.js';
import { Scratch } from '../scratch.js';
import { PATIENCE, type Target } from '../target.js';

const BOARD = new URL('../../../scripts/state-board.sh', import.meta.url);
/** No name of a process holds it, as it would be an end of a text to us. */
const BETWEEN = '\x1e\x1e';
/** As the kernel writes it (proc_pid_stat(5)). */
const KERNEL = /^\d{1,10} \(([^\0]{0,64})\) [RSDZTtXxKWPI](?: -?\d{1,20}){49}\n$/;
const SELF = readFileSync('/proc/self/stat', 'latin1');
const REST = '1 4000 4000 0 -1 4194560 100 0 0 0 5 3 0 0 20 0 1 0 TICKS 8192000 200 18446744073709551615 1 1 0 0 0 0 0 16781312 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0';

const name = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('web', ') R 1 1 1', ')', ') ', '(a) S 1 2', 'a\nb', '\n', ')\n1 (x) R', '*', '$(touch struck)', '`touch struck`', "'", '"', '\\', '\\n', '-n', ' ', '  ', '\t', '\x7f\xff', '$*', '${1}', ') Z 1') },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 15 }).map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', 'x').replaceAll('\x1e', 'x')) },
);
const kernel = fc.tuple(name, fc.constantFrom('R', 'S', 'D', 'Z', 'T', 't', 'X', 'x', 'I'), fc.integer({ min: 0, max: 4e15 })).map(([comm, state, ticks]) => `4711 (${comm}) ${state} ${REST.replace('TICKS', String(ticks))}\n`);
const one = fc.oneof({ weight: 3, arbitrary: kernel.map((text) => Buffer.from(text, 'latin1')) }, { weight: 1, arbitrary: hostile([SELF, `1 (a) b) S ${REST.replace('TICKS', '99')}\n`], 3000) });

const PROBE = `. "$1/state-board.sh"
while read -r pid ticks; do
  if is_process "$pid" "$ticks"; then echo 1; else echo 0; fi
done
`;

export const target: Target = {
  inputs: fc.array(one, { minLength: 1, maxLength: 40 }).map((texts) => Buffer.concat(texts.flatMap((text) => [Buffer.from(BETWEEN), text]).slice(1))),
  batch: 10,
  open() {
    const scratch = new Scratch();
    copyFileSync(BOARD, scratch.at('state-board.sh'));
    const file = scratch.at('state-board.sh');
    // Not by -c: of that bash reads .bashrc where its stdin is a socket, as Node's pipes are.
    const probe = scratch.write('probe', PROBE);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"/proc/$1/stat"', `"${scratch.directory}/$1/stat"`));
    return {
      try(input) {
        const texts = input.toString('latin1').split(BETWEEN);
        const cases = texts.map((text, index) => {
          scratch.write(`${index + 1}/stat`, Buffer.from(text, 'latin1'));
          const stat = parseStat(text);
          if (stat !== undefined) expect(Number.isInteger(stat.startTicks)).to.equal(true);
          const ticks = stat !== undefined && stat.startTicks >= 0 && Number.isSafeInteger(stat.startTicks) ? stat.startTicks : 12_345;
          return { text, ticks, alive: stat?.startTicks === ticks && !hasEnded(stat) };
        });
        for (const shell of SHELLS) {
          const [program, ...words] = limited([...shell.split(' '), probe, scratch.directory], PATIENCE);
          const { stdout, stderr, status } = spawnSync(program, words, { input: cases.map(({ ticks }, index) => `${index + 1} ${ticks}\n`).join(''), encoding: 'latin1', env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } });
          expect(`${String(status)} ${stderr}`, shell).to.equal('0 ');
          const answers = stdout.trimEnd().split('\n');
          expect(answers.length, shell).to.equal(cases.length);
          for (const [index, { text, alive }] of cases.entries()) {
            const said = answers[index] === '1';
            // What the kernel does not write may be refused by either, but is believed by none alone.
            if (KERNEL.test(text)) expect(said, `${shell} of ${JSON.stringify(text)}`).to.equal(alive);
            else if (said) expect(alive, `${shell} of ${JSON.stringify(text.slice(0, 300))}`).to.equal(true);
          }
        }
      },
      close: () => scratch.remove(),
    };
  },
};
