/**
 * What a daemon's unit takes away from it: directives of systemd.exec(5) and
 * systemd.resource-control(5) that restrict and never grant, each with the
 * version of systemd that brought it. A closed table, so that a misspelt one is
 * an error instead of a line that systemd passes over. Pure.
 */
export const SANDBOX_DIRECTIVES = {
  CapabilityBoundingSet: 21,
  DeviceAllow: 208,
  DevicePolicy: 208,
  ExecPaths: 248,
  IPAddressAllow: 235,
  IPAddressDeny: 235,
  InaccessiblePaths: 231,
  KeyringMode: 235,
  LockPersonality: 235,
  MemoryDenyWriteExecute: 231,
  NoExecPaths: 248,
  NoNewPrivileges: 187,
  PrivateDevices: 209,
  PrivateIPC: 248,
  PrivateMounts: 239,
  PrivateNetwork: 33,
  PrivatePIDs: 257,
  PrivateTmp: 1,
  PrivateUsers: 232,
  ProcSubset: 247,
  ProtectClock: 245,
  ProtectControlGroups: 232,
  ProtectHome: 214,
  ProtectHostname: 242,
  ProtectKernelLogs: 244,
  ProtectKernelModules: 232,
  ProtectKernelTunables: 232,
  ProtectProc: 247,
  ProtectSystem: 214,
  ReadOnlyPaths: 231,
  ReadWritePaths: 231,
  RemoveIPC: 232,
  RestrictAddressFamilies: 211,
  RestrictFileSystems: 250,
  RestrictNamespaces: 233,
  RestrictNetworkInterfaces: 250,
  RestrictRealtime: 231,
  RestrictSUIDSGID: 242,
  SocketBindAllow: 249,
  SocketBindDeny: 249,
  SystemCallArchitectures: 209,
  SystemCallErrorNumber: 209,
  SystemCallFilter: 187,
  TemporaryFileSystem: 238,
  UMask: 1,
} as const satisfies Readonly<Record<string, number>>;

export type SandboxDirective = keyof typeof SANDBOX_DIRECTIVES;

/** Each value is a line of its own; none at all: left out, also where `defaults:` has it. */
export type Sandbox = Readonly<Partial<Record<SandboxDirective, readonly string[]>>>;

/** Sorted by name, and without those that this systemd would only complain about. */
export function sandboxLines(sandbox: Sandbox, version: number): readonly (readonly [SandboxDirective, string])[] {
  const known = (Object.keys(SANDBOX_DIRECTIVES) as SandboxDirective[]).filter((name) => SANDBOX_DIRECTIVES[name] <= version);
  return known.flatMap((name) => (sandbox[name] ?? []).map((value) => [name, value] as const));
}

export function isSandboxDirective(name: string): name is SandboxDirective {
  return Object.hasOwn(SANDBOX_DIRECTIVES, name);
}
