/**
 * Whether systemd starts the watcher again right after its end: what tells a
 * restart of its unit, or a signal sent by hand, from a stop. Our own unit is
 * where systemd says that we are its main process (SYSTEMD_EXEC_PID, since 248).
 */
import { type Systemctl, SystemdSilent } from './systemctl.js';

export interface Self {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Text of /proc/self/cgroup. */
  readonly membership: string;
}

/** What job of systemd's brings another one; undefined: none does, or nobody knows. */
export async function expectedSuccessor(self: Self, systemctl: Systemctl): Promise<string | undefined> {
  const unit = ownUnit(self);
  if (unit === undefined) return undefined;
  try {
    const job = await systemctl.jobType(unit);
    if (job !== undefined) return job === 'stop' ? undefined : `systemd has a ${job} job for ${unit}`;
    return (await systemctl.restartSetting(unit)) === 'always' ? `${unit} has Restart=always` : undefined;
  } catch (error) {
    if (error instanceof SystemdSilent) return undefined;
    throw error;
  }
}

/** undefined: systemd has not started this very process. */
export function ownUnit({ environment, pid, membership }: Self): string | undefined {
  if (environment['SYSTEMD_EXEC_PID'] !== String(pid)) return undefined;
  // Either hierarchy may be systemd's, and the other one say no more than "/".
  const groups = [...membership.matchAll(/^(?:0:|\d+:name=systemd):(\/.*)$/gm)].map(([, group = '']) => group.split('/'));
  return groups.flat().findLast((part) => part.endsWith('.service'));
}
