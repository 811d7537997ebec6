/**
 * Programs of the site, run by systemd as units of their own, so that they do
 * not inherit the sandbox of the watcher's unit. systemd-run stays beside each
 * one to the program's end, hands it our descriptors, and says on its own stderr
 * how it ended; the program's goes to its stdout.
 *
 * What is to be run is in a file that only root can read: whoever asks systemd
 * would be shown the unit's command and environment.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ExitStatus } from '../../core/exit-status.js';
import { shellQuoted } from '../../core/shell-word.js';

const SYSTEMD_RUN = '/usr/bin/systemd-run';
/** As a child of ours would have it. What it leaves behind at its end goes on, and no end of the node is waited for here. */
const PROPERTIES = ['KillMode=process', 'IgnoreSIGPIPE=no', 'DefaultDependencies=no', 'TimeoutStopSec=10', 'UnsetEnvironment=LANG INVOCATION_ID SYSTEMD_EXEC_PID MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE'];
/** How systemd 252 and 257 tell it. */
const END = /^Main processes terminated with: code=(exited|killed|dumped)(?:\/|, )status=(?:(\d+)(?:\/(\S+))?|(\S+))$/m;
const MOST_WORDS = 300;

/** For systemd-run itself. */
export const RUN_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SYSTEMD_COLORS: '0' } as const;

export interface OutsideProgram {
  readonly argv: readonly string[];
  /** All of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Whether it says its pid on the first line of its output. */
  readonly tellsPid: boolean;
  /** Runs every few seconds: systemd's three lines about each run would bury its journal. Of what the program itself logs there, notice and above stay. */
  readonly isFrequent: boolean;
  /** What the unit's name says of it. */
  readonly purpose: string;
}

export interface Prepared {
  readonly argv: readonly [string, ...string[]];
  readonly unit: string;
  /** Once it has begun or can't begin any more. */
  readonly clear: () => void;
}

export class Outside {
  /** @param directory ours alone; what is left in it is nobody's */
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true });
  }

  prepare(program: OutsideProgram): Prepared {
    const name = `${program.purpose.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 80)}-${randomBytes(6).toString('hex')}`;
    const path = join(this.directory, name);
    const unit = `watchkeeper-${name}.service`;
    writeFileSync(path, scriptOf(program), { flag: 'wx', mode: 0o600 });
    const options = ['--wait', '--pipe', '--collect', '--service-type=exec', `--unit=${unit}`, `--description=Watchkeeper runs ${program.purpose}`];
    const properties = program.isFrequent ? [...PROPERTIES, 'LogLevelMax=notice'] : PROPERTIES;
    return {
      argv: [SYSTEMD_RUN, ...options, ...properties.flatMap((property) => ['-p', property]), '--', '/bin/sh', path],
      unit,
      clear: () => rmSync(path, { force: true }),
    };
  }
}

function scriptOf({ argv, environment, workingDirectory, tellsPid }: OutsideProgram): string {
  const variables = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${shellQuoted(value)}; export ${name}`]));
  return [`cd ${shellQuoted(workingDirectory)} || exit 127`, ...variables, ...(tellsPid ? ['echo $$'] : []), `exec ${argv.map(shellQuoted).join(' ')} 2>&1`, ''].join('\n');
}

/** @param said systemd-run's stderr. unknown: it did not begin, or systemd-run lost sight of it */
export function outsideEnd(said: string): ExitStatus {
  const [, code, status, name, word] = END.exec(said) ?? [];
  if (code === undefined) return { kind: 'unknown' };
  if (code === 'exited') return status === undefined ? { kind: 'unknown' } : { kind: 'exited', status: Number(status) };
  return { kind: 'killed', signal: `SIG${name ?? word ?? ''}` };
}

const BEGUN = 'Running as unit:';

/** Whether systemd has done its part, so that the rest of the time is the program's own. */
export function hasBegun(said: string): boolean {
  return said.includes(BEGUN);
}

/** Why nothing is known of its end. */
export function outsideTrouble(said: string): string {
  const words = said.split('\n').filter((line) => !line.startsWith(BEGUN)).join(' ').trim();
  return `systemd did not tell how it ended: ${words.slice(0, MOST_WORDS) || 'systemd-run was killed'}`;
}
