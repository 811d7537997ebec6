/** Processes that a daemon's first process left behind. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { ProcessMarkers } from '../../ports/process-markers.js';

/** Those that carry the daemon's marker and were not born before it. */
export function survivors(spec: DaemonSpec, first: ProcessIdentity, markers: ProcessMarkers): readonly ProcessIdentity[] {
  const marked = markers.marked().get(spec.name) ?? [];
  return marked.map(({ process }) => process).filter(({ pid, startTicks }) => pid !== first.pid && startTicks >= first.startTicks);
}
