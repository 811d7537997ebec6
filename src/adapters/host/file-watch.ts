/**
 * FileWatcher by inotify(7): the directories are watched, not the files, as most
 * who write a file put a new one in its place.
 */
import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';

import type { Clock, Timer } from '../../ports/clock.js';
import type { FileWatch, FileWatcher } from '../../ports/file-watch.js';
import { errorCode } from './error-code.js';

/** ms; one rewrite is several changes. */
const SETTLE = 50;

interface Watched {
  readonly watcher: fs.FSWatcher;
  /** Which directory it is: a new one of the same name is another. */
  readonly inode: string;
}

export class HostFileWatcher implements FileWatcher {
  constructor(private readonly clock: Clock) {}

  watch(paths: readonly string[], changed: () => void): FileWatch {
    const names = new Map<string, Set<string>>();
    for (const path of paths) {
      const directory = dirname(path);
      names.set(directory, (names.get(directory) ?? new Set()).add(basename(path)));
    }
    const watched = new Map<string, Watched>();
    let timer: Timer | undefined;
    const tell = (): void => {
      timer ??= this.clock.after(SETTLE, () => {
        timer = undefined;
        changed();
      });
    };
    const drop = (directory: string): void => {
      watched.get(directory)?.watcher.close();
      watched.delete(directory);
    };
    const renew = (): void => {
      for (const [directory, files] of names) {
        const inode = inodeOf(directory);
        if (inode === watched.get(directory)?.inode) continue;
        drop(directory);
        if (inode === undefined) continue;
        const watcher = open(directory, (name) => {
          // The directory's own name, or none: it may be gone, and all may be different.
          if (name === undefined || files.has(name) || name === basename(directory)) tell();
        });
        watcher?.on('error', () => drop(directory));
        if (watcher !== undefined) watched.set(directory, { watcher, inode });
      }
    };
    renew();
    return {
      renew,
      cancel: () => {
        timer?.cancel();
        for (const directory of [...watched.keys()]) drop(directory);
      },
    };
  }
}

/** undefined: it cannot be watched; whoever wants to know asks now and then. */
function open(directory: string, changed: (name: string | undefined) => void): fs.FSWatcher | undefined {
  try {
    return fs.watch(directory, { persistent: false }, (_event, name) => changed(name ?? undefined));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}

function inodeOf(path: string): string | undefined {
  try {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    return stat?.isDirectory() === true ? `${stat.dev}:${stat.ino}` : undefined;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
