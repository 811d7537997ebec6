/**
 * The state board, and the claim of what systemd knows, before scripts/daemon-util:
 * many daemons for one look, in three shells. What the front answers by itself must
 * be proven by what is written there, read anew in ../proven-answers.ts; all else
 * must become Node's, which is asked the same. systemctl is a program here that
 * knows of one active unit.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { lastWatcher } from '../../../src/adapters/state/state-board.js';
import { FrontProbe } from '../../support/front-probe.js';
import { procProcess } from '../../support/proc.js';
import { hostile } from '../bytes.js';
import { isWatched, mustBeProven, QUESTIONS, type Ground } from '../proven-answers.js';
import { Scratch } from '../scratch.js';
import { PATIENCE, type Target } from '../target.js';

const SCRIPTS = new URL('../../../scripts/', import.meta.url);
const PARTS = ['daemon-util', 'run-node.sh', 'state-board.sh', 'start-claim.sh', 'status-line.sh', 'unit-claim.sh', 'demo-runtime.sh'];
const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const BETWEEN = '\n%%\n';
const CONFIGURATION = 'the built-in demo';
const ACTIVE = 'up.service';
const SYSTEMCTL = `#!/bin/sh
state='ActiveState=inactive
SubState=dead'
if [ "$5" = ${ACTIVE} ]; then state='ActiveState=active
SubState=running'; fi
printf 'LoadState=loaded\\n\\nLoadState=loaded\\n%s\\n' "$state"
`;

/** @SELF@ is a process that lives, @NOW@ is ms of /proc/uptime, @NAME@ the daemon's. */
const WATCHERS = ['1 @SELF@ @BOOT@ @NOW@ 3600000\n', '1 @SELF@ @BOOT@ 5 15000\n', '1 @SELF@ 12-34 @NOW@ 15000\n', '1 4194303 5 @BOOT@ @NOW@ 15000\n', '2 @SELF@ @BOOT@ @NOW@ 15000\n'];
const UP = '1 @NAME@ running 1 @SELF@ up watcher 0 - 123456 runs; "quoted" $(touch struck) *\n';
const STOPPED = '1 @NAME@ stopped 0 - - down watcher 3 - 123456 stopped by `touch struck`\n';
const DAEMONS = [UP, UP, STOPPED, '1 @NAME@ degraded 1 @SELF@ up cluster 3 999 1 x\n', '1 @NAME@ crash-loop 0 - - up watcher 9 5000 123456 exited\n', '1 @NAME@ backing-off 0 - - up watcher 1 @NOW@ 123456 \n', '1 @NAME@ starting 0 @SELF@ up watcher 0 - 1 x\n', '1 other running 1 @SELF@ up watcher 0 - 1 x\n', '1 @NAME@ running 1 4194303 99 up watcher 0 - 1 x\n'];
const CLAIMS = [
  '1 @SELF@ the built-in demo\nup f1\nsay skipped \x1b[2J $(touch struck)\nend\n', '1 @SELF@ the built-in demo\nunset A;touch${IFS}struck\nend\n', '1 @SELF@ the built-in demo\nunset WATCHKEEPER_X\nunset A}";touch struck;"\nabsent /nowhere\nthere /\nend\n',
  '1 @SELF@ the built-in demo\nend\n', '1 @SELF@ /etc/watchkeeper/watchkeeper.yaml\nsame /etc\nend\n',
];
/** What systemd's own daemons are called. */
const UNITS = [
  '1 @BOOT@ @NOW@ the built-in demo\nsame /etc\nabsent /nowhere\nunset WATCHKEEPER_X\ntarget wk.target\nunit f1 up.service\nunit f2 down.service\nunit f3 up.service\nend\n',
  '1 @BOOT@ @NOW@ the built-in demo\ntarget wk.target\nunit f1 $(touch struck)\nunit f1 up.service\nunset A}";touch struck;"\nend\n',
  '1 @BOOT@ 5 the built-in demo\ntarget wk.target\nunit f1 up.service\nend\n', '1 @BOOT@ @NOW@ /etc/watchkeeper/watchkeeper.yaml\ntarget wk.target\nunit f1 up.service\nend\n', '',
];

