/** Files of systemd units below a root, and what systemd itself says of them. */
import type { Installed } from '../core/unit-install.js';
import type { UnitFilePath } from '../core/unit-set.js';

export type UnitFileSet = ReadonlyMap<UnitFilePath, string>;

export interface UnitInstaller {
  /** Of this machine's systemd; undefined: there is none. */
  version(): Promise<number | undefined>;
  /** @throws WatchkeeperError UNITS_REFUSED */
  look(set: UnitFileSet): readonly Installed[];
  /** Paths of files that were generated once and that the set has no more. @throws WatchkeeperError UNITS_REFUSED */
  leftOver(set: UnitFileSet): readonly string[];
  /** Readers see the old text or the new one, also after a power cut. @throws WatchkeeperError STATE_UNWRITABLE */
  write(file: UnitFilePath, text: string): void;
  /** `DIRECTORY/systemd/system/…` and so on. @throws WatchkeeperError STATE_UNWRITABLE */
  writeBelow(directory: string, set: UnitFileSet): void;
  /** Between what systemd reads now and `text`, as diff -u prints it. */
  difference(file: UnitFilePath, text: string): Promise<string>;
  /** Has systemd read its units again, where the root is this machine's. undefined: done, or nobody is there to be told. */
  reload(): Promise<string | undefined>;
  /** Complaints of systemd-analyze verify about the set, as if it were installed; none: all well. */
  verify(set: UnitFileSet): Promise<readonly string[]>;
}
