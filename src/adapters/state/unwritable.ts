/** What an operator is told when a state or runtime directory refuses us. */
import { WatchkeeperError } from '../../core/errors.js';

/** The `code` of a Node system error; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * @param what "cannot write /var/lib/watchkeeper/desired/web"
 * @param directory the one to look at; named in the hint
 */
export function unwritable(what: string, directory: string, cause: unknown): WatchkeeperError {
  const { why, hint } = explain(cause, directory);
  return new WatchkeeperError('STATE_UNWRITABLE', what, why, hint, { cause });
}

function explain(cause: unknown, directory: string): { why: string; hint: string } {
  switch (errorCode(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { why: 'no space left there', hint: `making room (df ${directory}), then the same again` };
    case 'EROFS':
      return { why: 'the file system is read-only', hint: `mount -o remount,rw on what holds ${directory}, after a look at dmesg; or, where only the watcher's unit may not write there, ReadWritePaths=${directory} in a drop-in of it` };
    case 'EACCES':
    case 'EPERM':
      return { why: 'permission denied', hint: 'the same as root, or as the user that runs the watcher' };
    case 'ENOENT':
    case 'ENOTDIR':
      return { why: 'the directory is missing', hint: `mkdir -p ${directory}` };
    case 'EMFILE':
    case 'ENFILE':
      return { why: 'too many open files', hint: 'ulimit -n, and a look at who holds them' };
    default:
      return { why: cause instanceof Error ? cause.message : String(cause), hint: `a look at ${directory}` };
  }
}
