import { expect } from 'chai';

import { WatchkeeperError } from '../../../../src/core/errors.js';
import { daemonSpec } from '../../../support/daemon-spec.js';
import { catalogueOf } from '../../../support/control-fakes.js';
import { World } from './world.js';

/** Exact where the bash original is: its output and exit status are read by others' programs. */
interface Row {
  readonly argv: readonly string[];
  readonly status: number;
  readonly stdout?: string;
  /** Exact. */
  readonly stderr?: string;
  /** A part of it, where the wording is ours. */
  readonly complains?: string;
}

const ROWS: readonly Row[] = [
  { argv: ['list-start-daemons'], status: 0, stdout: 'db\napi\nweb\n' },
  { argv: ['list-stop-daemons'], status: 0, stdout: 'metrics\nweb\napi\ndb\n' },
  { argv: ['is-daemon-name', 'db'], status: 0 },
  { argv: ['is-daemon-name', 'metrics'], status: 0 },
  { argv: ['is-daemon-name', 'nope'], status: 1, stderr: "Unknown daemon name 'nope'\n" },
  { argv: ['is-daemon-name', ''], status: 1, stderr: "Unknown daemon name ''\n" },
  { argv: ['is-daemon-name', '__proto__'], status: 1, stderr: "Unknown daemon name '__proto__'\n" },
  { argv: ['is-daemon-name'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['daemon-pidfile', 'db'], status: 0, stdout: '/run/demo/db.pid\n' },
  { argv: ['daemon-pidfile', 'api'], status: 1, complains: 'api has no pid file' },
  { argv: ['daemon-pidfile'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['daemon-executable', 'db'], status: 0, stdout: '/usr/sbin/db\n' },
  { argv: ['daemon-executable', 'nope'], status: 1, complains: "unknown daemon name 'nope'" },
  { argv: ['-daemon-usergroup', 'db'], status: 0, stdout: 'demo:demo-db\n' },
  { argv: ['-daemon-usergroup', 'api'], status: 0, stdout: 'root:root\n' },
  { argv: ['-daemon-usergroup'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['check-config'], status: 0 },
  { argv: ['check-exitcode', '0'], status: 0 },
  { argv: ['check-exitcode', '11'], status: 0, stdout: 'not master\n' },
  { argv: ['check-exitcode', '1'], status: 1, stdout: 'exit code 1\n' },
  { argv: ['check-exitcode', '78'], status: 1, stdout: 'exit code 78\n' },
  { argv: ['check-exitcode'], status: 1, stderr: 'Missing exit code.\n' },
  { argv: ['check-exitcode', 'x'], status: 1, complains: "'x' is not a number" },
  { argv: ['check-exitcode', '0x0'], status: 1, complains: 'not a number' },
  { argv: ['check-exitcode', ''], status: 1, complains: 'not a number' },
  { argv: ['check', 'db'], status: 0 },
  { argv: ['check', 'api'], status: 1 },
  { argv: ['check', 'nope'], status: 1, complains: "unknown daemon name 'nope'" },
  { argv: ['pid', 'db'], status: 0, stdout: '77\n' },
  { argv: ['pid', 'api'], status: 1, complains: 'api: stopped' },
  { argv: ['status', 'db'], status: 0, stdout: 'db: running (pid 77, up 4 s, 0 restarts)\n' },
  { argv: ['status', 'api'], status: 0, stdout: 'api: stopped (wanted up): seen stopped\n' },
  {
    argv: ['status'],
    status: 0,
    stdout: 'db: running (pid 77, up 4 s, 0 restarts)\napi: stopped (wanted up): seen stopped\nweb: stopped (wanted up): seen stopped\nmetrics: stopped: on demand: started only when it is asked for\n',
  },
  { argv: ['lsb-status', 'db'], status: 0, stdout: 'db: running (pid 77, up 4 s, 0 restarts)\n' },
  { argv: ['lsb-status', 'api'], status: 3, stdout: 'api: stopped (wanted up): seen stopped\n' },
  { argv: ['lsb-status', 'nope'], status: 4, stdout: '', complains: "unknown daemon name 'nope'" },
  { argv: ['rotate-logs', 'api'], status: 0 },
  { argv: ['reload-ssh-keys'], status: 0 },
  { argv: ['--version'], status: 0, stdout: 'daemon-util (Watchkeeper) 9.9.9\n' },
  { argv: [], status: 1, complains: 'Usage: daemon-util <action>' },
  { argv: ['nope'], status: 1, stderr: 'Unknown command: nope\n' },
  { argv: ['-ignore-error', 'id'], status: 1, stderr: 'Unknown command: -ignore-error\n' },
  { argv: ['-x'], status: 1, stderr: 'Unknown command: -x\n' },
  { argv: ['--frobnicate'], status: 1, complains: "unknown option '--frobnicate'" },
  { argv: ['toString'], status: 1, stderr: 'Unknown command: toString\n' },
  { argv: ['start_all'], status: 1, stderr: 'Command must not contain underscores\n' },
  { argv: ['__proto__'], status: 1, stderr: 'Command must not contain underscores\n' },
  { argv: ['bad\u001b[2Jname'], status: 1, stderr: 'Unknown command: bad\\e[2Jname\n' },
  { argv: ['start-all', 'now'], status: 1, complains: "superfluous argument 'now'" },
  { argv: ['check', 'db', 'api'], status: 1, complains: "superfluous argument 'api'" },
  { argv: ['stop', 'db', '-x'], status: 1, complains: "unknown option '-x'" },
  { argv: ['start'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['start', '-x', 'db'], status: 1, complains: "unknown option '-x'" },
  { argv: ['start', '--', '-x'], status: 1, complains: "unknown daemon name '-x'" },
  { argv: ['stop'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['restart'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['check-and-start'], status: 1, stderr: 'Missing daemon name.\n' },
  { argv: ['rotate-logs'], status: 1, stderr: 'Missing daemon name.\n' },
];

describe('daemon-util, command by command', () => {
  for (const row of ROWS) {
    it(`${JSON.stringify(row.argv.join(' '))} ends with ${row.status}`, async () => {
      const world = new World();
      world.manager.running.set('db', 77);
      const result = await world.run(...row.argv);
      expect(result.stdout).to.equal(row.stdout ?? '');
      if (row.complains === undefined) expect(result.stderr).to.equal(row.stderr ?? '');
      else expect(result.stderr).to.include(row.complains);
      expect(result.status).to.equal(row.status);
      expect(world.diary, 'nothing is changed by a question or a mistake').to.deep.equal([]);
    });
  }

  const HOSTILE = ['/', '..', '../../etc/passwd', '.', '-', 'a b', 'a\nb', ' db', 'db ', 'DB', '\u202edb', 'x'.repeat(10_000), '$(id)', '*'];
  for (const command of ['is-daemon-name', 'daemon-pidfile', 'daemon-executable', '-daemon-usergroup', 'check', 'pid', 'status', 'start', 'stop', 'restart', 'check-and-start', 'rotate-logs']) {
    it(`${command} refuses hostile names in one printable line, and does nothing`, async () => {
      for (const name of HOSTILE) {
        const world = new World();
        const result = await world.run(command, '--', name);
        expect(result.status, name).to.equal(1);
        expect(result.stdout, name).to.equal('');
        expect(result.stderr, name).to.match(/^[\x20-\x7e…]{1,400}\n$/).and.match(/[Uu]nknown daemon name/);
        expect(world.diary, name).to.deep.equal([]);
      }
    });
  }

  it('check-config tells which file is missing where no daemon could start', async () => {
    const held = (name: string) => daemonSpec({ name, conditions: [{ kind: 'path-exists', path: `/etc/demo/${name}.pem` }] });
    const world = new World('built-in', catalogueOf([held('a'), held('b')]));
    world.missingPaths.add('/etc/demo/a.pem');
    expect(await world.run('check-config')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    world.missingPaths.add('/etc/demo/b.pem');
    expect(await world.run('check-config')).to.deep.equal({ status: 1, stdout: '', stderr: 'Missing configuration file /etc/demo/a.pem\n' });
  });

  it('a broken configuration ends every command that needs it with its own status and words', async () => {
    const world = new World();
    world.catalogue = () => {
      throw new WatchkeeperError('CONFIG_INVALID', 'cannot read the configuration', '/etc/x.yaml:3: unknown key', 'watchkeeper config check');
    };
    for (const argv of [['check-config'], ['start-all'], ['list-start-daemons'], ['check', 'db']]) {
      const result = await world.run(...argv);
      expect(result.status, argv[0]).to.equal(78);
      expect(result.stderr, argv[0]).to.equal('daemon-util: cannot read the configuration: /etc/x.yaml:3: unknown key; try watchkeeper config check\n');
    }
    expect((await world.run('check-exitcode', '11')).status).to.equal(0);
    expect((await world.run('help')).status).to.equal(0);
  });

  it('an exception that nobody expected is a bug, not an exit status', async () => {
    const world = new World();
    world.catalogue = () => {
      throw new TypeError('bug');
    };
    const error = await world.run('check', 'db').then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError);
  });

  it('-daemon-usergroup understands the name without the group too, as the original wants it', async () => {
    const world = new World('built-in', catalogueOf([daemonSpec({ name: 'demo-db', user: 'u', group: 'g' })]));
    expect((await world.run('-daemon-usergroup', 'db')).stdout).to.equal('u:g\n');
    expect((await world.run('-daemon-usergroup', 'demo-db')).stdout).to.equal('u:g\n');
  });

  it('reload-ssh-keys says why it could not', async () => {
    const world = new World();
    world.ssh = { ok: false, reason: 'no unit or init script ssh or sshd', next: 'ps -C sshd' };
    const result = await world.run('reload-ssh-keys');
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('no unit or init script').and.include('try ps -C sshd');
  });
});
