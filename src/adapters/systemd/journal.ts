/** The last words of a unit's last run, from systemd's journal: other people's text, made fit for a line. */
import { spawn } from 'node:child_process';

import type { DaemonSpec } from '../../core/daemon.js';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { failed, type Outcome } from '../../core/outcome.js';
import { explainRefusal, type RefusalRule } from '../../core/refusal.js';
import type { Runner } from '../../ports/runner.js';
import { addressHolders } from '../host/address-holders.js';
import type { UnitFacts } from './unit-facts.js';

export type Failure = Extract<Outcome, { kind: 'failed' }>;

const JOURNALCTL = '/usr/bin/journalctl';
/** Shown; more are looked through for what a refusal is known by. */
const SHOWN = 3;
const LINES = 40;
const MAX_LINE = 200;
const TIMEOUT = 2_000;

/** @returns no lines where the journal has none, or does not answer in time: it is a help, not a need */
export async function lastLines(runner: Runner, facts: UnitFacts): Promise<readonly string[]> {
  // Without the invocation they could be of a run of last week.
  if (!/^[0-9a-f]{32}$/.test(facts.invocation)) return [];
  const result = await runner.run(
    [JOURNALCTL, '--quiet', '--no-pager', '--output=cat', `--lines=${LINES}`, `_SYSTEMD_INVOCATION_ID=${facts.invocation}`],
    { timeout: TIMEOUT, environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  );
  if (result.exit.kind !== 'exited' || result.exit.status !== 0) return [];
  return result.stdout.split('\n').filter((line) => line.trim() !== '');
}

/** "; it said: …", or nothing. */
export function said(lines: readonly string[]): string {
  const shown = lines.slice(-SHOWN).map((line) => escapeControl(line, MAX_LINE));
  return shown.length === 0 ? '' : `; it said: ${shown.join(' / ')}`;
}

/** A failed start with the daemon's own words, and what they mean where that is known. */
export function explained(failure: Failure, spec: DaemonSpec, lines: readonly string[], rules: readonly RefusalRule[]): Outcome {
  const refusal = explainRefusal({ output: lines.join('\n'), rules, holders: () => addressHolders(spec) });
  if (refusal === undefined) return { ...failure, reason: `${failure.reason}${said(lines)}` };
  return failed(refusal.code, `${failure.reason}; ${refusal.reason}${said(lines)}`, refusal.next);
}

/** The last messages of a unit, whichever run they are of. @returns none where the journal does not answer in time */
export async function lastMessages(runner: Runner, unit: string, count: number): Promise<readonly string[]> {
  const argv = [JOURNALCTL, '--quiet', '--no-pager', '--output=cat', `--lines=${count}`, `_SYSTEMD_UNIT=${unit}`] as const;
  const result = await runner.run([...argv], { timeout: TIMEOUT, environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
  if (result.exit.kind !== 'exited' || result.exit.status !== 0) return [];
  return result.stdout.split('\n').filter((line) => line.trim() !== '');
}

/** journalctl in our place: what it prints is for people already. @returns its exit status */
export function showJournal(unit: string, { lines, follow }: { readonly lines: number; readonly follow: boolean }): Promise<number> {
  const argv = ['--no-pager', '--quiet', `--lines=${lines}`, ...(follow ? ['--follow'] : []), `--unit=${unit}`];
  const child = spawn(JOURNALCTL, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  // It would follow for ever, with nobody left to read.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.once(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new WatchkeeperError('USAGE', 'cannot show logs', `${JOURNALCTL} cannot be run: ${cause.code ?? cause.message}`, 'installing systemd whole', { cause })),
    );
    child.once('exit', (status) => resolve(status ?? 1));
  });
}
