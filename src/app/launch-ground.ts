/** What a launch stands on besides its preparation: the setup program, and a socket for what the daemon will say. */
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { usesNotifications } from '../core/notify-message.js';
import { failed, type Outcome } from '../core/outcome.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import type { Claims } from '../ports/claims.js';
import type { Notifications } from '../ports/notifications.js';
import type { ProcessTable } from '../ports/process-table.js';

export type Ground =
  | { readonly ok: true; /** Added to the daemon's environment. */ readonly environment: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly refusal: Outcome };

/** undefined: there is nothing to wait for. @param setup resolves to why the setup program stands in the way */
export function layGround(
  spec: DaemonSpec,
  setup: Promise<Outcome | undefined> | undefined,
  notifications: Notifications,
  mainPid: (pid: number) => void,
): Promise<Ground> | undefined {
  if (setup === undefined && !usesNotifications(spec)) return undefined;
  return (async () => {
    const refusal = await setup;
    if (refusal !== undefined) return { ok: false, refusal };
    if (!usesNotifications(spec)) return { ok: true, environment: {} };
    const opened = await notifications.open(spec, mainPid);
    return opened.ok ? opened : { ok: false, refusal: failed('not-installed', opened.reason, 'watchkeeper doctor') };
  })();
}

/**
 * The process that the daemon names as its main one (MAINPID= of sd_notify(3)),
 * if it is the daemon's, and after it was written down: whoever stops the
 * daemon looks there for what to stop.
 */
export function provenMain(spec: DaemonSpec, pid: number, ports: { readonly processes: ProcessTable; readonly claims: Claims }): ProcessIdentity | undefined {
  const claim = ports.processes.prove(spec, pid, undefined);
  return claim.kind === 'proven' && isClaimed(spec, claim.process, ports.claims) ? claim.process : undefined;
}

/** Writes down that the process is the daemon's, if that is not on record yet. @returns whether it is now */
export function isClaimed({ name }: DaemonSpec, process: ProcessIdentity, claims: Claims): boolean {
  const claim = claims.read(name);
  if (claim?.pid === process.pid && claim.startTicks === process.startTicks) return true;
  try {
    claims.write(name, process);
    return true;
  } catch (error) {
    if (error instanceof WatchkeeperError) return false;
    throw error;
  }
}
