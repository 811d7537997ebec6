/**
 * The stop of what the cluster holds. Its override goes when nothing runs any
 * more: to take it from a unit that runs means that systemd reads the files of
 * all units again, for which a failover would wait. It goes first where the
 * cluster itself is on its way (ports/cluster-override.ts), and in the midst of a
 * stop that takes long, as the end of the node may begin behind it.
 */
import type { Clock } from '../ports/clock.js';
import type { ClusterOverride } from '../ports/cluster-override.js';

export interface HeldStopParts {
  /** undefined: nothing is overridden. */
  readonly override: ClusterOverride | undefined;
  readonly clock: Clock;
  readonly note: (line: string) => void;
}

/** ms of a stop with the override. */
const LONG = 1000;

/**
 * An override that cannot be removed is no reason not to stop, or to call a stop
 * failed: that would cost the node its power, and the next probe tries again.
 *
 * @param units what it stops
 */
export async function heldStop<T>(units: readonly string[], { override, clock, note }: HeldStopParts, stop: () => Promise<T>): Promise<T> {
  if (override === undefined) return stop();
  const release = async (): Promise<void> => {
    for (const unit of units) {
      try {
        await override.remove(unit);
      } catch (error) {
        note(`what the cluster has changed of ${unit} is still there: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  let released: Promise<void> | undefined;
  if (await override.hindersStop()) await (released = release());
  const late = clock.after(LONG, () => {
    released ??= release();
  });
  try {
    return await stop();
  } finally {
    late.cancel();
    await (released ?? release());
  }
}
