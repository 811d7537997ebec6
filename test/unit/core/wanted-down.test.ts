import { expect } from 'chai';

import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { DesiredRecord } from '../../../src/core/desired-state.js';
import { wantedDownLine } from '../../../src/core/wanted-down.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const ALL = 'daemon-util stop-all (uid 0, pid 4711)';
const down = (by: string, more: Partial<DesiredRecord> = {}): DesiredRecord => ({ desired: 'down', at: 0, by, bootId: 'now', ...more });

function line(...all: readonly (readonly [spec: Partial<DaemonSpec> & { readonly name: string }, record?: DesiredRecord])[]): string | undefined {
  const records = new Map(all.map(([{ name }, record]) => [name, record]));
  return wantedDownLine(all.map(([spec]) => daemonSpec(spec)), (name) => records.get(name), 'now');
}

describe('what a watcher that begins says of daemons that are wanted down', () => {
  it('is nothing where nobody stopped one', () => {
    expect(line([{ name: 'web' }], [{ name: 'db' }, { ...down(ALL), desired: 'up' }])).to.equal(undefined);
  });

  it('names them, by whom, and what starts them', () => {
    expect(line([{ name: 'web' }, down(ALL)], [{ name: 'db' }, down(ALL)], [{ name: 'api' }])).to.equal(`wanted down: web, db (stopped by ${ALL}); try: daemon-util start-all`);
    expect(line([{ name: 'web' }, down('daemon-util stop web', { bootId: 'earlier' })])).to.equal('wanted down: web (stopped by daemon-util stop web); try: daemon-util start web');
    expect(line([{ name: 'web', onDemand: true }, down('a')], [{ name: 'db', onDemand: true }, down('a')])).to.match(/try: daemon-util start NAME$/);
  });

  it('says nothing of those that their entry keeps down, whatever was said in an earlier boot', () => {
    const earlier = down(ALL, { bootId: 'earlier' });
    expect(line([{ name: 'a', boot: 'never' }], [{ name: 'b', boot: 'never' }, earlier], [{ name: 'c', boot: 'always' }, earlier], [{ name: 'd', onDemand: true }, earlier])).to.equal(undefined);
    expect(line([{ name: 'a', boot: 'never' }, down('x')])).to.include('wanted down: a (stopped by x)');
  });

  it('advises nobody to start what is held', () => {
    const held = down('the cluster (stop of resource web)', { bootId: 'earlier', hold: true });
    expect(line([{ name: 'web', boot: 'always' }, held])).to.equal('wanted down: web (held down by the cluster (stop of resource web)); try: watchkeeper status');
    expect(line([{ name: 'web' }, held], [{ name: 'db' }, down('x')])).to.match(/; try: daemon-util start db$/);
  });

  it('stays short, however many there are', () => {
    const many = Array.from({ length: 200 }, (_, index) => [{ name: `d${index}` }, down(`${index} ${'x'.repeat(200)}`)] as const);
    const said = line(...many) ?? '';
    expect(said).to.include('d8, d9 and 190 more (stopped by 0 x').and.include(' and 198 more); try: daemon-util start-all');
    expect(said.length).to.be.lessThan(500);
  });
});
