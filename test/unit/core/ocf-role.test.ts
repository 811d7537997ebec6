import { expect } from 'chai';

import type { StatusState } from '../../../src/core/daemon-status.js';
import { OCF } from '../../../src/core/ocf.js';
import { roleAnswer, scoreOf } from '../../../src/core/ocf-role.js';

type Case = readonly [state: StatusState, desired: 'up' | 'down', pid?: number | null];

const ALIVE: ReadonlySet<StatusState> = new Set(['running', 'degraded', 'starting', 'stopping']);

function daemons(prefix: string, cases: readonly Case[]) {
  return cases.map(([observed, desired, pid = ALIVE.has(observed) ? 100 : null], index) => ({ name: `${prefix}${index}`, observed, desired, pid, reason: `is ${observed}` }));
}

const UP: Case = ['running', 'up'];
const DOWN: Case = ['stopped', 'down'];
const CRASHED: Case = ['waiting', 'up'];

describe('core/ocf-role', () => {
  const cases: readonly (readonly [string, readonly Case[], readonly Case[], number, number | undefined])[] = [
    ['nothing runs', [DOWN, DOWN], [DOWN], OCF.notRunning, undefined],
    ['the node role runs', [UP, UP], [DOWN], OCF.success, 100],
    ['both run', [UP, UP], [UP], OCF.promoted, 100],
    ['there is no master role', [UP], [], OCF.success, 100],
    ['a part of the node role is missing', [UP, CRASHED], [DOWN], OCF.generic, undefined],
    ['the node role is degraded', [UP, ['degraded', 'up']], [DOWN], OCF.degraded, 10],
    ['the master role is degraded', [UP], [['degraded', 'up']], OCF.degradedPromoted, 100],
    ['a daemon starts', [['starting', 'up']], [DOWN], OCF.success, 10],
    ['a part of the master role is missing', [UP], [UP, CRASHED], OCF.failedPromoted, undefined],
    ['all of the master role has died', [UP], [CRASHED], OCF.failedPromoted, undefined],
    ['the master role runs without its node role', [CRASHED], [UP], OCF.failedPromoted, undefined],
    ['the master role is on its way down', [UP], [['stopping', 'down']], OCF.failedPromoted, undefined],
    ['the last process is on its way down', [['stopping', 'down']], [DOWN], OCF.generic, undefined],
    ['all has died that was wanted', [CRASHED], [CRASHED], OCF.notRunning, undefined],
  ];
  for (const [what, node, master, status, score] of cases) {
    it(`${what}: ${status}, ${score === undefined ? 'never promoted' : `score ${score}`}`, () => {
      const seen = daemons('n', node);
      const answer = roleAnswer(seen, daemons('m', master), true);
      expect([answer.status, scoreOf(answer, seen)]).to.deep.equal([status, score]);
    });
  }

  it('says which daemons are the reason', () => {
    const { reason } = roleAnswer(daemons('n', [UP, CRASHED]), daemons('m', [UP, CRASHED]), true);
    expect(reason).to.equal('n1: is waiting; m1: is waiting');
  });

  it('says degraded only to a cluster that knows it', () => {
    const sick: readonly Case[] = [['degraded', 'up']];
    expect(roleAnswer(daemons('n', sick), [], false)).to.deep.equal({ status: OCF.success });
    expect(roleAnswer(daemons('n', [UP]), daemons('m', sick), false)).to.deep.equal({ status: OCF.promoted });
  });
});
