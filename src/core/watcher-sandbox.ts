/**
 * What the watcher's unit takes away from it, and the drop-in that gives it back
 * where the watcher starts daemons itself: they would inherit all of it. Pure.
 */
import type { Line } from './unit-text.js';

/** In the unit's environment as long as its sandbox is in force. */
export const SANDBOX_VARIABLE = 'WATCHKEEPER_UNIT_SANDBOX';

/** Below UNIT.d; an operator's own, with a greater name, go before it. */
export const LEAVE_DROP_IN = '10-watchkeeper-unsandboxed.conf';

/** A directive, its value in the unit, and the value that takes it back (systemd.exec(5) has each). */
const DIRECTIVES: readonly (readonly [directive: string, value: string, undone: string])[] = [
  ['ProtectSystem', 'strict', 'no'],
  ['ReadWritePaths', '/run -/tmp -/var/tmp', ''],
  ['ProtectHome', 'read-only', 'no'],
  ['PrivateDevices', 'yes', 'no'],
  ['PrivateMounts', 'yes', 'no'],
  ['ProtectKernelTunables', 'yes', 'no'],
  ['ProtectKernelModules', 'yes', 'no'],
  ['ProtectKernelLogs', 'yes', 'no'],
  ['ProtectControlGroups', 'yes', 'no'],
  ['ProtectClock', 'yes', 'no'],
  ['ProtectHostname', 'yes', 'no'],
  ['NoNewPrivileges', 'yes', 'no'],
  ['CapabilityBoundingSet', 'CAP_DAC_OVERRIDE CAP_FOWNER CAP_KILL CAP_SYS_PTRACE', '~'],
  ['RestrictSUIDSGID', 'yes', 'no'],
  ['RestrictRealtime', 'yes', 'no'],
  ['RestrictNamespaces', 'yes', 'no'],
  ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6', ''],
  ['SystemCallArchitectures', 'native', ''],
  ['SystemCallFilter', '@system-service', ''],
  ['SystemCallFilter', '~@privileged @resources', ''],
  ['SystemCallErrorNumber', 'EPERM', ''],
];

/** No daemon of a node misses it, so they may inherit it. */
const HARMLESS: readonly Line[] = [
  ['LockPersonality', 'yes'],
  ['KeyringMode', 'private'],
];

/** @param writable directories of ours that systemd does not know as such */
export function sandboxSection(writable: readonly string[]): string {
  return `
# Sandbox: what watching takes, and no more. Programs of the site (hooks, tasks,
# checks by a program, sources of roles) are not in it: systemd runs them
# as units of their own. Nor are daemons: a watcher that starts them itself, or
# has no system bus for systemd-run, writes ${LEAVE_DROP_IN} below
# /run/systemd/system/watchkeeper.service.d, which takes all of this back, and
# has itself restarted once. Without mount namespaces (some containers) systemd
# leaves out what needs them.
Environment=${SANDBOX_VARIABLE}=yes
${DIRECTIVES.map(([directive, value]) => `${directive}=${value}${directive === 'ReadWritePaths' ? writable.map((path) => ` ${path}`).join('') : ''}\n`).join('')}${HARMLESS.map(([directive, value]) => `${directive}=${value}\n`).join('')}# All of /run may be written: drop-ins for units that the cluster holds, and
# whatever place the configuration gives to a socket. Capabilities: sockets and
# /proc entries of other users (DAC_OVERRIDE, FOWNER, SYS_PTRACE), and killing a
# daemon that is hung (KILL).
# Left out:
#   User=, DynamicUser=           it kills hung daemons of any user and orders systemd about
#   PrivateUsers=, ProtectProc=   it proves other users' processes by /proc
#   ProcSubset=                   boot id, up time and the kernel's socket tables are not below /proc/PID
#   PrivateTmp=, ProtectHome=yes  daemons have sockets and pid files there, which health checks look at
#   PrivateNetwork=, IPAddressDeny=, RestrictAddressFamilies=none  health checks connect to daemons at any of this node's addresses
#   PrivateIPC=                   Pacemaker's tools speak through /dev/shm
#   MemoryDenyWriteExecute=       Node compiles at run time
#   DeviceAllow= of nothing       ProtectClock= leaves the clock to be read
#   RootDirectory=                it runs systemctl and Pacemaker's tools
#   NotifyAccess=main, UMask=0077 systemd-notify speaks for it; logs and the page's socket have readers
`;
}

/** What leaveSandboxDropIn() was told; undefined: this text is none of its own. */
export function sandboxLeftFor(text: string): string | undefined {
  return /^# Written by Watchkeeper.*\n# (.+)$/m.exec(text)?.[1];
}

/** @param reason why it must go */
export function leaveSandboxDropIn(reason: string): string {
  const undone = new Map(DIRECTIVES.map(([directive, , value]) => [directive, value]));
  return [
    '# Written by Watchkeeper until the boot, as what the watcher starts would inherit its sandbox:',
    `# ${reason.replace(/[^\x20-\x7e]/g, ' ')}`,
    '[Service]',
    `UnsetEnvironment=${SANDBOX_VARIABLE}`,
    ...[...undone].map(([directive, value]) => `${directive}=${value}`),
    '',
  ].join('\n');
}
