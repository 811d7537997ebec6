/** The programs of hooks, as the disk has them at this moment. */
export interface HookPrograms {
  /**
   * undefined: it may be run. Otherwise why not: it is missing, can't be
   * executed, or somebody other than root (other than us, where we are not root)
   * could have replaced it.
   */
  objection(path: string): string | undefined;
  /**
   * Absolute paths of the executables in a directory, in the order of their
   * names; those that run-parts(8) would pass over are left out. None where the
   * directory is missing.
   * @throws an error of the system where it cannot be read (EMFILE, EIO, ELOOP)
   */
  list(directory: string): readonly string[];
}
