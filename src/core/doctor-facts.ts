/** What `watchkeeper doctor` is told of a machine and its daemons before it judges. */
import type { Catalogue } from './catalogue.js';
import type { DaemonStatus } from './daemon-status.js';
import type { DaemonSpec, StartCondition } from './daemon.js';
import type { PauseLease } from './pause.js';
import type { AddressHolder } from './refusal.js';
import type { RoleStatus } from './role.js';
import type { UnitOnDisk } from './unit-drift.js';

export interface MachineFacts {
  readonly catalogue: Catalogue;
  /** "systemd", "start-stop-daemon" …, and why. */
  readonly serviceManager: { readonly kind: string; readonly reason: string };
  readonly watcher: { readonly pid: number; readonly staleConfiguration: boolean; readonly waitsForRestart: readonly string[] } | null;
  /** Why a watcher that has control does not answer; undefined: none has it, or it does. */
  readonly silent: string | undefined;
  /** Of one that does not answer, as far as it is known. */
  readonly watcherPid: number | undefined;
  /** Of the watcher's own unit; undefined: systemd does not run here. */
  readonly watcherUnit: Pick<UnitOnDisk, 'load' | 'maskedUntilBoot'> | undefined;
  /** Why it has left the sandbox of that unit; undefined: it has not. */
  readonly sandboxLeft: string | undefined;
  /** The watcher's init script; undefined: there is none. */
  readonly initScript: string | undefined;
  /** Where that looks for the watcher, and where the configuration has it; undefined: in the same directory, or it is not for that script to start. */
  readonly astray: { readonly looks: string; readonly has: string } | undefined;
  readonly roles: readonly RoleStatus[];
  /** "/var/lib/watchkeeper: read-only file system"; undefined: it can be written. */
  readonly unwritable: { readonly path: string; readonly reason: string } | undefined;
}

export interface ExecutableProblem {
  readonly kind: 'missing' | 'forbidden' | 'untrusted';
  /** "/usr/sbin/web is missing" */
  readonly reason: string;
}

export interface MissingAccount {
  readonly kind: 'user' | 'group';
  readonly name: string;
}

export interface DaemonFacts {
  readonly spec: DaemonSpec;
  readonly status: DaemonStatus;
  /** Those in force for it. */
  readonly pauses: readonly PauseLease[];
  /** undefined: systemd does not keep it. */
  readonly unit: UnitOnDisk | undefined;
  /** systemd gave it up for its start limit. */
  readonly startLimit: boolean;
  readonly executable: ExecutableProblem | undefined;
  readonly missingAccount: MissingAccount | undefined;
  readonly hasWorkingDirectory: boolean;
  /** "/etc/default/web:3: …" */
  readonly environment: string | undefined;
  /** The first of its conditions that is not met. */
  readonly unmet: StartCondition | undefined;
  /** Why the pid file's process is not the daemon's; undefined: it is, or there is none. */
  readonly strayPidFile: string | undefined;
  /** Who listens at its addresses, where it has no process itself. */
  readonly holders: readonly AddressHolder[];
  /** One look at its readiness, where it runs; undefined: nobody looked. */
  readonly answer: { readonly ready: boolean; readonly reason: string } | undefined;
  /** Stopped by a signal. */
  readonly halted: boolean;
}
