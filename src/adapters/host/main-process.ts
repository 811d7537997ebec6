/**
 * Whether we are the main process of a container: process 1 itself, or the one
 * child of an init that ends when we end. A system's own init (systemd, sysvinit)
 * is none of these, in a container or not.
 */
import { readFileSync } from 'node:fs';

export type MainProcess =
  | { readonly kind: 'no' }
  /** Process 1 itself: nothing reaps the processes of others. */
  | { readonly kind: 'process-1' }
  | { readonly kind: 'under-init'; readonly init: string };

/** As /proc/1/comm has them; docker --init is tini, podman --init is catatonit. */
const INITS = new Set(['tini', 'tini-static', 'docker-init', 'dumb-init', 'catatonit', 'podman-init', 'container-init']);

/** Set by scripts/container-init. */
const OURS = 'WATCHKEEPER_CONTAINER_INIT';

export function mainProcess(environment: Readonly<Record<string, string | undefined>>): MainProcess {
  if (process.pid === 1) return { kind: 'process-1' };
  if (process.ppid !== 1) return { kind: 'no' };
  const init = environment[OURS] === '1' ? 'container-init' : readFileSync('/proc/1/comm', 'utf8').trim();
  return INITS.has(init) ? { kind: 'under-init', init } : { kind: 'no' };
}
