import { expect } from 'chai';
import fc from 'fast-check';

import type { DaemonSpec, GroupSpec, RestartPolicy } from '../../../src/core/daemon.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';

const GROUP: GroupSpec = {
  name: 'shop',
  description: 'a shop',
  target: 'shop.target',
  roles: [
    { name: 'node', description: 'everywhere', target: 'shop-node.target' },
    { name: 'master', description: 'once', target: 'shop-master.target' },
  ],
  setup: undefined,
  directories: [],
  environmentFile: '/etc/default/shop',
  notMasterExitStatus: 11,
};
const OPTIONS = { version: 252, runtimeDirectory: '/run/watchkeeper' };

/** The values of a directive, in order. */
function values(text: string, directive: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith(`${directive}=`)).map((line) => line.slice(directive.length + 1));
}

describe('service unit', () => {
  it('orders, requires and belongs as the catalogue says', () => {
    const spec = daemonSpec({ name: 'web', roles: ['master'], after: ['log'], requires: ['db'] });
    const text = serviceUnit(spec, GROUP, { ...OPTIONS, setupUnit: 'shop-common.service', unitOf: (name) => `shop-${name}.service` });
    expect(values(text, 'Requires')).to.deep.equal(['shop-common.service', 'shop-db.service']);
    expect(values(text, 'After')).to.deep.equal(['shop-common.service', 'shop-db.service', 'shop-log.service']);
    expect(values(text, 'PartOf')).to.deep.equal(['shop-master.target']);
    // Its target's own file wants it: nobody need enable it, and nobody can by mistake not have.
    expect(text).not.to.include('[Install]');
  });

  it('asks for a line of a file as we ourselves do, whatever the line holds', () => {
    const conditions = [{ kind: 'path-missing', path: '/etc/off' }, { kind: 'file-has-line', path: '/etc/kinds of it', line: '-v $a' }] as const;
    const text = serviceUnit(daemonSpec({ name: 'web', conditions }), GROUP, OPTIONS);
    expect(values(text, 'ConditionPathExists')).to.deep.equal(['!/etc/off']);
    expect(values(text, 'ExecCondition')).to.deep.equal(['+/bin/grep -qsxFe "-v $$a" "/etc/kinds of it"']);
  });

  it("belongs to the group's target where it has no role", () => {
    expect(values(serviceUnit(daemonSpec({ name: 'web' }), GROUP, OPTIONS), 'PartOf')).to.deep.equal(['shop.target']);
  });

  it('gives arguments in the order of every service manager: fixed, mode, variables, one-shot', () => {
    const spec = daemonSpec({ name: 'web', executable: '/usr/sbin/web', arguments: ['-a'], foregroundArguments: ['-f'], backgroundArguments: ['-b'], argumentVariables: ['WEB_ARGS', 'EXTRA_WEB_ARGS'] });
    expect(values(serviceUnit(spec, GROUP, OPTIONS), 'ExecStart')).to.deep.equal(['/usr/sbin/web -a -f $WEB_ARGS $EXTRA_WEB_ARGS $ONESHOT_ARGUMENTS']);
    const forking = serviceUnit({ ...spec, background: 'always-forks', pidFile: '/run/web.pid', pidFileWriter: 'daemon' }, GROUP, OPTIONS);
    expect(values(forking, 'ExecStart')[0]).to.include(' -b ').and.not.include(' -f ');
    expect(values(forking, 'Type')).to.deep.equal(['forking']);
    expect(values(forking, 'PIDFile')).to.deep.equal(['/run/web.pid']);
    expect(values(serviceUnit({ ...spec, pidFile: '/run/web.pid', pidFileWriter: 'daemon' }, GROUP, OPTIONS), 'PIDFile')).to.deep.equal([]);
  });

  it('takes what systemd would expand or split for what it is', () => {
    const spec = daemonSpec({ name: 'web', executable: '/usr/sbin/web', arguments: ['a b', '$HOME', '100%', 'say "hi"', 'back\\slash', 'line\nend', ''] });
    expect(values(serviceUnit(spec, GROUP, OPTIONS), 'ExecStart')).to.deep.equal([
      '/usr/sbin/web "a b" "$$HOME" "100%%" "say \\"hi\\"" "back\\\\slash" "line\\nend" "" $ONESHOT_ARGUMENTS',
    ]);
  });

  it('reads the one-shot file after all others, and has the helper before and after the start', () => {
    const text = serviceUnit(daemonSpec({ name: 'web' }), GROUP, OPTIONS);
    expect(values(text, 'EnvironmentFile')).to.deep.equal(['-/etc/default/shop', '-/run/watchkeeper/oneshot/web.env']);
    expect(values(text, 'ExecStartPre')).to.deep.equal(['-+/usr/lib/watchkeeper/oneshot-arguments web /run/watchkeeper']);
    expect(values(text, 'ExecStartPost')[0]).to.equal('-+/usr/lib/watchkeeper/oneshot-arguments --done web /run/watchkeeper');
  });

  it('is up only when the daemon is ready, in whichever way a shell can see that', () => {
    const awaited = (overrides: Partial<DaemonSpec>): readonly string[] => values(serviceUnit(daemonSpec({ name: 'web', startTimeout: 7000, ...overrides }), GROUP, OPTIONS), 'ExecStartPost').slice(1);
    const helper = '-+/usr/lib/watchkeeper/await-readiness web 7000';
    expect(awaited({ readiness: { kind: 'settled', settle: 200 } })).to.deep.equal([`${helper} settled 200`]);
    expect(awaited({ readiness: { kind: 'port', protocol: 'udp', port: 1814 } })).to.deep.equal([`${helper} port udp 1814`]);
    expect(awaited({ readiness: { kind: 'tcp', host: '127.0.0.1', port: 80 } })).to.deep.equal([`${helper} port tcp 80`]);
    expect(awaited({ readiness: { kind: 'unix', path: '/run/a b/%s' } })).to.deep.equal([`${helper} unix "/run/a b/%%s"`]);
    expect(awaited({ readiness: { kind: 'pid-file' }, pidFile: '/run/web.pid', pidFileWriter: 'daemon' })).to.deep.equal([`${helper} pid-file /run/web.pid`]);
    // Nobody writes it under systemd.
    expect(awaited({ readiness: { kind: 'pid-file' }, pidFile: '/run/web.pid', pidFileWriter: 'manager' })).to.deep.equal([]);
    for (const readiness of [{ kind: 'notify' }, { kind: 'exec', argv: ['/bin/true'] }] as const) expect(awaited({ readiness })).to.deep.equal([]);
  });

  it('grows the delay only where systemd knows how', () => {
    const spec = daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, when: 'on-failure' } });
    const old = serviceUnit(spec, GROUP, OPTIONS);
    expect(values(old, 'RestartSec')).to.deep.equal(['1000ms']);
    expect(values(old, 'RestartSteps')).to.deep.equal([]);
    const recent = serviceUnit(spec, GROUP, { ...OPTIONS, version: 257 });
    // 1 s × 2^6 is the first that reaches 60 s.
    expect(values(recent, 'RestartSteps')).to.deep.equal(['6']);
    expect(values(recent, 'RestartMaxDelaySec')).to.deep.equal(['60000ms']);
    expect(values(recent, 'RestartPreventExitStatus')).to.deep.equal(['78 11']);
  });

  it('is not left dead by an outage of five minutes, unless its policy gives up', () => {
    const limits = (text: string): readonly (readonly string[])[] => ['StartLimitIntervalSec', 'StartLimitBurst'].map((directive) => values(text, directive));
    const unit = (restart: Partial<RestartPolicy>, version: number): string =>
      serviceUnit(daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, when: 'on-failure', ...restart } }), GROUP, { ...OPTIONS, version });
    // A restart each second: 300 in five minutes are fewer than the limit.
    expect(limits(unit({ baseDelay: 1000 }, 252))).to.deep.equal([['600000ms'], ['301']]);
    expect(limits(unit({ baseDelay: 5000 }, 252))).to.deep.equal([['600000ms'], ['61']]);
    expect(limits(unit({ baseDelay: 0 }, 252))).to.deep.equal([['600000ms'], ['3001']]);
    // Where the delay grows, nothing needs a limit.
    expect(limits(unit({ baseDelay: 1000 }, 254))).to.deep.equal([['0'], []]);
    expect(limits(unit({ baseDelay: 1000, factor: 1 }, 254))).to.deep.equal([['600000ms'], ['301']]);
    for (const version of [252, 257]) expect(limits(unit({ onIntensity: 'give-up' }, version))).to.deep.equal([[`${TEST_RESTART_POLICY.period}ms`], ['5']]);
  });

  it('restarts nothing, and limits nothing, where the policy is never', () => {
    const text = serviceUnit(daemonSpec({ name: 'web', restart: { ...TEST_RESTART_POLICY, when: 'never' } }), GROUP, { ...OPTIONS, version: 257 });
    expect(values(text, 'Restart')).to.deep.equal(['no']);
    expect(text).not.to.match(/^(RestartSec|RestartSteps|StartLimit)/m);
  });

  it('leaves readiness by notification and the watchdog to systemd', () => {
    const watchdog = { name: 'w', kind: 'liveness', method: { kind: 'watchdog' }, grace: 0, interval: 2500, timeout: 1, successThreshold: 1, failureThreshold: 1 } as const;
    const text = serviceUnit(daemonSpec({ name: 'web', readiness: { kind: 'notify' }, health: [watchdog] }), GROUP, OPTIONS);
    expect([values(text, 'Type'), values(text, 'WatchdogSec'), values(text, 'NotifyAccess')]).to.deep.equal([['notify'], ['2500ms'], ['main']]);
    const plain = serviceUnit(daemonSpec({ name: 'web', health: [watchdog] }), GROUP, OPTIONS);
    expect([values(plain, 'Type'), values(plain, 'WatchdogSec')]).to.deep.equal([['exec'], ['2500ms']]);
  });

  it('refuses a path or description that would begin a new line', () => {
    expect(() => serviceUnit(daemonSpec({ name: 'web', description: 'a\nExecStart=/bin/evil' }), GROUP, OPTIONS)).to.throw(/control character/);
  });

  it('has no variable in the path of a program, where systemd knows none', () => {
    const spec = daemonSpec({ name: 'web', executable: '/opt/a$b/web', arguments: ['$HOME'] });
    expect(values(serviceUnit(spec, GROUP, OPTIONS), 'ExecStart')).to.deep.equal(['"/opt/a$b/web" "$$HOME" $ONESHOT_ARGUMENTS']);
  });

  it('joins no line with the next, however many backslashes a text ends in', () => {
    for (const [written, expected] of [['a', 'a'], ['a\\', 'a\\\\'], ['a\\\\', 'a\\\\'], ['a\\\\\\', 'a\\\\\\\\'], ['\\ \\\\', '\\ \\\\']] as const) {
      expect(values(serviceUnit(daemonSpec({ name: 'web', description: written }), GROUP, OPTIONS), 'Description')).to.deep.equal([expected]);
    }
  });

  it('never lets an argument or a variable escape from its line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.string({ unit: 'binary' }), (words, value) => {
        const text = serviceUnit(daemonSpec({ name: 'web', arguments: words, environment: { ODD: value } }), GROUP, OPTIONS);
        expect(values(text, 'ExecStart')).to.have.length(1);
        expect(values(text, 'Environment')).to.have.length(1);
        expect(text.split('\n').filter((line) => line !== '' && !/^(# |\[(Unit|Service)\]|[A-Za-z]+=)/.test(line))).to.deep.equal([]);
        expect(text).not.to.match(/\\\n/);
      }),
    );
  });
});
