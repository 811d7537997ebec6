import { expect } from 'chai';

import { parseOrder, parseShow } from '../../../../src/adapters/systemd/show-output.js';
import { Systemctl, SystemdSilent } from '../../../../src/adapters/systemd/systemctl.js';
import { callRefusal, jobVerdicts } from '../../../../src/adapters/systemd/vocabulary.js';
import type { Runner, RunResult } from '../../../../src/ports/runner.js';

const ANSWER: RunResult = { exit: { kind: 'exited', status: 0 }, timedOut: false, stdout: '', stderr: '' };

/** Answers every call the same way, and keeps what was asked. */
function runner(answer: Partial<RunResult>): Runner & { readonly calls: (readonly string[])[] } {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    run: (argv) => {
      calls.push(argv);
      return Promise.resolve({ ...ANSWER, ...answer });
    },
  };
}

async function rejected(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('systemctl', () => {
  it('reads properties as data, also those with equals signs, and lists', () => {
    const facts = parseShow(
      'web.service',
      'Id=web.service\nLoadError=a.b "x=y"\nJob=17\nMainPID=42\nCanReload=yes\nEnvironmentFiles=/etc/default/a (ignore_errors=yes)\nEnvironmentFiles=/run/odd (x) (ignore_errors=no)\nRequires=a.service b.mount "system-web\\\\x2done.slice"\nBindsTo=c.device\n',
    );
    expect(facts.loadError).to.equal('a.b "x=y"');
    expect(facts.job).to.equal(17);
    expect(facts.mainPid).to.equal(42);
    expect(facts.canReload).to.equal(true);
    expect(facts.environmentFiles).to.deep.equal(['/etc/default/a', '/run/odd (x)']);
    expect(facts.requires).to.deep.equal(['a.service', 'b.mount', 'system-web\\x2done.slice', 'c.device']);
  });

  it("reads a unit's place among others, also where programs have odd words", () => {
    const block = [
      'Type=exec',
      'ExecStartPost={ path=/usr/lib/w/one ; argv[]=/usr/lib/w/one --done { path=/x ; argv[]= ; ignore_errors=yes ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }',
      'ExecStartPost={ path=/opt/a b/await-readiness ; argv[]=/opt/a b/await-readiness web 60000 port tcp 80 ; ignore_errors=yes ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }',
      'After=system.slice db.service  basic.target',
    ].join('\n');
    expect(parseOrder(block)).to.deep.equal({ type: 'exec', after: ['system.slice', 'db.service', 'basic.target'], startPost: ['/usr/lib/w/one', '/opt/a b/await-readiness'] });
    expect(parseOrder('Type=notify\nAfter=\n')).to.deep.equal({ type: 'notify', after: [], startPost: [] });
  });

  it('takes what is missing or no number for nought', () => {
    const facts = parseShow('web.target', 'Id=web.target\nMainPID=[not set]\nrubbish\n=\n');
    expect(facts.mainPid).to.equal(0);
    expect(facts.activeState).to.equal('');
  });

  it('is silent where it does not answer for every unit, or not in time', async () => {
    const one = { stdout: 'Id=a.service\n' };
    expect(await rejected(new Systemctl(runner(one)).show(['a.service', 'b.service']))).to.be.instanceOf(SystemdSilent);
    expect(await rejected(new Systemctl(runner({ ...one, timedOut: true })).show(['a.service']))).to.be.instanceOf(SystemdSilent);
    expect((await new Systemctl(runner(one)).show(['a.service'])).of('a.service').unit).to.equal('a.service');
  });

  it('asks nothing for no units', async () => {
    const asked = runner({});
    expect((await new Systemctl(asked).show([])).all).to.deep.equal([]);
    expect(asked.calls).to.deep.equal([]);
  });

  it('never passes a pattern, an option or an empty name', async () => {
    for (const unit of ['*.service', 'a?.service', '[a].service', 'a b.service', '', 'a\n.service', 'x'.repeat(300)]) {
      const asked = runner({});
      expect(await rejected(new Systemctl(asked).act('stop', [unit], 1)), unit).to.be.instanceOf(Error);
      expect(asked.calls).to.deep.equal([]);
    }
    const asked = runner({});
    await new Systemctl(asked).act('stop', ['-x.service'], 1);
    expect(asked.calls[0]?.slice(-2)).to.deep.equal(['--', '-x.service']);
  });

  it("knows systemctl's words for each unit's job", () => {
    const verdicts = jobVerdicts(
      'A dependency job for a.service failed. See \'journalctl -xe\' for details.\nJob for b.service canceled.\nJob for c.service timed out.\nJob for d.service failed because the control process exited with error code.\nSee "systemctl status d.service"\n',
    );
    expect(Object.fromEntries(verdicts)).to.deep.equal({ 'a.service': 'dependency', 'b.service': 'canceled', 'c.service': 'timeout' });
  });

  it('knows a refusal of the whole call', () => {
    expect(callRefusal('Failed to start a.service: Access denied\n')?.code).to.equal('permission');
    expect(callRefusal('Failed to start a.service: Interactive authentication required.\n')?.code).to.equal('permission');
    expect(callRefusal('Failed to connect to bus: No such file or directory\n')?.code).to.equal('failed');
    expect(callRefusal('Job for a.service canceled.\n')).to.equal(undefined);
  });
});
