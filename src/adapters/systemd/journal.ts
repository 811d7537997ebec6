/** The last words of a unit's last run, from systemd's journal: other people's text, made fit for a line. */
import { escapeControl } from '../../core/escape.js';
import type { Runner } from '../../ports/runner.js';
import type { UnitFacts } from './unit-facts.js';

const JOURNALCTL = '/usr/bin/journalctl';
const LINES = 3;
const MAX_LINE = 200;
const TIMEOUT = 2_000;

/** @returns '' where the journal has none, or does not answer in time: it is a help, not a need */
export async function lastWords(runner: Runner, facts: UnitFacts): Promise<string> {
  // Without the invocation they could be of a run of last week.
  if (!/^[0-9a-f]{32}$/.test(facts.invocation)) return '';
  const result = await runner.run(
    [JOURNALCTL, '--quiet', '--no-pager', '--output=cat', `--lines=${LINES}`, `_SYSTEMD_INVOCATION_ID=${facts.invocation}`],
    { timeout: TIMEOUT, environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  );
  if (result.exit.kind !== 'exited' || result.exit.status !== 0) return '';
  return result.stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => escapeControl(line, MAX_LINE))
    .join(' / ');
}
