/** ReadinessChecker: one look at whether a daemon is of use. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { LookResult } from '../../core/health.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { type Address, describeHolder } from '../../core/refusal.js';
import type { Clock } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { ReadinessChecker } from '../../ports/start-preparation.js';
import { tryConnect } from '../health/connect.js';
import { askProgram } from '../health/exec.js';
import { httpLook } from '../health/http.js';
import { pidFileLook } from '../health/pid-file.js';
import { portLook } from '../health/port.js';
import { strangerAt } from '../host/address-holders.js';
import { errorCode } from '../host/error-code.js';
import { ROOT_ONLY, type Trust } from './trusted-path.js';

interface Look {
  readonly ready: boolean;
  readonly reason: string;
}

/** ms after which a daemon counts as ready whose READY=1 nobody can hear. */
const UNHEARD_SETTLE = 200;

export class HostReadiness implements ReadinessChecker {
  constructor(
    private readonly processes: ProcessTable,
    private readonly runner: Runner,
    private readonly clock: Clock,
    private readonly trust: Trust = ROOT_ONLY,
  ) {}

  async check(spec: DaemonSpec, uptime: number, timeout: number, main?: ProcessIdentity): Promise<Look> {
    const { readiness } = spec;
    switch (readiness.kind) {
      case 'settled':
        return settled(uptime, readiness.settle);
      case 'notify':
        // Without a watcher nobody lives long enough to listen; where one does, it asks notified-readiness.ts.
        return settled(uptime, UNHEARD_SETTLE, '; nobody listens for its READY=1 without the watcher');
      case 'pid-file':
        return asReadiness(pidFileLook(spec, undefined, this.processes));
      case 'tcp':
        return ofItself(await tryConnect({ host: readiness.host, port: readiness.port }, `${readiness.host}:${readiness.port}`, timeout, this.clock), readiness, main);
      case 'port':
        return ofItself(portLook(readiness), readiness, main);
      case 'unix':
        return ofItself(await tryConnect({ path: readiness.path }, readiness.path, timeout, this.clock), readiness, main);
      case 'http':
        return asReadiness(await httpLook(readiness, timeout, this.clock));
      case 'exec':
        return this.#asked(spec, readiness.argv, timeout);
    }
  }

  /** Where nobody can ask, nobody knows: it is asked again until the start has taken too long. */
  async #asked(spec: DaemonSpec, argv: readonly [string, ...string[]], timeout: number): Promise<Look> {
    const notRun = (why: string): Look => ({ ready: false, reason: `cannot run ${argv[0]}: ${why}` });
    try {
      const answer = await askProgram(spec, argv, timeout, {}, { runner: this.runner, trust: this.trust });
      return answer.healthy === undefined ? notRun(answer.why) : asReadiness(answer);
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      return notRun(code);
    }
  }
}

function settled(uptime: number, settle: number, remark = ''): Look {
  return { ready: uptime >= settle, reason: `has lived for ${Math.round(uptime)} of ${settle} ms${remark}` };
}

/** The old one that still listens, or a stranger, would answer for a daemon that has not come that far. */
function ofItself(result: LookResult, address: Address, main: ProcessIdentity | undefined): Look {
  const stranger = result.healthy === true && main !== undefined ? strangerAt(address, main) : undefined;
  return stranger === undefined ? asReadiness(result) : { ready: false, reason: describeHolder(stranger) };
}

/** What nobody could look at is asked again, as what is not ready yet. */
function asReadiness({ healthy, reason }: LookResult): Look {
  return { ready: healthy === true, reason };
}
