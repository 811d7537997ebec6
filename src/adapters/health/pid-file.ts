/** Whether the pid file still names the daemon's process. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { CheckResult } from '../../core/health.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { readPidFile } from '../sysv/pid-file.js';

/** @param main the process that it has to name; undefined: any that is the daemon's */
export function pidFileLook(spec: DaemonSpec, main: ProcessIdentity | undefined, processes: ProcessTable): CheckResult {
  if (spec.pidFile === undefined) return { healthy: false, reason: 'it has no pid file in the catalogue' };
  const content = readPidFile(spec.pidFile);
  if (content.kind === 'absent') return { healthy: false, reason: `${spec.pidFile} is not there${main === undefined ? ' yet' : ''}` };
  if (content.kind === 'unusable') return { healthy: false, reason: content.reason };
  if (main !== undefined) {
    const healthy = content.pid === main.pid && processes.isAlive(main);
    return { healthy, reason: `${spec.pidFile} names pid ${content.pid}${healthy ? '' : `, not ${main.pid}`}` };
  }
  const verdict = processes.prove(spec, content.pid, content.writtenAt);
  if (verdict.kind === 'proven') return { healthy: true, reason: `${spec.pidFile} names pid ${content.pid}` };
  return { healthy: false, reason: `${spec.pidFile}: ${verdict.reason}` };
}
