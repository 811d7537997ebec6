/** Promotion scores by Pacemaker's crm_attribute(8), and by crm_master where that has no `--promotion` yet. */
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { PromotionScores } from '../../ports/promotion-score.js';
import type { Runner, RunResult } from '../../ports/runner.js';

/** ms; it takes 50. */
const TIMEOUT = 15_000;
/** CRM_EX_USAGE, and EX_USAGE of older ones. */
const UNKNOWN_OPTION = new Set([64, 2]);
/** CRM_EX_NOSUCH: there was no score to withdraw. */
const NO_SUCH = 105;
const MAX_REASON = 300;

export interface ScorePrograms {
  readonly attribute: string;
  readonly master: string;
}

export const SCORE_PROGRAMS: ScorePrograms = { attribute: '/usr/sbin/crm_attribute', master: '/usr/sbin/crm_master' };

export function promotionScores(runner: Runner, programs: ScorePrograms = SCORE_PROGRAMS): PromotionScores {
  return {
    async set(resource, node, score) {
      const change = score === undefined ? ['--delete'] : ['--update', String(score)];
      const run = (argv: readonly [string, ...string[]]): Promise<RunResult> => runner.run(argv, { timeout: TIMEOUT, environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', OCF_RESOURCE_INSTANCE: resource } });
      let result = await run([programs.attribute, `--promotion=${resource}`, '--lifetime', 'reboot', '--node', node, ...change]);
      if (result.exit.kind === 'exited' && UNKNOWN_OPTION.has(result.exit.status)) result = await run([programs.master, '-r', resource, '-l', 'reboot', '-N', node, ...(score === undefined ? ['-D'] : ['-v', String(score)])]);
      const { exit, timedOut, stdout, stderr } = result;
      if (timedOut) return `crm_attribute did not answer within ${TIMEOUT / 1000} s`;
      if (exit.kind === 'exited' && (exit.status === 0 || (score === undefined && exit.status === NO_SUCH))) return undefined;
      const words = escapeControl(`${stderr.trim()} ${stdout.trim()}`.trim(), MAX_REASON);
      return `crm_attribute ${describeExit(exit)}${words === '' ? '' : `: ${words}`}`;
    },
  };
}
