import { expect } from 'chai';
import type { Accounts, User } from '../../../../src/adapters/host/user.js';
import { asUser } from '../../../../src/adapters/host/spawn-as.js';
import { BuiltInChain, StartStopDaemonChain } from '../../../../src/adapters/sysv/start-chain.js';
import type { DaemonSpec } from '../../../../src/core/daemon.js';
import { daemonSpec } from '../../../support/daemon-spec.js';

const USER: User = { name: 'web', uid: 4321, gid: 4321, home: '/', shell: '/bin/sh' };

class FewAccounts implements Accounts {
  constructor(private readonly groups: readonly number[] = [4321]) {}
  user(name: string): User | undefined {
    return name === 'web' ? USER : undefined;
  }
  groupId(name: string): number | undefined {
    return name === 'www' ? 80 : undefined;
  }
  groupsOf(): readonly number[] {
    return this.groups;
  }
}

function request(overrides: Partial<DaemonSpec> = {}) {
  const spec = daemonSpec({ name: 'web', executable: '/usr/sbin/web', workingDirectory: '/srv', ...overrides });
  return { spec, arguments: ['-f', '--', '--user=x'], pidPath: '/run/wk/pids/web', makePidFile: true };
}

const START = ['/usr/sbin/start-stop-daemon', '--start', '--pidfile', '/run/wk/pids/web', '--make-pidfile', '--chdir', '/srv'];

describe('start chains', () => {
  it('put the daemon’s own words behind --, so that none is an option of the chain', () => {
    const command = new StartStopDaemonChain(new FewAccounts()).command(request());
    expect(command.ok && command.argv).to.deep.equal([...START, '--startas', '/usr/sbin/web', '--', '-f', '--', '--user=x']);
  });

  it('refuse unknown users and groups', () => {
    for (const chain of [new StartStopDaemonChain(new FewAccounts()), new BuiltInChain(new FewAccounts())]) {
      const noUser = chain.command(request({ user: 'nobody-there' }));
      expect(!noUser.ok && noUser.code).to.equal('not-installed');
      const noGroup = chain.command(request({ user: 'web', group: 'none-such' }));
      expect(!noGroup.ok && noGroup.code).to.equal('not-installed');
    }
  });

  describe('as root', () => {
    before(function () {
      if (process.geteuid?.() !== 0) this.skip();
    });

    it('change the user by start-stop-daemon', () => {
      const command = new StartStopDaemonChain(new FewAccounts()).command(request({ user: 'web', group: 'www' }));
      expect(command.ok && command.argv).to.deep.equal([...START, '--chuid', 'web:www', '--startas', '/usr/sbin/web', '--', '-f', '--', '--user=x']);
    });

    it('keep capabilities by setpriv', () => {
      const command = new StartStopDaemonChain(new FewAccounts()).command(request({ user: 'web', capabilities: ['CAP_NET_BIND_SERVICE', 'CAP_KILL'] }));
      const setpriv = ['--reuid=4321', '--regid=4321', '--init-groups', '--inh-caps=+net_bind_service,+kill', '--ambient-caps=+net_bind_service,+kill'];
      expect(command.ok && command.argv).to.deep.equal([...START, '--startas', '/usr/bin/setpriv', '--', ...setpriv, '--', '/usr/sbin/web', '-f', '--', '--user=x']);
    });

    it('go without setpriv only where nothing is lost', () => {
      const plain = asUser(['/x'], { user: 'web' }, new FewAccounts(), '/nonexistent');
      expect(plain.ok && plain.credentials).to.deep.equal({ uid: 4321, gid: 4321 });
      const groups = asUser(['/x'], { user: 'web' }, new FewAccounts([4321, 44]), '/nonexistent');
      expect(!groups.ok && groups.code).to.equal('unsupported');
      const capabilities = asUser(['/x'], { user: 'web', capabilities: ['CAP_KILL'] }, new FewAccounts(), '/nonexistent');
      expect(!capabilities.ok && capabilities.code).to.equal('unsupported');
    });
  });
});
