/** For the tests of setup.mjs. */
export interface LockedPackages {
  readonly packages: Readonly<Record<string, object>>;
}
export function installedMatchesLock(lock: LockedPackages, installed: LockedPackages, isThere: (name: string) => boolean): boolean;
