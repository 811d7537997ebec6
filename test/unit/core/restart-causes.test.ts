import { expect } from 'chai';

import { RESTART_CAUSES, RestartCauses } from '../../../src/core/restart-causes.js';
import type { NewsKind } from '../../../src/core/supervision-state.js';

function counted(owner: 'watcher' | 'systemd', ...news: readonly NewsKind[]): Record<string, number> {
  const causes = new RestartCauses(owner);
  for (const item of news) causes.tell('web', item);
  return Object.fromEntries(RESTART_CAUSES.flatMap((cause) => (causes.count('web', cause) === 0 ? [] : [[cause, causes.count('web', cause)]])));
}

describe('causes of restarts', () => {
  it('counts no first start, and none that came after a stop', () => {
    expect(counted('watcher', 'start', 'ready', 'stop', 'stopped', 'start', 'ready')).to.deep.equal({});
  });

  it('tells a crash from a start that failed', () => {
    expect(counted('watcher', 'start', 'ready', 'crash', 'restart', 'start', 'crash', 'restart', 'start', 'crash', 'crash-loop', 'start', 'ready')).to.deep.equal({ crash: 1, 'start-failed': 2 });
  });

  it('tells what a check brought down, and what somebody asked for', () => {
    expect(counted('watcher', 'adopted', 'unhealthy', 'stop', 'crash', 'restart', 'start', 'ready', 'stop', 'start', 'ready')).to.deep.equal({ unhealthy: 1, asked: 1 });
  });

  it('counts nothing for what was taken down for its role and comes back with it', () => {
    expect(counted('watcher', 'start', 'ready', 'stop', 'waiting', 'start', 'ready')).to.deep.equal({});
  });

  it('counts what systemd did where systemd restarts', () => {
    expect(counted('systemd', 'adopted', 'crash', 'restart', 'start', 'ready', 'crash', 'restart', 'crash', 'restart', 'ready', 'crash', 'given-up')).to.deep.equal({ crash: 2, 'start-failed': 1 });
  });
});
