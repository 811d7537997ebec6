import { expect } from 'chai';

import { expectedSuccessor, type Self } from '../../../../src/adapters/systemd/successor.js';
import { Systemctl } from '../../../../src/adapters/systemd/systemctl.js';
import type { RunResult } from '../../../../src/ports/runner.js';

const SELF: Self = { environment: { SYSTEMD_EXEC_PID: '42' }, pid: 42, membership: '0::/system.slice/watch.service\n' };

interface Answers {
  readonly jobs?: string;
  readonly restart?: string;
  readonly status?: number;
}

function systemctl({ jobs = '', restart = 'no', status = 0 }: Answers): Systemctl {
  const answer = (stdout: string): Promise<RunResult> => Promise.resolve({ exit: { kind: 'exited', status }, timedOut: false, stdout, stderr: '' });
  return new Systemctl({ run: (argv) => answer(argv.includes('list-jobs') ? jobs : `${restart}\n`) });
}

describe('the successor of a watcher under systemd', () => {
  it('comes with a restart of its unit, and with Restart=always where nobody asked for its end', async () => {
    expect(await expectedSuccessor(SELF, systemctl({ jobs: '  7 watch.service restart running\n' }))).to.include('restart job');
    expect(await expectedSuccessor(SELF, systemctl({ restart: 'always' }))).to.include('Restart=always');
    const foreign = { ...SELF, membership: '9:name=systemd:/\n8:pids:/x.service\n0::/system.slice/watch.service\n' };
    expect(await expectedSuccessor(foreign, systemctl({ jobs: '7 watch.service restart running' }))).to.include('watch.service');
    const hybrid = { ...SELF, membership: '12:pids:/a.service\n1:name=systemd:/system.slice/watch.service/sub\n' };
    expect(await expectedSuccessor(hybrid, systemctl({ jobs: '7 watch.service restart running' }))).to.include('watch.service');
  });

  it('does not come after a stop, whatever Restart= says', async () => {
    expect(await expectedSuccessor(SELF, systemctl({ jobs: '7 watch.service stop running\n', restart: 'always' }))).to.equal(undefined);
    for (const restart of ['no', 'on-failure', 'on-abnormal']) expect(await expectedSuccessor(SELF, systemctl({ restart })), restart).to.equal(undefined);
  });

  it('is not counted on where systemd gives no answer, or is not who started us', async () => {
    const sure: Answers = { jobs: '7 watch.service restart running', restart: 'always' };
    expect(await expectedSuccessor(SELF, systemctl({ ...sure, status: 1 }))).to.equal(undefined);
    expect(await expectedSuccessor({ ...SELF, environment: {} }, systemctl(sure))).to.equal(undefined);
    expect(await expectedSuccessor({ ...SELF, pid: 43 }, systemctl(sure))).to.equal(undefined);
    expect(await expectedSuccessor({ ...SELF, membership: '0::/user.slice/session-1.scope\n' }, systemctl(sure))).to.equal(undefined);
  });

  it("takes no other unit's job for its own", async () => {
    expect(await expectedSuccessor(SELF, systemctl({ jobs: '7 other-watch.service restart running\n', restart: 'no' }))).to.equal(undefined);
  });
});
