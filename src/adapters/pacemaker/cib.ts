/**
 * Changes of the cluster's configuration (the CIB). crm(8) or pcs(8) makes them in
 * a copy; crm_verify looks at it; what is different then goes to the cluster as one
 * patch, so that it gets all of it or nothing, and changes of others meanwhile stay.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { ClusterConfiguration, ClusterShell } from '../../ports/cluster-configuration.js';
import type { Runner, RunResult } from '../../ports/runner.js';

const SBIN = '/usr/sbin';
const SHELLS: readonly ClusterShell[] = ['crm', 'pcs'];
/** ms; Python starts slowly, and Pacemaker's own tools need some 50. */
const SHELL_TIMEOUT = 60_000;
const TIMEOUT = 20_000;
/** CRM_EX_NOSUCH */
const NO_SUCH = 105;
/** crm_diff: there is a difference. */
const DIFFERENT = 1;
const MAX_WORDS = 1000;
const SHADOW = 'watchkeeper';

/** @param runtime where the copies are made, root's only; gone afterwards */
export function clusterConfiguration(runner: Runner, runtime: string): ClusterConfiguration {
  const run = (argv: readonly [string, ...string[]], environment: Readonly<Record<string, string>> = {}, input?: string): Promise<RunResult> =>
    runner.run(argv, {
      timeout: argv[0].endsWith('/crm') || argv[0].endsWith('/pcs') ? SHELL_TIMEOUT : TIMEOUT,
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/root', ...environment },
      ...(input === undefined ? {} : { input }),
    });
  const must = async (argv: readonly [string, ...string[]], environment: Readonly<Record<string, string>> = {}, input?: string): Promise<string> => {
    const result = await run(argv, environment, input);
    if (!ended(result, 0)) throw refused(argv, result);
    return result.stdout;
  };

  return {
    shells: () => SHELLS.filter((shell) => fs.existsSync(join(SBIN, shell))),
    async primitive(id) {
      const argv = [join(SBIN, 'cibadmin'), '--query', `--xpath=//primitive[@id='${id}']`] as const;
      const result = await run(argv);
      if (ended(result, NO_SUCH)) return undefined;
      if (!ended(result, 0)) throw refused(argv, result);
      return result.stdout;
    },
    async apply(shell, commands) {
      const directory = fs.mkdtempSync(join(runtime, 'cib-'));
      try {
        const environment = { CIB_shadow_dir: directory };
        await must([join(SBIN, 'crm_shadow'), '--create', SHADOW, '--batch', '--force'], environment);
        const copy = join(directory, `shadow.${SHADOW}`);
        const before = join(directory, 'before.xml');
        fs.copyFileSync(copy, before);
        for (const words of commands) await must([join(SBIN, shell), ...(shell === 'pcs' ? ['-f', copy] : []), ...words], { CIB_file: copy });
        await verify(before, copy);
        const diff = await run([join(SBIN, 'crm_diff'), '--no-version', `--original=${before}`, `--new=${copy}`]);
        if (ended(diff, 0)) return;
        if (!ended(diff, DIFFERENT)) throw refused([join(SBIN, 'crm_diff')], diff);
        await must([join(SBIN, 'cibadmin'), '--patch', '--xml-pipe'], {}, diff.stdout);
      } finally {
        fs.rmSync(directory, { recursive: true, force: true });
      }
    },
  };

  /** What was wrong before (no fencing configured, above all) is no reason against what we add. */
  async function verify(before: string, after: string): Promise<void> {
    const argv = (file: string): readonly [string, ...string[]] => [join(SBIN, 'crm_verify'), '--verbose', `--xml-file=${file}`];
    const result = await run(argv(after));
    if (ended(result, 0) || isWarned(result) || !ended(await run(argv(before)), 0)) return;
    throw refused(argv(after), result);
  }
}

/** Pacemaker 3 ends so for the older names of roles, which crm and pcs write where the CIB's schema knows no others. */
function isWarned({ exit, timedOut, stdout, stderr }: RunResult): boolean {
  const words = `${stdout}${stderr}`;
  return !timedOut && exit.kind === 'exited' && /warning/i.test(words) && !/error/i.test(words);
}

function ended({ exit, timedOut }: RunResult, status: number): boolean {
  return !timedOut && exit.kind === 'exited' && exit.status === status;
}

function refused([program]: readonly [string, ...string[]], { exit, timedOut, stdout, stderr }: RunResult): WatchkeeperError {
  const words = escapeControl(`${stderr.trim()} ${stdout.trim()}`.trim().replace(/\s*\n\s*/g, '; '), MAX_WORDS);
  return new WatchkeeperError('CLUSTER_REFUSED', "cannot change the cluster's configuration", `${program} ${timedOut ? 'did not end in time' : describeExit(exit)}${words === '' ? '' : `: ${words}`}`, 'systemctl status pacemaker; crm_verify --live-check -V');
}
