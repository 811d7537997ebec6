import { expect } from 'chai';

import { nudge, type NudgeParts } from '../../../src/app/observed-nudge.js';
import type { Observation } from '../../../src/core/observation.js';
import { ok } from '../../../src/core/outcome.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const [A, B] = [daemonSpec({ name: 'a' }), daemonSpec({ name: 'b', requires: ['a'] })];
const seen = (state: Observation['state']): Observation => ({ state, process: undefined, reason: '', restarts: 0, lastExit: undefined, details: {} });

describe('retry-now and reset where systemd restarts', () => {
  let diary: string[];

  function parts(over: Partial<NudgeParts> = {}): NudgeParts {
    return {
      clock: new FakeClock(),
      control: {
        start: ({ names, by }) => {
          diary.push(`start ${names.join(' ')} by ${by}`);
          return Promise.resolve(names.map((name) => ({ name, outcome: ok(true, 'started'), took: 1 })));
        },
      },
      retrier: {
        forget: ({ name }) => {
          diary.push(`forget ${name}`);
          return Promise.resolve(undefined);
        },
      },
      wanted: () => ({ desired: 'up', held: false, reason: '' }),
      withheld: () => undefined,
      seen: () => seen('failed'),
      ...over,
    };
  }

  beforeEach(() => (diary = []));

  it('start what is down, in order; reset forgets first', async () => {
    await nudge([B, A], { by: 'me', forget: false }, parts());
    expect(diary).to.deep.equal(['start a by me', 'start b by me']);
    diary = [];
    await nudge([A], { by: 'me', forget: true }, parts());
    expect(diary).to.deep.equal(['forget a', 'start a by me']);
  });

  it('start nothing that is wanted down, that is not to run here, or that runs', async () => {
    const cases: readonly [Partial<NudgeParts>, string][] = [
      [{ wanted: () => ({ desired: 'down', held: false, reason: 'stopped by ops' }) }, 'stopped by ops'],
      [{ withheld: () => 'another node is the master' }, 'another node'],
      [{ seen: () => seen('running') }, 'was running'],
    ];
    for (const [over, word] of cases) {
      const [answer] = await nudge([A], { by: 'me', forget: true }, parts(over));
      expect(answer?.outcome.kind).to.not.equal('failed');
      expect(JSON.stringify(answer?.outcome)).to.include(word);
      expect(diary.splice(0)).to.deep.equal(['forget a']);
    }
  });

  it('try a start where nothing can be seen, and say what could not be cleared', async () => {
    await nudge([A], { by: 'me', forget: false }, parts({ seen: () => undefined }));
    expect(diary).to.deep.equal(['start a by me']);
    const refusing = { retrier: { forget: () => Promise.resolve('Access denied') }, seen: () => seen('running') };
    const [answer] = await nudge([A], { by: 'me', forget: true }, parts(refusing));
    expect(answer?.outcome).to.deep.include({ kind: 'failed', next: `systemctl reset-failed ${A.unit}` });
  });
});
