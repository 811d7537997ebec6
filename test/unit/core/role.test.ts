import { expect } from 'chai';

import type { RoleSpec } from '../../../src/core/daemon.js';
import { saysNotMaster } from '../../../src/core/outcome.js';
import { answerOf, sourceProblems, withheldReason, type RoleAnswer, type RoleSource } from '../../../src/core/role.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const SOURCE: RoleSource = { argv: ['/bin/true'], user: undefined, watch: [], interval: 300_000, timeout: 1000, startAfter: 30_000, stopAfter: 30_000, whenLost: 'leave' };
const role = (name: string, source?: RoleSource): RoleSpec => ({ name, description: '', target: undefined, source });
const answers = (known: Record<string, RoleAnswer>) => (name: string): RoleAnswer => known[name] ?? { held: undefined, reason: 'nobody looked' };

describe('core/role', () => {
  it('takes 0 for yes, 1 for no, and all else for not known', () => {
    const held = (status: number): boolean | undefined => answerOf('/x', { kind: 'exited', status }, false, '').held;
    expect([0, 1, 2, 126, 127, 255].map(held)).to.deep.equal([true, false, undefined, undefined, undefined, undefined]);
    expect(answerOf('/x', { kind: 'killed', signal: 'SIGKILL' }, false, '').held).to.equal(undefined);
    expect(answerOf('/x', { kind: 'exited', status: 0 }, true, '')).to.deep.equal({ held: undefined, reason: '/x did not answer in time' });
    expect(answerOf('/x', { kind: 'exited', status: 3 }, false, 'no such file').reason).to.equal('/x exited with status 3: no such file');
    expect(answerOf('/x', { kind: 'exited', status: 1 }, false, 'node2 is the master').reason).to.equal('node2 is the master');
  });

  it('withholds a daemon only where each of its roles can tell, and none is held', () => {
    const roles = [role('node'), role('master', SOURCE), role('candidate', SOURCE)];
    const no = { held: false, reason: 'node2 is it' };
    const why = (own: string[], known: Record<string, RoleAnswer>): string | undefined => withheldReason(daemonSpec({ name: 'd', roles: own }), roles, answers(known));
    expect(why([], {})).to.equal(undefined);
    expect(why(['node'], {})).to.equal(undefined);
    expect(why(['node', 'master'], { master: no })).to.equal(undefined);
    expect(why(['master'], { master: { held: true, reason: '' } })).to.equal(undefined);
    expect(why(['master'], { master: no })).to.equal('not master: node2 is it');
    expect(why(['master'], {})).to.equal('whether this node is master is not known: nobody looked');
    expect(why(['master', 'candidate'], { master: no, candidate: { held: true, reason: '' } })).to.equal(undefined);
    expect(why(['master', 'candidate'], { master: no, candidate: no })).to.equal('not master: node2 is it; not master (role candidate): node2 is it');
  });

  it('begins with "not master" whatever the roles are called, but not where one of them is not known', () => {
    const roles = [role('primary', SOURCE), role('master', SOURCE), role('writer', SOURCE)];
    const no = { held: false, reason: 'node2: it is (so)' };
    const why = (own: string[], known: Record<string, RoleAnswer>): string => withheldReason(daemonSpec({ name: 'd', roles: own }), roles, answers(known)) ?? '';
    expect(why(['primary'], { primary: no })).to.equal('not master (role primary): node2: it is (so)');
    const denied = [why(['primary'], { primary: no }), why(['primary', 'master'], { primary: no, master: no }), why(['primary', 'writer'], { primary: no, writer: no }), why(['master'], { master: no })];
    expect(denied.map(saysNotMaster)).to.deep.equal([true, true, true, true]);
    expect(why(['master', 'writer'], { master: no })).to.equal('whether this node is writer is not known: nobody looked; not master: node2: it is (so)');
    const open = [why(['primary'], {}), why(['primary', 'writer'], { primary: no }), why(['primary', 'writer'], { writer: no })];
    expect(open.map(saysNotMaster)).to.deep.equal([false, false, false]);
    const others = ['', 'not masterful', 'not master (role', 'the node is not master', 'not master (of its own)'];
    expect(others.map(saysNotMaster)).to.deep.equal([false, false, false, false, false]);
    expect(saysNotMaster('not master')).to.equal(true);
  });

  it('refuses sources that could not be run', () => {
    expect(sourceProblems(SOURCE)).to.deep.equal([]);
    expect(sourceProblems({ ...SOURCE, argv: ['grep', 'x\0'], user: 'a b', watch: ['relative'] })).to.have.length(4);
  });
});
