/** The watcher's own unit. Hand-written but for where things are; units/watchkeeper.service is what it is for /usr. Pure. */
import type { Paths } from './paths.js';
import { sandboxSection } from './watcher-sandbox.js';
import { withHeader } from './unit-header.js';
import { literal, word } from './unit-text.js';

/** The oldest systemd that it is made for; newer ones get the same, so that a package's is as good as one generated here. */
const VERSION = 252;

/** @param prefix as it may stand in a unit: no blanks, no control characters */
export function watcherUnit(prefix: string, paths: Paths): string {
  return withHeader(body(prefix, paths), { version: VERSION, runtimeDirectory: paths.runtime, helperDirectory: `${prefix}/lib/watchkeeper` });
}

function body(prefix: string, paths: Paths): string {
  return `# The watcher. Without it, daemons keep running, and daemon-util keeps working.
[Unit]
Description=Watchkeeper, keeps the daemons of this node running
Documentation=man:watchkeeper(8) file://${prefix}/share/doc/watchkeeper/README.md
# Observes systemd over the bus; does without it while it is away. At the end of
# the node it is there until the last hook has run.
Wants=dbus.socket
After=dbus.socket dbus.service network.target
# Pacemaker finds it at its start, and at the end of the node stops its resources through it.
Before=pacemaker.service pacemaker_remote.service
# A watcher that dies must come back however often it happens.
StartLimitIntervalSec=0

[Service]
Type=notify
# \`all\`, because without the native package sd-notify the program
# systemd-notify speaks for the watcher.
NotifyAccess=all
EnvironmentFile=-/etc/default/watchkeeper
# The front execs Node by an absolute path: the one that Watchkeeper was
# installed with, else the first in this PATH.
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${madeBefore(paths)}ExecStart=${prefix}/sbin/watchkeeper run
ExecReload=${prefix}/sbin/watchkeeper reload
Restart=always
RestartSec=1
# The configuration has an error, which no restart mends.
RestartPreventExitStatus=78
# Pinged after a completed turn of the watcher's loop.
WatchdogSec=30
# It waits for the readiness of what it starts, and says so (EXTEND_TIMEOUT_USEC).
TimeoutStartSec=5min
TimeoutStopSec=90
# Where systemd does not run the daemons (no target of this name), they are the
# watcher's children and in this unit's cgroup: they outlive it, and the next
# watcher adopts them.
KillMode=process
${directories(paths)}UMask=0022
OOMScoreAdjust=-500
${sandboxSection(unknown(paths))}
[Install]
WantedBy=multi-user.target
`;
}

const BASES = { runtime: '/run/', state: '/var/lib/', log: '/var/log/' } as const satisfies Record<keyof Paths, string>;

/** Directories of ours that systemd does not make, and would not let us write to. */
function unknown(paths: Paths): readonly string[] {
  const kinds: readonly (keyof Paths)[] = ['runtime', 'state', 'log'];
  return kinds.filter((kind) => !paths[kind].startsWith(BASES[kind])).map((kind) => word(paths[kind]));
}

/** Outside the sandbox, in which they must be there to be written to. */
function madeBefore(paths: Paths): string {
  return unknown(paths).map((path) => `ExecStartPre=+/bin/mkdir -p ${path}\n`).join('');
}

/** systemd makes them before the watcher starts, where they are in the places that it knows. */
function directories(paths: Paths): string {
  const lines = [
    ...directory('Runtime', paths.runtime, BASES.runtime, '0755'),
    ...(paths.runtime.startsWith(BASES.runtime) ? ["# What says which process is which daemon's must outlive the watcher as well.", 'RuntimeDirectoryPreserve=yes'] : []),
    ...directory('State', paths.state, BASES.state, '0700'),
    ...directory('Logs', paths.log, BASES.log, '0755'),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function directory(kind: string, path: string, base: string, mode: string): readonly string[] {
  return path.startsWith(base) ? [`${kind}Directory=${literal(path.slice(base.length))}`, `${kind}DirectoryMode=${mode}`] : [];
}
