/** How the time of a migration is shared: whatever takes how long, there is time left to undo it. */
import { expect } from 'chai';

import { migrateFrom, type MigrationStep } from '../../../src/app/cluster-migration.js';
import { ClusterDaemon } from '../../../src/app/cluster-daemon.js';
import { OCF, OCF_OK, type OcfAnswer } from '../../../src/core/ocf.js';
import { ocfCall } from '../../../src/core/ocf-call.js';
import type { Controller } from '../../../src/ports/controller.js';
import { FakeHolds } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';
import { FakeClock } from '../../support/fake-clock.js';

const T = 100_000;
const FAILED: OcfAnswer = { status: OCF.generic, reason: 'no' };

describe('the time of a migration', () => {
  /** Each takes what a test says, or all that it is given. */
  async function pulled(takes: { pull: number; start: number }, pull: OcfAnswer) {
    const clock = new FakeClock();
    const began = clock.monotonic();
    const steps: string[] = [];
    const spend = (what: string, takes: number, limit: number): void => {
      clock.work(Math.min(takes, limit));
      steps.push(`${what} ${Math.round(limit)} ${Math.round(clock.monotonic() - began)}`);
    };
    const answer = await migrateFrom({ timeout: T }, {
      clock,
      isActive: () => Promise.resolve(false),
      hook: (step: MigrationStep, limit) => {
        spend(step, step === 'pull' ? takes.pull : Infinity, limit);
        return Promise.resolve(step === 'pull' ? pull : OCF_OK);
      },
      start: (limit) => {
        spend('start', takes.start, limit);
        return Promise.resolve(FAILED);
      },
    });
    expect(answer.status).to.equal(OCF.generic);
    return steps;
  }

  it('leaves enough for a revert, however long pull and start take', async () => {
    expect(await pulled({ pull: 1000, start: Infinity }, OCF_OK)).to.deep.equal(['pull 60000 1000', 'start 64000 65000', 'revert 30000 95000']);
    expect(await pulled({ pull: Infinity, start: Infinity }, OCF_OK)).to.deep.equal(['pull 60000 60000', 'start 5000 65000', 'revert 30000 95000']);
    expect(await pulled({ pull: Infinity, start: 0 }, FAILED)).to.deep.equal(['pull 60000 60000', 'revert 30000 90000']);
  });

  it('gives a revert what is left, where a start went on over its end', async () => {
    const clock = new FakeClock();
    const limits: number[] = [];
    const started = (): Promise<OcfAnswer> => {
      clock.work(80_000);
      return Promise.resolve(FAILED);
    };
    const hook = (_: MigrationStep, limit: number): Promise<OcfAnswer> => Promise.resolve(limits.push(limit)).then(() => OCF_OK);
    await migrateFrom({ timeout: T }, { clock, isActive: () => Promise.resolve(false), hook, start: started });
    expect(limits).to.deep.equal([60_000, 15_000]);
  });

  it('has the start of a daemon given up at its end, whoever else waits for it', async () => {
    const clock = new FakeClock();
    const spec = daemonSpec({ name: 'web', startTimeout: 10 * T });
    const aborts: (AbortSignal | undefined)[] = [];
    const controller = { start: ({ abort }: { abort?: AbortSignal }) => new Promise(() => aborts.push(abort)) } as unknown as Controller;
    const chosen = () => Promise.resolve({ controller, reason: 'of a test', release: () => undefined });
    const daemon = new ClusterDaemon(spec, ocfCall({ OCF_RESOURCE_INSTANCE: 'rsc', OCF_RESKEY_CRM_meta_timeout: String(T) }), {
      control: chosen, reader: chosen, holds: new FakeHolds(), refresh: () => Promise.resolve(), override: undefined, kill: undefined, deepHook: () => Promise.reject(new Error('none')), clock, bootId: 'boot', note: () => undefined, gone: undefined,
    });
    const started = daemon.start(65_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(aborts.map((signal) => signal?.aborted)).to.deep.equal([false]);
    clock.advance(65_000);
    expect(await started).to.deep.equal({ status: OCF.generic, reason: 'it was not started within 1 m 5 s' });
    expect(aborts[0]?.aborted).to.equal(true);
    expect(clock.armed).to.equal(0);
  });
});
