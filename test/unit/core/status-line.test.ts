import { expect } from 'chai';

import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import { statusLine } from '../../../src/core/status-line.js';

const RUNNING: DaemonStatus = {
  name: 'web', desired: 'up', observed: 'running', ready: true, pid: 123, uptime: 5000,
  owner: 'watcher', restarts: 0, nextTry: null, reason: 'started', lastExit: null,
};

const down = (changes: Partial<DaemonStatus>): DaemonStatus => ({ ...RUNNING, ready: false, pid: null, uptime: null, observed: 'stopped', ...changes });

describe('the status of a daemon in one line', () => {
  const rows: readonly (readonly [DaemonStatus, string])[] = [
    [RUNNING, 'web: running (pid 123, up 5 s, 0 restarts)'],
    [{ ...RUNNING, restarts: 1 }, 'web: running (pid 123, up 5 s, 1 restart)'],
    [{ ...RUNNING, desired: 'down' }, 'web: running (pid 123, up 5 s, 0 restarts, wanted down)'],
    [{ ...RUNNING, observed: 'starting', reason: 'not ready yet' }, 'web: starting (pid 123, up 5 s): not ready yet'],
    [down({ reason: 'not started' }), 'web: stopped (wanted up): not started'],
    [down({ desired: 'down', reason: 'stopped by daemon-util stop web' }), 'web: stopped: stopped by daemon-util stop web'],
    [down({ observed: 'backing-off', nextTry: 2000, restarts: 3, reason: 'exited with status 1' }), 'web: backing-off (next try in 2 s, 3 restarts): exited with status 1'],
    [down({ observed: 'failed', reason: '' }), 'web: failed'],
  ];
  for (const [status, line] of rows) it(line, () => expect(statusLine(status)).to.equal(line));
});