const board = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: fc.constant(Buffer.from(WATCHERS[0] ?? '')) }, { weight: 1, arbitrary: hostile(WATCHERS, 4000) }),
  hostile(CLAIMS, 4000),
  fc.oneof({ weight: 1, arbitrary: fc.constant(Buffer.from(UNITS[0] ?? '')) }, { weight: 2, arbitrary: hostile(UNITS, 4000) }),
  fc.array(fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...DAEMONS).map((text) => Buffer.from(text)) }, { weight: 3, arbitrary: hostile(DAEMONS, 4000) }), { minLength: 1, maxLength: 12 }),
);

export const target: Target = {
  inputs: board.map(([watcher, claim, units, daemons]) => Buffer.concat([watcher, claim, units, ...daemons].flatMap((piece) => [Buffer.from(BETWEEN), piece]).slice(1))),
  batch: 5,
  open() {
    const scratch = new Scratch();
    for (const directory of ['clone/scripts', 'clone/dist', 'clone/src/core', 'user/watchkeeper-demo/run/state']) mkdirSync(scratch.at(directory), { recursive: true });
    for (const part of PARTS) copyFileSync(new URL(part, SCRIPTS), scratch.at('clone/scripts', part));
    const units = scratch.at('clone/scripts/unit-claim.sh');
    writeFileSync(units, readFileSync(units, 'utf8').replace('/run/systemd/system', scratch.at('clone')).replace('/usr/bin/systemctl', scratch.at('systemctl')));
    writeFileSync(scratch.at('systemctl'), SYSTEMCTL, { mode: 0o755 });
    const bundle = `${scratch.at('clone/scripts')}/../dist/watchkeeper.cjs`;
    writeFileSync(bundle, '');
    const probe = new FrontProbe(scratch.directory, scratch.at('clone/scripts/daemon-util'), bundle, { XDG_RUNTIME_DIR: scratch.at('user') }, PATIENCE);
    const runtime = 'user/watchkeeper-demo/run';
    const self = `${process.pid} ${procProcess(process.pid)?.startTicks ?? 0}`;
    return {
      try(input) {
        scratch.remove(`${runtime}/state`);
        const now = String(Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000));
        const fill = (text: string, name: string): string => text.replaceAll('@SELF@', self).replaceAll('@BOOT@', BOOT_ID).replaceAll('@NOW@', now).replaceAll('@NAME@', name);
        const [watcher = '', claim = '', units = '', ...daemons] = input.toString('latin1').split(BETWEEN).map((piece, index) => fill(piece, `f${index - 2}`));
        const texts = new Map(daemons.map((text, index) => [`f${index + 1}`, text]));
        scratch.write(`${runtime}/watcher`, Buffer.from(watcher, 'latin1'));
        scratch.write(`${runtime}/start-all`, Buffer.from(claim, 'latin1'));
        scratch.write(`${runtime}/units`, Buffer.from(units, 'latin1'));
        for (const [name, text] of texts) scratch.write(`${runtime}/state/${name}`, Buffer.from(text, 'latin1'));
        const answers = probe.ask([...[...texts.keys()].flatMap((name) => QUESTIONS.map((question) => `${question} ${name}`)), 'start-all']);
        expect(existsSync('struck'), 'something on the board was carried out').to.equal(false);
        const ground: Ground = { bootId: BOOT_ID, configuration: CONFIGURATION, active: ACTIVE, watcher, units };
        for (const [name, text] of texts) {
          const isPlain = text === fill(UP, name);
          for (const question of QUESTIONS) {
            const answer = answers.get(`${question} ${name}`);
            if (answer?.by === 'front') mustBeProven(question, name, text, ground, answer);
            else if (isPlain && (question === 'status' ? watcher === fill(WATCHERS[0] ?? '', '') : isWatched(ground))) throw new Error(`Node is asked what the board proves: ${question} of ${text}`);
          }
        }
        const all = answers.get('start-all');
        if (all?.by === 'front') expect({ status: all.status, stdout: all.stdout, watched: isWatched(ground), ended: claim.endsWith('\nend\n') }).to.deep.equal({ status: 0, stdout: '', watched: true, ended: true });
        // Both know the same watcher, or Node knows of one more that is not to be believed any more.
        if (units === '' && [...answers].some(([line, { by, status }]) => line.startsWith('check') && by === 'front' && status === 1)) expect(lastWatcher(scratch.at(runtime))?.pid).to.equal(process.pid);
      },
      close: () => scratch.remove(),
    };
  },
};
