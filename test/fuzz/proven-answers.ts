/**
 * What scripts/daemon-util may answer by itself of one daemon: read anew, by
 * what stands on the board and in systemd's claim, and by nothing of the front's.
 */
import { expect } from 'chai';

import type { DaemonStatus } from '../../src/core/daemon-status.js';
import { statusLine } from '../../src/core/status-line.js';
import { timeless, type FrontAnswer } from '../support/front-probe.js';
import { procProcess } from '../support/proc.js';

export const QUESTIONS = ['check', 'pid', 'check-and-start', 'status'] as const;
export type Question = (typeof QUESTIONS)[number];

const UP = ['running', 'degraded'];
const DOWN = ['stopped', 'waiting', 'backing-off', 'crash-loop', 'given-up', 'failed'];
const BLANKS = /[ \t]+/;
const COUNT = /^(?:0|[1-9]\d*)$/;

export interface Ground {
  readonly bootId: string;
  readonly configuration: string;
  /** The unit that systemd has active; all others are not. */
  readonly active: string;
  readonly watcher: string;
  readonly units: string;
}

/** Of the first line, if it is a whole one; shells know no NUL. */
function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(0, end).replaceAll('\0', '').replace(/^[ \t]+|[ \t]+$/g, '');
}

/** @param most the last of them is all the rest */
function words(line: string, most = Infinity): string[] {
  const found: string[] = [];
  let rest = line;
  while (rest !== '' && found.length < most - 1) {
    const blank = BLANKS.exec(rest);
    found.push(rest.slice(0, blank?.index ?? rest.length));
    rest = blank === null ? '' : rest.slice(blank.index + blank[0].length);
  }
  return rest === '' ? found : [...found, rest];
}

function isProcess(pid: string | undefined, ticks: string | undefined): boolean {
  return pid !== undefined && /^[1-9]\d*$/.test(pid) && procProcess(Number(pid))?.startTicks === Number(ticks);
}

export function isWatched({ watcher, bootId }: Ground): boolean {
  const [version, pid, ticks, boot, heartbeat, staleAfter, ...more] = words(firstLine(watcher));
  return version === '1' && boot === bootId && more.length === 0 && isProcess(pid, ticks) && /^\d{1,15}$/.test(heartbeat ?? '') && /^\d{1,9}$/.test(staleAfter ?? '');
}

/** What the claim calls this daemon's unit. */
function claimedUnit(name: string, { units, bootId, configuration }: Ground): string | undefined {
  const text = units.replaceAll('\0', '');
  const [version, boot, proven, ...claimed] = words(firstLine(text));
  if (version !== '1' || boot !== bootId || !COUNT.test(proven ?? '') || claimed.join(' ') !== configuration) return undefined;
  if (!/\n[ \t]*end(?:[ \t][^\n]*)?\n[ \t]*$/.test(text) || !/\n[ \t]*target[ \t]+[^ \t\n]/.test(text)) return undefined;
  const abouts = text.split('\n').slice(1, -1).map((line) => words(line.replace(/^[ \t]+|[ \t]+$/g, ''), 2));
  return abouts.filter(([ground, about = '']) => ground === 'unit' && about.startsWith(`${name} `)).at(-1)?.[1]?.slice(name.length + 1);
}

/** As the board has it, if it is all there. */
function toldStatus(name: string, line: string): DaemonStatus | undefined {
  const [, , observed = '', , pid = '', ticks = '', desired, owner, rest = ''] = words(line, 9);
  const [restarts = '', nextTry = '', published, ...reason] = rest.split(' ');
  if (published === undefined || !COUNT.test(restarts) || !(nextTry === '-' || COUNT.test(nextTry)) || owner !== 'watcher') return undefined;
  const now = Number(process.hrtime.bigint() / 1_000_000n);
  return {
    name, observed: observed as DaemonStatus['observed'], desired: desired as DaemonStatus['desired'], ready: false, owner: 'watcher', lastExit: null,
    pid: pid === '-' ? null : Number(pid), uptime: pid === '-' ? null : now - Number(ticks) * 10,
    restarts: Number(restarts), nextTry: nextTry === '-' ? null : Math.max(0, Number(nextTry) - now), reason: reason.join(' '),
  };
}

/** @param text the daemon's file on the board */
export function mustBeProven(question: Question, name: string, text: string, ground: Ground, { status, stdout, stderr }: FrontAnswer): void {
  const line = firstLine(text);
  const told = `${question} of ${JSON.stringify(text.slice(0, 300))} and ${JSON.stringify(ground)}: ${JSON.stringify({ status, stdout, stderr })}`;
  expect(stderr, told).to.equal('');
  const [version, named, observed = '', , pid, ticks, , , rest] = words(line, 9);
  const whole = version === '1' && named === name && rest !== undefined;
  const runs = whole && UP.includes(observed) && isProcess(pid, ticks);
  const rests = whole && DOWN.includes(observed) && pid === '-' && isWatched(ground);
  if (question === 'pid') {
    expect({ status, stdout, runs }, told).to.deep.equal({ status: 0, stdout: `${pid ?? ''}\n`, runs: true });
  } else if (question === 'status') {
    const known = toldStatus(name, line);
    expect({ status, proven: (runs || rests) && isWatched(ground) && known !== undefined }, told).to.deep.equal({ status: 0, proven: true });
    if (known !== undefined) expect(stdout, told).to.equal(timeless(`${statusLine(known)}\n`));
  } else {
    expect(stdout, told).to.equal('');
    if (status === 0 && runs) return;
    if (status === 1 && question === 'check' && rests) return;
    const unit = claimedUnit(name, ground);
    expect({ status, claimed: unit !== undefined && (question === 'check' || unit === ground.active) }, told).to.deep.equal({ status: unit === ground.active ? 0 : 1, claimed: true });
  }
}
