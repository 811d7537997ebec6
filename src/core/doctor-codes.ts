/** What `watchkeeper doctor` may find. Stable: programs go by the codes. One row each in docs/doctor.md; a test compares them. */
export interface FindingMeaning {
  /** `intended`: somebody or something wants it so; it explains, and nothing is wrong. */
  readonly kind: 'fault' | 'intended';
  readonly meaning: string;
}

export const FINDINGS = {
  'configuration-invalid': { kind: 'fault', meaning: 'the configuration has an error, so nothing else can be looked at' },
  'state-unwritable': { kind: 'fault', meaning: 'what is wanted of the daemons cannot be written down: a directory is read-only, full or no directory' },
  'watcher-silent': { kind: 'fault', meaning: 'a watcher holds control but does not answer' },
  'watcher-absent': { kind: 'fault', meaning: 'no watcher runs, and nobody else restarts the daemons' },
  'init-script-astray': { kind: 'fault', meaning: 'the init script looks for the watcher in another runtime directory than it has' },
  'unwatched': { kind: 'intended', meaning: 'no watcher runs; systemd restarts the daemons, but nobody runs health checks, tasks and hooks' },
  'stale-configuration': { kind: 'fault', meaning: 'the configuration has changed since the watcher loaded it' },
  'restart-needed': { kind: 'fault', meaning: 'settings have changed that are in force only when the watcher is restarted' },
  'sandbox-left': { kind: 'intended', meaning: 'the watcher runs without the sandbox of its unit' },
  'wanted-down': { kind: 'intended', meaning: 'it is down, as somebody wanted it' },
  'paused': { kind: 'intended', meaning: 'somebody paused it: nothing is done to it by itself' },
  'held-by-cluster': { kind: 'intended', meaning: 'the cluster alone starts and stops it' },
  'not-master': { kind: 'intended', meaning: 'this node does not hold the role that it needs' },
  'role-unknown': { kind: 'fault', meaning: 'whether this node holds its role is not known' },
  'condition-unmet': { kind: 'intended', meaning: 'a condition of its start is not met' },
  'unit-not-found': { kind: 'fault', meaning: 'systemd has no such unit' },
  'unit-masked': { kind: 'fault', meaning: 'its unit is masked, so nothing can start it' },
  'unit-broken': { kind: 'fault', meaning: 'systemd has read its unit and cannot use it' },
  'unit-not-reloaded': { kind: 'fault', meaning: 'its unit has changed on the disk since systemd read it' },
  'unit-drift': { kind: 'fault', meaning: 'its unit is not what the catalogue makes of it' },
  'unit-overridden': { kind: 'intended', meaning: "somebody's drop-ins change its generated unit" },
  'executable-missing': { kind: 'fault', meaning: 'its program is not there' },
  'executable-forbidden': { kind: 'fault', meaning: 'its program may not be executed' },
  'executable-untrusted': { kind: 'fault', meaning: 'others than root could have replaced its program, so root does not run it' },
  'user-missing': { kind: 'fault', meaning: 'the user that it is to run as does not exist' },
  'group-missing': { kind: 'fault', meaning: 'the group that it is to run as does not exist' },
  'directory-missing': { kind: 'fault', meaning: 'the directory that it is started in is not there' },
  'environment-invalid': { kind: 'fault', meaning: "the group's environment file has a line that cannot be understood" },
  'port-taken': { kind: 'fault', meaning: 'somebody else listens where it wants to' },
  'pid-file-foreign': { kind: 'fault', meaning: 'its pid file names the process of somebody else' },
  'held-back': { kind: 'fault', meaning: 'a daemon that it requires is not ready' },
  'start-limit': { kind: 'fault', meaning: 'it failed so often that systemd starts it no more' },
  'failed': { kind: 'fault', meaning: 'it failed, and systemd does not restart it' },
  'backing-off': { kind: 'fault', meaning: 'it failed, and the next attempt is timed' },
  'crash-loop': { kind: 'fault', meaning: 'it failed so often that only slow attempts go on' },
  'given-up': { kind: 'fault', meaning: 'it failed so often that it is tried no more' },
  'in-transition': { kind: 'intended', meaning: 'it is just being started or stopped' },
  'down': { kind: 'fault', meaning: 'it is wanted up, and nothing keeps it from running: nobody has started it' },
  'runs-unwanted': { kind: 'intended', meaning: 'it runs although it is wanted down: somebody started it outside' },
  'halted': { kind: 'fault', meaning: 'its process is stopped by a signal, as by kill -STOP' },
  'not-answering': { kind: 'fault', meaning: 'it runs, but its readiness check fails' },
  'unhealthy': { kind: 'fault', meaning: 'a health check fails' },
} as const satisfies Record<string, FindingMeaning>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  /** null: the machine as a whole. */
  readonly daemon: string | null;
  /** One sentence without its full stop. */
  readonly what: string;
  /** Shows more; null: there is no more to see. */
  readonly look: string | null;
  /** Mends it, by a shell of root's; null: that is for a person to do, as `what` says. */
  readonly command: string | null;
}

export function isFault({ code }: Finding): boolean {
  return FINDINGS[code].kind === 'fault';
}
