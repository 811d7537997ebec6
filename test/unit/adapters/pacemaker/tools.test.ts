import { expect } from 'chai';

import { crmResource } from '../../../../src/adapters/pacemaker/crm-resource.js';
import { promotionScores } from '../../../../src/adapters/pacemaker/promotion-score.js';
import type { RunResult } from '../../../../src/ports/runner.js';

class Tools {
  readonly calls: string[] = [];
  constructor(private readonly results: readonly Partial<RunResult>[]) {}

  run(argv: readonly string[]): Promise<RunResult> {
    const result = this.results[this.calls.length];
    this.calls.push(argv.join(' '));
    return Promise.resolve({ exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '', ...result });
  }
}

const exited = (status: number, stderr = ''): Partial<RunResult> => ({ exit: { kind: 'exited', status }, stderr });

describe('adapters/pacemaker', () => {
  const failures: readonly (readonly [Partial<RunResult>, string])[] = [
    [exited(0), 'told'],
    [exited(105, 'no such resource'), 'unknown'],
    [exited(70), 'unknown'],
    [exited(102), 'unreachable'],
    [exited(64), 'unreachable'],
    [{ exit: { kind: 'killed', signal: 'SIGKILL' }, timedOut: true }, 'unreachable'],
  ];
  for (const [result, kind] of failures) {
    it(`crm_resource --fail, ${JSON.stringify(result)}: ${kind}`, async () => {
      const tools = new Tools([result]);
      const answer = await crmResource(tools).fail('web', 'n1');
      expect([answer.kind, tools.calls]).to.deep.equal([kind, ['/usr/sbin/crm_resource --fail -r web -N n1']]);
    });
  }

  it('sets and withdraws a promotion score', async () => {
    const tools = new Tools([]);
    const scores = promotionScores(tools);
    expect([await scores.set('crown', 'n1', 100), await scores.set('crown', 'n1', undefined)]).to.deep.equal([undefined, undefined]);
    expect(tools.calls).to.deep.equal([
      '/usr/sbin/crm_attribute --promotion=crown --lifetime reboot --node n1 --update 100',
      '/usr/sbin/crm_attribute --promotion=crown --lifetime reboot --node n1 --delete',
    ]);
  });

  it('asks crm_master where crm_attribute does not know promotion yet', async () => {
    const tools = new Tools([exited(64), exited(0), exited(64), exited(0)]);
    const scores = promotionScores(tools);
    expect([await scores.set('crown', 'n1', 10), await scores.set('crown', 'n1', undefined)]).to.deep.equal([undefined, undefined]);
    expect([tools.calls[1], tools.calls[3]]).to.deep.equal(['/usr/sbin/crm_master -r crown -l reboot -N n1 -v 10', '/usr/sbin/crm_master -r crown -l reboot -N n1 -D']);
  });

  it('there is nothing wrong with a score that was not there; all else is told', async () => {
    const tools = new Tools([exited(105), exited(105, 'no such node\u001b[31m'), { timedOut: true }]);
    const scores = promotionScores(tools);
    expect(await scores.set('crown', 'n1', undefined)).to.equal(undefined);
    expect(await scores.set('crown', 'n1', 100)).to.match(/105.*no such node\\e\[31m/);
    expect(await scores.set('crown', 'n1', 100)).to.include('did not answer');
  });
});
