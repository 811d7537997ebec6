import { expect } from 'chai';

import { crmCommands, daemonResource, pcsCommands, roleResource } from '../../../src/core/cluster-commands.js';
import { daemonSpec } from '../../support/daemon-spec.js';

describe('the commands that configure a cluster', () => {
  const web = daemonSpec({ name: 'web', startTimeout: 30_000, stopTimeout: 45_000 });

  it('give a daemon the time that it may take, and twice that for a stop that escalates at half', () => {
    expect(crmCommands(daemonResource(web))).to.deep.equal([
      'crm configure primitive web ocf:watchkeeper:daemon params name=web op start timeout=40s op stop timeout=100s op monitor interval=10s timeout=20s',
    ]);
    expect(pcsCommands(daemonResource(web))).to.deep.equal([
      'pcs resource create web ocf:watchkeeper:daemon name=web op start timeout=40s op stop timeout=100s op monitor interval=10s timeout=20s',
    ]);
  });

  it('make roles a promotable clone, whose monitors differ in their interval', () => {
    const resource = roleResource('site', 'master', [web], [daemonSpec({ name: 'chief', startTimeout: 5_000, stopTimeout: 5_000 })]);
    const intervals = resource.operations.flatMap(({ interval }) => (interval === undefined ? [] : [interval]));
    expect(new Set(intervals).size).to.equal(intervals.length);
    expect(crmCommands(resource)[1]).to.equal('crm configure clone site-clone site meta promotable=true interleave=true');
    expect(pcsCommands(resource)[0]).to.match(/ op promote timeout=20s .* promotable interleave=true$/).and.include('op stop timeout=110s');
  });
});
