/** Faults that hit systemd and its bus, each with what tells that it has hit: a command that was refused changes nothing. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { eventually } from '../support/eventually.js';
import { liveProcesses } from '../support/proc.js';
import { typed } from './operator.js';
import type { FaultKind } from './plan.js';
import type { Answer } from './world.js';

const SYSTEMCTL = '/usr/bin/systemctl';
/** ms until it can be seen. */
const PATIENCE = 5000;

export interface Blow {
  readonly strike: () => Promise<Answer>;
  /** Of what is hit; empty: it is not there. */
  readonly identity: () => string;
}

/** @returns why it hit nothing. What the command says is no proof: the connection that it asks over may be the one that is cut. */
export async function hits({ strike, identity }: Blow, patience = PATIENCE): Promise<string | undefined> {
  await eventually('it is there', () => identity() !== '', patience).catch(() => undefined);
  const before = identity();
  if (before === '') return 'it was not there';
  const { detail } = await strike();
  try {
    await eventually('it is another one', () => identity() !== before, patience);
    return undefined;
  } catch {
    return `it is the same as before: ${detail}`;
  }
}

function bus(): string {
  const found = liveProcesses().find(({ ppid, argv }) => ppid === 1 && /dbus-(daemon|broker)/.test(argv[0] ?? ''));
  return found === undefined ? '' : `${found.pid} ${found.startTicks}`;
}

/** Where a program lies in its memory differs each time that it is executed. */
function program(): string {
  return readFileSync('/proc/1/auxv', 'hex');
}

const GENERATORS = '/etc/systemd/system-generators';
const GENERATED = '/run/systemd/generator/chaos-generated';

/** Run by systemd each time that it reads its units, and may write nowhere else. Its own timestamps stay at its first begin. */
export function installGenerator(): void {
  mkdirSync(GENERATORS, { recursive: true });
  writeFileSync(`${GENERATORS}/chaos`, `#!/bin/sh\ndate +%s.%N >"$1/${GENERATED.replace(/^.*\//, '')}"\n`);
  chmodSync(`${GENERATORS}/chaos`, 0o755);
}

function generated(): string {
  try {
    return readFileSync(GENERATED, 'utf8');
  } catch {
    return ''; // it is about to be written again
  }
}

export function hitSystemd(kind: FaultKind, choice: number): Promise<string | undefined> {
  const command = (...words: string[]) => (): Promise<Answer> => typed(SYSTEMCTL, words);
  // Killed, it comes back by its socket with the next who wants it.
  const ofBus = choice % 2 === 0 ? command('restart', 'dbus.service') : command('kill', '--signal=KILL', 'dbus.service');
  const blows: Partial<Record<FaultKind, Blow>> = {
    'bus-restart': { strike: ofBus, identity: bus },
    'manager-reexec': { strike: command('daemon-reexec'), identity: program },
    'manager-reload': { strike: command('daemon-reload'), identity: generated },
  };
  const blow = blows[kind];
  if (blow === undefined) throw new Error(`${kind} is no fault of systemd`);
  return hits(blow);
}
