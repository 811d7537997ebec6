/** Pacemaker's crm_resource(8): how a failure is told to the cluster. */
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { ClusterInformant } from '../../ports/cluster-informant.js';
import type { Runner } from '../../ports/runner.js';

export const CRM_RESOURCE = '/usr/sbin/crm_resource';

/** ms; it takes 40 to 70, half a second on a busy cluster. */
const TIMEOUT = 20_000;
/** CRM_EX_NOSUCH: no such resource or node. CRM_EX_UNSAFE and CRM_EX_SOFTWARE: a group or a clone, which can't fail as such. */
const NO_SUCH = new Set([105, 70]);
const MAX_REASON = 300;

export function crmResource(runner: Runner, program: string = CRM_RESOURCE): ClusterInformant {
  return {
    async fail(resource, node) {
      const { exit, timedOut, stdout, stderr } = await runner.run([program, '--fail', '-r', resource, '-N', node], { timeout: TIMEOUT });
      if (exit.kind === 'exited' && exit.status === 0 && !timedOut) return { kind: 'told' };
      const words = escapeControl(`${stderr.trim()} ${stdout.trim()}`.trim(), MAX_REASON);
      const reason = timedOut ? `crm_resource did not answer within ${TIMEOUT / 1000} s` : `crm_resource ${describeExit(exit)}${words === '' ? '' : `: ${words}`}`;
      return { kind: exit.kind === 'exited' && NO_SUCH.has(exit.status) ? 'unknown' : 'unreachable', reason };
    },
  };
}
