import { expect } from 'chai';

import { Metrics } from '../../../../src/adapters/metrics/metrics.js';
import type { DaemonStatus } from '../../../../src/core/daemon-status.js';
import { daemonStatus, viewOf } from '../../../support/page-view.js';

const quiet = (): void => undefined;

async function scraped(daemons: readonly DaemonStatus[]): Promise<string> {
  const { info, catalogue } = viewOf(daemons);
  const source = { info: () => info, catalogue: () => catalogue, daemons: () => Promise.resolve(daemons), roles: () => [], tasks: () => [], news: () => [], day: () => Promise.reject(new Error('no metric needs it')) };
  return new Metrics(source, { monotonic: () => 0, wall: () => 0 }, { debug: quiet, info: quiet, warn: quiet, error: quiet }).text();
}

describe('adapters/metrics', () => {
  it('tells a daemon that is down for want of its role from one that is down', async () => {
    const cases: readonly (readonly [Partial<DaemonStatus>, 0 | 1])[] = [
      [{ observed: 'waiting', reason: 'not master: node2 is it' }, 1],
      [{ observed: 'waiting', reason: 'not master (role primary): node2 is it' }, 1],
      [{ observed: 'failed', reason: 'not master: it exited with status 11' }, 1],
      [{ observed: 'stopped', reason: 'not master' }, 1],
      [{ observed: 'waiting', reason: 'whether this node is master is not known: no such file' }, 0],
      [{ observed: 'failed', reason: 'it exited with status 3' }, 0],
      [{ observed: 'stopped', desired: 'down', reason: 'stopped by ops' }, 0],
      [{ observed: 'running', reason: 'not master: of the past' }, 0],
    ];
    const text = await scraped(cases.map(([status], index) => daemonStatus({ name: `d${index}`, ...status })));
    const told = [...text.matchAll(/^watchkeeper_daemon_withheld\{daemon="d\d"\} ([01])$/gm)].map(([, value]) => Number(value));
    expect(told).to.deep.equal(cases.map(([, value]) => value));
  });

  it('tells the same of what waits for nobody else than such a one', async () => {
    const waits = (name: string, ...waitsFor: string[]): DaemonStatus => daemonStatus({ name, observed: 'waiting', reason: `waits for ${waitsFor.join(', ')}`, waitsFor });
    const down = daemonStatus({ name: 'd1', observed: 'waiting', reason: 'not master: node2 is it' });
    const failed = daemonStatus({ name: 'd4', observed: 'backing-off', reason: 'it exited with status 3' });
    const text = await scraped([waits('d3', 'd2'), waits('d2', 'd1'), down, failed, waits('d5', 'd1', 'd4'), waits('d6', 'd7'), waits('d7', 'd6')]);
    const told = [...text.matchAll(/^watchkeeper_daemon_withheld\{daemon="(d\d)"\} 1$/gm)].map(([, name]) => name);
    expect(told.sort()).to.deep.equal(['d1', 'd2', 'd3']);
  });
});
