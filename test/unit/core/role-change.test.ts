/** When a node takes up or lays down a role. */
import { expect } from 'chai';
import type { Catalogue } from '../../../src/core/catalogue.js';
import type { DaemonStatus, StatusState } from '../../../src/core/daemon-status.js';
import { failed, ok, skipped, type Outcome } from '../../../src/core/outcome.js';
import { rolesStarted, rolesStopping } from '../../../src/core/role-change.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const ROLES = ['node', 'master', 'empty'].map((name) => ({ name, description: '', target: undefined }));
const CATALOGUE: Catalogue = catalogueOf(
  [
    daemonSpec({ name: 'noded', roles: ['node'] }),
    daemonSpec({ name: 'api', roles: ['node', 'master'] }),
    daemonSpec({ name: 'jobs', roles: ['master'] }),
    daemonSpec({ name: 'spare', roles: ['master'], onDemand: true }),
  ],
  { roles: ROLES },
);
const ALL = CATALOGUE.daemons.map(({ name }) => name);

function statuses(states: Readonly<Record<string, StatusState>>): readonly DaemonStatus[] {
  return Object.entries(states).map(([name, observed]) => ({
    name, observed, desired: 'up', ready: true, pid: null, uptime: null, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null,
  }));
}

const outcomes = (named: Readonly<Record<string, Outcome>>) => Object.entries(named).map(([name, outcome]) => ({ name, outcome }));
const UP = { noded: 'running', api: 'running', jobs: 'running', spare: 'stopped' } as const;
const CHANGED = ok(true, '');
const WAS_UP = ok(false, '');

describe('a role', () => {
  const started = (named: Readonly<Record<string, Outcome>>, states: Readonly<Record<string, StatusState>>, names: readonly string[] = ALL): readonly string[] =>
    rolesStarted(CATALOGUE, names, outcomes(named), statuses(states)).map(({ role }) => role);

  it('is taken up when all of its daemons are ready, and one was not before', () => {
    expect(started({ noded: CHANGED, api: CHANGED, jobs: CHANGED }, UP)).to.deep.equal(['node', 'master']);
    expect(started({ noded: WAS_UP, api: WAS_UP, jobs: CHANGED }, UP)).to.deep.equal(['master']);
    expect(started({ noded: WAS_UP, api: WAS_UP, jobs: WAS_UP }, UP), 'nothing changed').to.deep.equal([]);
    expect(started({ jobs: CHANGED }, { ...UP, api: 'degraded' })).to.deep.equal(['master']);
  });

  it('is not taken up by half', () => {
    expect(started({ api: CHANGED, jobs: failed('failed', '', '') }, { ...UP, jobs: 'backing-off' }, ['api', 'jobs'])).to.deep.equal([]);
    expect(started({ api: CHANGED, jobs: skipped('not master') }, { ...UP, jobs: 'stopped' }, ['api', 'jobs'])).to.deep.equal([]);
    expect(started({ jobs: CHANGED }, UP, ['jobs']), 'not all of it was asked for').to.deep.equal([]);
  });

  const stopping = (states: Readonly<Record<string, StatusState>>, names: readonly string[] = ALL): readonly string[] =>
    rolesStopping(CATALOGUE, names, statuses(states)).map(({ role }) => role);

  it('is laid down when all of it is stopped and some of it is up; the last first', () => {
    expect(stopping(UP)).to.deep.equal(['master', 'node']);
    expect(stopping({ noded: 'running', api: 'stopped', jobs: 'given-up' })).to.deep.equal(['node']);
    expect(stopping({ noded: 'stopped', api: 'stopped', jobs: 'stopped' })).to.deep.equal([]);
    expect(stopping(UP, ['api'])).to.deep.equal([]);
  });

  it('has its standing daemons as members', () => {
    expect(rolesStopping(CATALOGUE, ALL, statuses(UP))[0]).to.deep.equal({ role: 'master', members: ['api', 'jobs'] });
  });
});
