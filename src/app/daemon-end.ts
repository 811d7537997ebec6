/** Has the service manager end a daemon, and tells what that came to. */
import type { DaemonSpec } from '../core/daemon.js';
import { failed } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Failed } from './last-failure.js';
import { stopPatience } from './readiness-wait.js';
import type { SupervisionPorts } from './supervision-ports.js';

/**
 * @param main what is to be gone then: the manager goes by what is on record, which may not name it
 * @returns undefined: it is gone
 */
export async function endDaemon(spec: DaemonSpec, main: ProcessIdentity, ports: SupervisionPorts, isHurried: () => boolean): Promise<Failed | undefined> {
  const { clock, manager, notifications, processes } = ports;
  const patience = stopPatience(notifications, clock.monotonic());
  try {
    const [outcome] = await manager.stop([spec], (name) => (isHurried() ? 0 : patience(name)));
    if (outcome?.kind === 'failed') return outcome;
    return processes.isAlive(main) ? missed(main) : undefined;
  } catch (error) {
    return failed('internal', String(error), 'watchkeeper events');
  }
}

function missed({ pid }: ProcessIdentity): Failed {
  return failed('still-running', `pid ${pid} still runs: neither our record nor a pid file names it any more`, `kill ${pid}`);
}
