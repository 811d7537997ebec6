/** Where the watcher does what daemon-util was called for. */
import type { HandedCommand } from '../core/handed-command.js';

/** @param tell each line of the command's output, as it comes; @returns the exit status */
export type TakenCommand = (tell: (stream: 'stdout' | 'stderr', line: string) => void) => Promise<number>;

export interface CommandDesk {
  /** ms without a sign of life after which whoever waits may take the watcher for silent */
  patience(): number;
  /** Does nothing itself. @returns undefined: it is not for the watcher to do, and the caller does it by itself */
  take(command: HandedCommand): Promise<TakenCommand | undefined>;
}
