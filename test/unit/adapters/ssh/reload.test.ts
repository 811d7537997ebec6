import { expect } from 'chai';

import { reloadSshKeys } from '../../../../src/adapters/ssh/reload.js';
import type { Runner } from '../../../../src/ports/runner.js';

function machine(...paths: string[]) {
  const has = (path: string) => paths.includes(path);
  return { isDirectory: has, isExecutable: has };
}

function runner(statuses: Record<string, number>) {
  const ran: string[] = [];
  const fake: Runner = {
    run: (argv) => {
      const line = argv.join(' ');
      ran.push(line);
      const status = Object.entries(statuses).find(([part]) => line.includes(part))?.[1] ?? 0;
      return Promise.resolve({ exit: { kind: 'exited', status }, timedOut: false, stdout: '', stderr: 'said so' });
    },
  };
  return { fake, ran };
}

describe('reload-ssh-keys', () => {
  const SYSTEMD = ['/run/systemd/system', '/usr/bin/systemctl'];

  it('asks systemd where it runs, for the unit that exists', async () => {
    const { fake, ran } = runner({ ' ssh.service': 5 });
    expect(await reloadSshKeys(fake, machine(...SYSTEMD, '/usr/sbin/invoke-rc.d', '/etc/init.d/ssh'))).to.include({ ok: true });
    expect(ran.map((line) => line.split(' ').slice(-2).join(' '))).to.deep.equal(['try-reload-or-restart ssh.service', 'try-reload-or-restart sshd.service']);
  });

  it('takes the init script without systemd, by what Debian has for it', async () => {
    const { fake, ran } = runner({});
    await reloadSshKeys(fake, machine('/usr/bin/systemctl', '/usr/sbin/invoke-rc.d', '/usr/sbin/service', '/etc/init.d/ssh'));
    await reloadSshKeys(fake, machine('/usr/sbin/service', '/etc/init.d/sshd'));
    await reloadSshKeys(fake, machine('/etc/init.d/ssh'));
    expect(ran).to.deep.equal(['/usr/sbin/invoke-rc.d ssh reload', '/usr/sbin/service sshd reload', '/etc/init.d/ssh reload']);
  });

  it('says that there is none, or what went wrong', async () => {
    const { fake, ran } = runner({ reload: 3 });
    expect(await reloadSshKeys(fake, machine())).to.include({ ok: false, reason: 'there is no unit and no init script named ssh or sshd' });
    expect(ran).to.deep.equal([]);
    const failure = await reloadSshKeys(fake, machine('/etc/init.d/ssh'));
    expect(failure.ok ? '' : failure.reason).to.include('/etc/init.d/ssh reload exited with status 3').and.include('said so');
    const none = await reloadSshKeys(runner({ '.service': 5 }).fake, machine(...SYSTEMD));
    expect(none).to.include({ ok: false, reason: 'there is no unit and no init script named ssh or sshd' });
  });
});
