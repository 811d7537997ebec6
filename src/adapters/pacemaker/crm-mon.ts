/** What the cluster says of its resources, by crm_mon(8): one bounded look. */
import { existsSync } from 'node:fs';

import { parseCrmMon, type ClusterView } from '../../core/cluster-view.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { Runner } from '../../ports/runner.js';

export const CRM_MON = '/usr/sbin/crm_mon';

/** ms; it takes some 50. */
const TIMEOUT = 10_000;
const MAX_REASON = 300;

/** Never rejects. */
export async function crmMon(runner: Runner, program: string = CRM_MON): Promise<ClusterView> {
  if (!existsSync(program)) return { kind: 'absent', reason: `Pacemaker is not installed here (no ${program})` };
  const { exit, timedOut, stdout, stderr } = await runner.run([program, '-1', '--inactive', '--include=none,resources', '--output-as=xml'], { timeout: TIMEOUT });
  if (timedOut) return { kind: 'unreachable', reason: `crm_mon did not answer within ${TIMEOUT / 1000} s` };
  const instances = exit.kind === 'exited' && exit.status === 0 ? parseCrmMon(stdout) : undefined;
  if (instances !== undefined) return { kind: 'seen', instances };
  const words = escapeControl((stderr.trim() || (/message="([^"]*)"/.exec(stdout)?.[1] ?? '')).trim(), MAX_REASON);
  const why = exit.kind === 'exited' && exit.status === 0 ? 'said something that is not understood, or more than 64 KiB' : describeExit(exit);
  return { kind: 'unreachable', reason: `crm_mon ${why}${words === '' ? '' : `: ${words}`}` };
}
