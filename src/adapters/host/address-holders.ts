/** Who listens on the addresses that a daemon wants: /proc tells, without a program run for it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import type { DaemonSpec } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { addressesOf, type Address, type AddressHolder } from '../../core/refusal.js';
import { listenerInodes, tablesOf } from '../../core/socket-table.js';
import { errorCode } from './error-code.js';
import { readStat } from './proc.js';

/** For one failed start: it looks through all processes. */
export function addressHolders(spec: DaemonSpec): readonly AddressHolder[] {
  return addressesOf(spec).flatMap((address): AddressHolder[] => {
    const inodes = listenersAt(address);
    return inodes.length === 0 ? [] : [{ address, process: named(owners(inodes, allPids())[0]) }];
  });
}

/**
 * Who answers at a daemon's own address in its place. Only somebody that was
 * there before it: a helper that it has somebody else start for it may well
 * listen for it. One look into its own process where it listens itself.
 *
 * @returns undefined: nobody, or nobody that we may see
 */
export function strangerAt(address: Address, main: ProcessIdentity): AddressHolder | undefined {
  const inodes = listenersAt(address);
  if (inodes.length === 0 || owners(inodes, [main.pid]).length > 0) return undefined;
  const others = owners(inodes, allPids());
  const older = others.filter((pid) => (readStat(pid)?.startTicks ?? main.startTicks) < main.startTicks);
  return others.length > 0 && older.length === others.length ? { address, process: named(older[0]) } : undefined;
}

function listenersAt(address: Address): readonly string[] {
  return listenerInodes(address, tablesOf(address).map(table).join(''));
}

/** '' where the kernel has none, as of IPv6. */
function table(name: string): string {
  return quietly(() => readFileSync(`/proc/self/net/${name}`, 'utf8')) ?? '';
}

function allPids(): readonly number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Those that hold one of the sockets, as far as we may look. */
function owners(inodes: readonly string[], pids: readonly number[]): readonly number[] {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return pids.filter((pid) => {
    const descriptors = quietly(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    return descriptors.some((fd) => wanted.has(quietly(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? ''));
  });
}

function named(pid: number | undefined): AddressHolder['process'] {
  if (pid === undefined) return undefined;
  const name = quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8'))?.trim();
  return name === undefined ? undefined : { pid, name };
}

/** undefined where the process has ended meanwhile, or may not be looked at. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
