/** Readiness by a program that could not be run: whoever is not told does not know. */
import { expect } from 'chai';

import { awaitReadiness, type Waited } from '../../../../src/adapters/systemd/readiness.js';
import { awaitReadiness as awaitOwn, type ReadinessResult } from '../../../../src/app/readiness-wait.js';
import { HostReadiness } from '../../../../src/adapters/sysv/readiness.js';
import type { ProcessTable } from '../../../../src/ports/process-table.js';
import type { RunOptions, RunResult } from '../../../../src/ports/runner.js';
import { daemonSpec } from '../../../support/daemon-spec.js';
import { FakeClock } from '../../../support/fake-clock.js';

const ENDED: RunResult = { exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '' };
const NOT_RUN: RunResult = { ...ENDED, exit: { kind: 'unknown' }, stderr: 'systemd did not tell how it ended: Failed to connect to bus' };

describe('readiness by a program that could not be run', () => {
  const spec = daemonSpec({ name: 'd', startTimeout: 4000, readiness: { kind: 'exec', argv: ['/bin/true'] } });

  /** @param answers the last one stays */
  async function started(...answers: readonly (RunResult | Error)[]): Promise<{ readonly waited: Waited; readonly asked: number; readonly took: number }> {
    const clock = new FakeClock();
    const began = clock.monotonic();
    let asked = 0;
    const run = (_argv: unknown, { timeout }: RunOptions): Promise<RunResult> => {
      if (timeout < 50) return Promise.resolve({ ...ENDED, timedOut: true });
      const answer = answers[Math.min(asked, answers.length - 1)] ?? ENDED;
      asked += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const processes = {} as ProcessTable;
    const waiting = awaitReadiness(spec, { began, startedAt: began, process: undefined }, { clock, readiness: new HostReadiness(processes, { run }, clock), processes });
    let took = 0;
    void waiting.then(() => (took = clock.monotonic() - began));
    await clock.advanceAsync(6000);
    return { waited: await waiting, asked, took };
  }

  it('is asked again, and ready by its first answer', async () => {
    const { waited, asked } = await started(NOT_RUN, NOT_RUN, ENDED);
    expect([waited, asked]).to.deep.equal([{ kind: 'ready', reason: '/bin/true: exit status 0' }, 3]);
  });

  it('is late with the reason, where it never answers', async () => {
    const { waited, asked, took } = await started(NOT_RUN);
    expect(waited).to.deep.equal({ kind: 'late', reason: 'not ready within 4 s: cannot run /bin/true: systemd did not tell how it ended: Failed to connect to bus' });
    expect(asked).to.be.greaterThan(10);
    expect(took).to.be.within(4000, 4300);
  });

  it('is late with what it said last, and not with the look that the deadline has cut short', async () => {
    const { waited } = await started({ ...ENDED, exit: { kind: 'exited', status: 1 }, stderr: 'no quorum' });
    expect(waited.reason).to.equal('not ready within 4 s: /bin/true: exit status 1 (failed): no quorum');
  });

  it('is so where the watcher itself starts it, too', async () => {
    const clock = new FakeClock();
    const main = { pid: 4711, startTicks: 1, bootId: 'boot' };
    const check = (_spec: unknown, _uptime: number, timeout: number): Promise<ReadinessResult> => Promise.resolve({ ready: false, reason: timeout < 50 ? 'cut short' : 'no quorum' });
    const results: ReadinessResult[] = [];
    awaitOwn(spec, clock.monotonic(), main, clock, { check }, (result) => void results.push(result));
    await clock.advanceAsync(6000);
    expect([results, clock.armed]).to.deep.equal([[{ ready: false, reason: 'not ready within 4 s: no quorum' }], 0]);
  });

  it('is no answer where what it takes to run it cannot be made', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    expect((await started(full)).waited.reason).to.include('cannot run /bin/true: ENOSPC');
    expect((await started(full, ENDED)).waited.kind).to.equal('ready');
  });
});
