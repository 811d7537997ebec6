/**
 * The state board before scripts/daemon-util: many boards for one look, in three
 * shells. What the front answers by itself must be proven by what is written
 * there, read here anew; all else must become Node's, which is asked the same.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { lastWatcher } from '../../../src/adapters/state/state-board.js';
import { FrontProbe, type FrontAnswer } from '../../support/front-probe.js';
import { procProcess } from '../../support/proc.js';
import { hostile } from '../bytes.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const SCRIPTS = new URL('../../../scripts/', import.meta.url);
const PARTS = ['daemon-util', 'run-node.sh', 'state-board.sh', 'start-claim.sh', 'demo-runtime.sh'];
const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const BETWEEN = '\n%%\n';
const DOWN = ['stopped', 'waiting', 'backing-off', 'crash-loop', 'given-up', 'failed'];

/** @SELF@ is a process that lives, @NOW@ is ms of /proc/uptime, @NAME@ the daemon's. */
const WATCHERS = ['1 @SELF@ @BOOT@ @NOW@ 3600000\n', '1 @SELF@ @BOOT@ 5 15000\n', '1 @SELF@ 12-34 @NOW@ 15000\n', '1 4194303 5 @BOOT@ @NOW@ 15000\n', '2 @SELF@ @BOOT@ @NOW@ 15000\n'];
const UP = '1 @NAME@ running 1 @SELF@ up watcher 0 - 123456 runs; "quoted" $(touch struck) *\n';
const STOPPED = '1 @NAME@ stopped 0 - - down watcher 3 - 123456 stopped by `touch struck`\n';
const DAEMONS = [UP, UP, STOPPED, '1 @NAME@ degraded 1 @SELF@ up cluster 3 999 1 x\n', '1 @NAME@ crash-loop 0 - - up watcher 9 5000 123456 exited\n', '1 @NAME@ starting 0 @SELF@ up watcher 0 - 1 x\n', '1 other running 1 @SELF@ up watcher 0 - 1 x\n', '1 @NAME@ running 1 4194303 99 up watcher 0 - 1 x\n'];
const CLAIMS = [
  '1 @SELF@ the built-in demo\nup f1\nsay skipped \x1b[2J $(touch struck)\nend\n', '1 @SELF@ the built-in demo\nunset A;touch${IFS}struck\nend\n', '1 @SELF@ the built-in demo\nunset WATCHKEEPER_X\nunset A}";touch struck;"\nabsent /nowhere\nthere /\nend\n',
  '1 @SELF@ the built-in demo\nend\n', '1 @SELF@ /etc/watchkeeper/watchkeeper.yaml\nsame /etc\nend\n',
];

const board = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: fc.constant(Buffer.from(WATCHERS[0] ?? '')) }, { weight: 1, arbitrary: hostile(WATCHERS, 4000) }),
  hostile(CLAIMS, 4000),
  fc.array(fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...DAEMONS).map((text) => Buffer.from(text)) }, { weight: 3, arbitrary: hostile(DAEMONS, 4000) }), { minLength: 1, maxLength: 25 }),
);

