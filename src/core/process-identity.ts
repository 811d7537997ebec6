/**
 * A process, named so that the name can't come to mean another one: pids are
 * reused within an hour on a busy machine, a pid together with the start time
 * is not (proc_pid_stat(5), field 22).
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks (USER_HZ) since boot. */
  readonly startTicks: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
}

/** USER_HZ, the unit of the kernel's clock ticks for programs: 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;
}
