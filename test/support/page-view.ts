/** What a page shows, of which a test only says what it is about. */
import type { View } from '../../src/adapters/web/view.js';
import type { DaemonStatus } from '../../src/core/daemon-status.js';
import { SLOTS } from '../../src/core/day-timeline.js';
import type { TimelineWord } from '../../src/core/history.js';
import { catalogueOf } from './control-fakes.js';
import { daemonSpec } from './daemon-spec.js';

export function daemonStatus(overrides: Partial<DaemonStatus> & Pick<DaemonStatus, 'name'>): DaemonStatus {
  return { desired: 'up', observed: 'running', ready: true, pid: 4711, uptime: 60_000, owner: 'watcher', restarts: 0, nextTry: null, reason: 'it was started', lastExit: null, paused: null, ...overrides };
}

export function viewOf(daemons: readonly DaemonStatus[], overrides: Partial<View> = {}): View {
  const up: readonly TimelineWord[] = Array.from({ length: SLOTS }, () => 'up');
  return {
    now: 1_800_000_000_000,
    host: 'node1',
    info: { version: '1.2.3', pid: 1, uptime: 3_600_000, restartOwner: 'watcher', serviceManager: { kind: 'built-in', reason: 'for tests' }, group: 'shop', staleConfiguration: false, waitsForRestart: [] },
    catalogue: catalogueOf(daemons.map(({ name }) => daemonSpec({ name }))),
    daemons,
    roles: [],
    tasks: [],
    news: [],
    day: new Map(daemons.map(({ name }) => [name, up])),
    ...overrides,
  };
}