export const target: Target = {
  inputs: board.map(([watcher, claim, daemons]) => Buffer.concat([watcher, claim, ...daemons].flatMap((piece) => [Buffer.from(BETWEEN), piece]).slice(1))),
  batch: 5,
  open() {
    const scratch = new Scratch();
    for (const directory of ['clone/scripts', 'clone/dist', 'clone/src/core', 'user/watchkeeper-demo/run/state']) mkdirSync(scratch.at(directory), { recursive: true });
    for (const part of PARTS) copyFileSync(new URL(part, SCRIPTS), scratch.at('clone/scripts', part));
    const bundle = `${scratch.at('clone/scripts')}/../dist/watchkeeper.cjs`;
    writeFileSync(bundle, '');
    const probe = new FrontProbe(scratch.directory, scratch.at('clone/scripts/daemon-util'), bundle, { XDG_RUNTIME_DIR: scratch.at('user') });
    const runtime = 'user/watchkeeper-demo/run';
    const self = `${process.pid} ${procProcess(process.pid)?.startTicks ?? 0}`;
    return {
      try(input) {
        scratch.remove(`${runtime}/state`);
        const now = String(Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000));
        const [watcher = '', claim = '', ...daemons] = input.toString('latin1').split(BETWEEN).map((piece) => piece.replaceAll('@SELF@', self).replaceAll('@BOOT@', BOOT_ID).replaceAll('@NOW@', now));
        const texts = new Map(daemons.map((text, index) => [`f${index + 1}`, text.replaceAll('@NAME@', `f${index + 1}`)]));
        scratch.write(`${runtime}/watcher`, Buffer.from(watcher, 'latin1'));
        scratch.write(`${runtime}/start-all`, Buffer.from(claim, 'latin1'));
        for (const [name, text] of texts) scratch.write(`${runtime}/state/${name}`, Buffer.from(text, 'latin1'));
        const answers = probe.ask([...[...texts.keys()].flatMap((name) => [`check ${name}`, `pid ${name}`]), 'start-all']);
        expect(existsSync('struck'), 'something on the board was carried out').to.equal(false);
        const alive = isAlive(words(watcher));
        for (const [name, text] of texts) for (const question of ['check', 'pid'] as const) mustBeProven(question, name, text, alive, answers.get(`${question} ${name}`));
        const all = answers.get('start-all');
        if (all?.by === 'front') expect({ status: all.status, stdout: all.stdout, watched: alive, ended: claim.endsWith('\nend\n') }).to.deep.equal({ status: 0, stdout: '', watched: true, ended: true });
        // Both know the same watcher, or Node knows of one more that is not to be believed any more.
        if ([...answers].some(([line, { by, status }]) => line.startsWith('check') && by === 'front' && status === 1)) expect(lastWatcher(scratch.at(runtime))?.pid).to.equal(process.pid);
      },
      close: () => scratch.remove(),
    };
  },
};

/** Of the first line, if it is a whole one; shells know no NUL. */
function words(text: string): readonly string[] {
  const end = text.indexOf('\n');
  return end < 0 ? [] : text.slice(0, end).replaceAll('\0', '').split(/[ \t]+/).filter((word) => word !== '');
}

function isAlive([version, pid, ticks, boot, heartbeat, staleAfter, ...more]: readonly string[]): boolean {
  return version === '1' && boot === BOOT_ID && more.length === 0 && isProcess(pid, ticks) && /^\d{1,15}$/.test(heartbeat ?? '') && /^\d{1,9}$/.test(staleAfter ?? '');
}

function isProcess(pid: string | undefined, ticks: string | undefined): boolean {
  return pid !== undefined && /^[1-9]\d*$/.test(pid) && procProcess(Number(pid))?.startTicks === Number(ticks);
}

function mustBeProven(question: 'check' | 'pid', name: string, text: string, watched: boolean, answer: FrontAnswer | undefined): void {
  const told = `${question} of ${JSON.stringify(text.slice(0, 300))}: ${JSON.stringify(answer)}`;
  const [version, named, observed = '', , pid, ticks, , , ...rest] = words(text);
  const whole = version === '1' && named === name && rest.length > 0;
  if (answer?.by === 'front') {
    expect(whole, told).to.equal(true);
    expect(answer.stderr, told).to.equal('');
    if (answer.status === 0) {
      expect(['running', 'degraded'].includes(observed) && isProcess(pid, ticks), told).to.equal(true);
      expect(answer.stdout, told).to.equal(question === 'pid' ? `${pid ?? ''}\n` : '');
    } else {
      expect(answer.status === 1 && question === 'check' && DOWN.includes(observed) && pid === '-' && watched, told).to.equal(true);
    }
  } else if (text === UP.replaceAll('@NAME@', name).replaceAll('@SELF@', `${pid ?? ''} ${ticks ?? ''}`) && isProcess(pid, ticks) && watched) {
    throw new Error(`Node is asked what the board proves: ${told}`);
  }
}
