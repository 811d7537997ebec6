import { expect } from 'chai';

import { failed, ok, skipped } from '../../../../src/core/outcome.js';
import type { Controller } from '../../../../src/ports/controller.js';
import { daemonSpec } from '../../../support/daemon-spec.js';
import { catalogueOf, sampleCatalogue } from '../../../support/control-fakes.js';
import { World } from './world.js';

const SILENT = { status: 0, stdout: '', stderr: '' };
const BROKEN = failed('failed', 'exited with status 1: no\u001b port', 'mending it');

describe('daemon-util starts and stops', () => {
  it('silently, and again silently where it is so already', async () => {
    const world = new World();
    expect(await world.run('start', 'db')).to.deep.equal(SILENT);
    expect(await world.run('start', 'db')).to.deep.equal(SILENT);
    expect(await world.run('stop', 'db')).to.deep.equal(SILENT);
    expect(await world.run('stop', 'db')).to.deep.equal(SILENT);
    expect(await world.run('restart', 'db')).to.deep.equal(SILENT);
    expect(world.locks.held.size).to.equal(0);
  });

  it('with everything after the name as arguments of the daemon, whatever it looks like', async () => {
    const world = new World();
    await world.run('--verbose', 'start', 'db', '--json', '--', '--config', 'a b', '', '--verbose');
    expect(world.deeds).to.include('start db --json -- --config a b  --verbose');
  });

  it('with the EXTRA_ variables of the caller before its own arguments, and no other variable', async () => {
    const world = new World();
    world.environment = { EXTRA_API_ARGS: "--no-voting  'yes do it'", API_ARGS: '--never', EXTRA_DB_ARGS: '--never' };
    await world.run('start', 'api', '--own');
    expect(world.deeds).to.include('start api --no-voting yes do it --own');
    await world.run('start', 'db');
    expect(world.deeds).to.include('start db');
  });

  it('not, with a variable that cannot be split', async () => {
    const world = new World();
    world.environment = { EXTRA_API_ARGS: '"open' };
    const result = await world.run('start', 'api');
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('EXTRA_API_ARGS');
    expect(world.deeds).to.deep.equal([]);
  });

  it('the master role, by start-master and stop-master', async () => {
    const world = new World();
    world.environment = { EXTRA_WEB_ARGS: '--no-voting --yes-do-it', EXTRA_API_ARGS: '' };
    expect(await world.run('start-master')).to.deep.equal(SILENT);
    expect(world.deeds.filter((line) => line.startsWith('start'))).to.deep.equal(['start api', 'start web --no-voting --yes-do-it']);
    expect(await world.run('stop-master')).to.deep.equal(SILENT);
    expect(world.deeds.filter((line) => line.startsWith('stop'))).to.deep.equal(['stop web', 'stop api']);
  });

  it('no master where the catalogue has none', async () => {
    const world = new World('built-in', catalogueOf([daemonSpec({ name: 'db' })]));
    const result = await world.run('start-master');
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('no daemon of demo has the role master');
  });

  it('all: start-all leaves on-demand daemons out, stop-all does not', async () => {
    const world = new World();
    expect(await world.run('start-all')).to.deep.equal(SILENT);
    expect([...world.manager.running.keys()]).to.deep.equal(['db', 'api', 'web']);
    world.manager.running.set('metrics', 1);
    expect(await world.run('stop-all')).to.deep.equal(SILENT);
    expect(world.deeds.filter((line) => line.startsWith('stop'))).to.deep.equal(['stop metrics', 'stop web', 'stop api', 'stop db']);
  });

  it('start-all ends at the first failure, says which and what was not tried', async () => {
    const world = new World();
    world.manager.startOutcomes.set('api', BROKEN);
    const result = await world.run('start-all');
    expect(result.status).to.equal(1);
    expect(result.stdout).to.equal('');
    expect(result.stderr.split('\n')).to.deep.equal([
      'daemon-util: cannot start api: exited with status 1: no\\e port; try mending it',
      'daemon-util: start-all: 1 of 3 failed: api; not tried after that: web',
      '',
    ]);
  });

  it('stop-all goes on and reports all', async () => {
    const world = new World();
    await world.run('start-all');
    for (const name of ['db', 'web']) world.manager.stopOutcomes.set(name, failed('still-running', 'it outlived SIGKILL', ''));
    const result = await world.run('stop-all');
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('cannot stop web').and.include('cannot stop db').and.include('2 of 4 failed: web, db');
    expect(world.manager.running.has('api')).to.equal(false);
  });

  it('at boot starts what is wanted up, and says why it leaves the rest down', async () => {
    const { group, daemons } = sampleCatalogue();
    const world = new World('start-stop-daemon', { group, daemons: [...daemons, daemonSpec({ name: 'spare', boot: 'never' })] });
    world.desired.set('web', 'down', 'daemon-util stop web (uid 0, pid 3)');
    expect(await world.run('start-wanted')).to.deep.equal({
      status: 0,
      stdout: 'web is not started: it is wanted down (stopped by daemon-util stop web (uid 0, pid 3))\nspare is not started: it is wanted down (boot policy never: down until somebody asks)\n',
      stderr: '',
    });
    expect([...world.manager.running.keys()]).to.deep.equal(['db', 'api']);
    for (const name of ['db', 'api']) world.desired.set(name, 'down');
    expect((await world.run('start-wanted')).status, 'nothing is to be done').to.equal(0);
  });

  it('at boot leaves to the watcher what is paused, and to the cluster what it holds', async () => {
    const world = new World();
    const up = { desired: 'up', observed: 'stopped', ready: false, pid: null, uptime: null, owner: 'watcher', restarts: 0, nextTry: null, reason: '', lastExit: null } as const;
    const started: string[] = [];
    const start: Controller['start'] = ({ names }) => {
      started.push(...names);
      return Promise.resolve(names.map((name) => ({ name, outcome: ok(true, 'done'), took: 1 })));
    };
    const status: Controller['status'] = () => Promise.resolve([{ ...up, name: 'db' }, { ...up, name: 'api', owner: 'cluster' }, { ...up, name: 'web', paused: 'paused by ops' }]);
    world.watcher = { via: 'watcher', start, stop: start, restart: start, status };
    const result = await world.run('start-wanted');
    expect([result.status, result.stdout, started]).to.deep.equal([0, 'api is not started: the cluster holds it\nweb is not started: paused by ops\n', ['db']]);
  });

  it('at a shutdown stops all, and says nothing about what is wanted', async () => {
    const world = new World();
    await world.run('start-all');
    const before = new Map(world.desired.records);
    expect(await world.run('stop-for-shutdown')).to.deep.equal(SILENT);
    expect(world.manager.running.size).to.equal(0);
    expect(world.desired.records).to.deep.equal(before);
  });

  it('tells "not master" by the status that check-exitcode takes, except in start-all', async () => {
    const world = new World();
    world.manager.startOutcomes.set('web', skipped('not master'));
    expect(await world.run('start', 'web')).to.deep.equal({ status: 11, stdout: '', stderr: 'web: skipped: not master\n' });
    expect((await world.run('start-master')).status).to.equal(11);
    expect((await world.run('start-all')).status).to.equal(0);
  });

  it('tells it by the same status where the role has another name', async () => {
    const world = new World('built-in', catalogueOf([daemonSpec({ name: 'db', roles: ['primary'] })]));
    world.manager.startOutcomes.set('db', skipped('not master (role primary): node2 is it'));
    expect(await world.run('start', 'db')).to.deep.equal({ status: 11, stdout: '', stderr: 'db: skipped: not master (role primary): node2 is it\n' });
  });

  it('takes an unmet condition for success, and says so', async () => {
    const world = new World();
    world.manager.startOutcomes.set('web', skipped('/etc/web.pem is missing'));
    expect(await world.run('start', 'web')).to.deep.equal({ status: 0, stdout: '', stderr: 'web: skipped: /etc/web.pem is missing\n' });
  });

  it('says that arguments were not used where it runs already', async () => {
    const world = new World();
    world.manager.running.set('db', 1);
    const result = await world.run('start', 'db', '--once');
    expect(result.status).to.equal(0);
    expect(result.stderr).to.include('the arguments were not used').and.not.include('--once');
  });

  it('never writes down the arguments of a daemon as who asked', async () => {
    const world = new World();
    await world.run('start', 'db', '--password=secret');
    expect(world.desired.read('db')?.by).to.equal('daemon-util start db (uid 0, pid 4711)');
  });

  it('through the watcher, where one runs', async () => {
    const world = new World();
    const asked: unknown[] = [];
    const answer: Controller['stop'] = (request, progress) => {
      asked.push(request);
      const outcomes = request.names.map((name) => ({ name, outcome: ok(true, 'done'), took: 1 }));
      for (const outcome of outcomes) progress?.(outcome);
      return Promise.resolve(outcomes);
    };
    world.watcher = { via: 'watcher', start: answer, stop: answer, restart: answer, status: () => Promise.resolve([]) };
    const result = await world.run('start', '--verbose', 'db', 'x');
    expect(result.status).to.equal(0);
    expect(asked).to.deep.equal([{ names: ['db'], by: 'daemon-util start db (uid 0, pid 4711)', oneShotArguments: { db: ['x'] } }]);
    expect(result.stderr).to.include('via the watcher').and.include('start-stop-daemon (the test says so)').and.include('db: start ok');
    expect(world.diary).to.deep.equal([]);
  });

  it('rotates the logs of what runs, and finds nothing wrong with what does not', async () => {
    const world = new World();
    world.manager.running.set('db', 1).set('web', 2);
    world.manager.reloadOutcomes.set('web', failed('permission', 'not allowed', 'the same as root'));
    const result = await world.run('rotate-all-logs');
    expect(world.deeds).to.deep.equal(['reload web', 'reload db']);
    expect(result.status).to.equal(1);
    expect(result.stderr).to.include('cannot reload web: not allowed');
    expect(await world.run('rotate-logs', 'db')).to.deep.equal(SILENT);
  });
});

describe('daemon-util check-and-start', () => {
  it('starts what died, without a watcher and without systemd', async () => {
    const world = new World();
    world.desired.set('db', 'up');
    expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
    expect(world.manager.running.has('db')).to.equal(true);
  });

  it('does nothing where it runs', async () => {
    const world = new World();
    world.manager.running.set('db', 1);
    expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
    expect(world.diary).to.deep.equal([]);
  });

  it('honours a stop by hand, and says on stdout why it did not start', async () => {
    const world = new World();
    world.desired.set('db', 'down', 'daemon-util stop db (uid 0, pid 3)');
    const result = await world.run('check-and-start', 'db');
    expect(result.status).to.equal(1);
    expect(result.stdout).to.include('stopped by daemon-util stop db (uid 0, pid 3)').and.include('daemon-util start db');
    expect(world.diary).to.deep.equal([]);
  });

  for (const kind of ['start-stop-daemon', 'systemd'] as const) {
    it(`starts for who had it stopped himself, as cluster software does with one that hangs: ${kind}`, async () => {
      const world = new World(kind);
      world.manager.running.set('db', 1);
      world.asker = '200/9';
      expect(await world.run('stop', 'db')).to.deep.equal(SILENT);
      for (const other of ['100/7', '200/8', undefined]) {
        world.asker = other;
        expect((await world.run('check-and-start', 'db')).status, other).to.equal(1);
      }
      world.asker = '200/9';
      expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
      expect(world.manager.running.has('db')).to.equal(true);
    });
  }

  it('leaves down what two have stopped, whoever was first', async () => {
    for (const askers of [['200/9', '100/7'], ['100/7', '200/9']]) {
      const world = new World();
      world.manager.running.set('db', 1);
      for (world.asker of askers) await world.run('stop', 'db');
      world.asker = '200/9';
      expect((await world.run('check-and-start', 'db')).status).to.equal(1);
      await world.run('stop', 'db');
      expect((await world.run('check-and-start', 'db')).status).to.equal(1);
    }
  });

  it('starts for who had it stopped, whoever stopped it before the last boot', async () => {
    const world = new World();
    world.manager.running.set('db', 1);
    world.desired.records.set('db', { desired: 'down', at: 0, by: 'somebody', bootId: 'an earlier one', asker: '1/1' });
    await world.run('stop', 'db');
    expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
    expect(world.manager.running.has('db')).to.equal(true);
  });

  it('never starts under systemd', async () => {
    const world = new World('systemd');
    const result = await world.run('check-and-start', 'db');
    expect(result.status).to.equal(1);
    expect(result.stdout).to.include('systemd');
    expect(world.diary).to.deep.equal([]);
    world.manager.running.set('db', 1);
    expect(await world.run('check-and-start', 'db')).to.deep.equal(SILENT);
  });

  it('leaves to the watcher what is the watcher\'s', async () => {
    const world = new World();
    const never = () => Promise.reject(new Error('asked to act'));
    const backingOff = { name: 'db', desired: 'up', observed: 'backing-off', ready: false, pid: null, uptime: null, owner: 'watcher', restarts: 3, nextTry: 2000, reason: 'exited with status 1', lastExit: null } as const;
    const watcher: Controller = { via: 'watcher', start: never, stop: never, restart: never, status: () => Promise.resolve([backingOff]) };
    world.watcher = watcher;
    const result = await world.run('check-and-start', 'db');
    expect(result.status).to.equal(1);
    expect(result.stdout).to.equal('db is not started: the watcher restarts it: db: backing-off (next try in 2 s, 3 restarts): exited with status 1\n');
  });
});

describe('daemon-util --dry-run', () => {
  const SETUP = { executable: '/usr/lib/demo/setup', arguments: [], timeout: 1000 };

  it('prints what, in which order, through which service manager, and does nothing', async () => {
    const world = new World('start-stop-daemon', sampleCatalogue({ setup: SETUP }));
    world.manager.running.set('db', 1);
    world.environment = { EXTRA_WEB_ARGS: '--no-voting' };
    expect(await world.run('--dry-run', 'start-all')).to.deep.equal({
      status: 0,
      stdout: [
        'through start-stop-daemon (the test says so), directly',
        'setup /usr/lib/demo/setup (once)',
        'start db (it runs: nothing to do)',
        'start api',
        'start web --no-voting',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect((await world.run('stop-all', '--dry-run')).stdout.split('\n').slice(1)).to.deep.equal([
      'stop metrics (it is down: nothing to do)',
      'stop web (it is down: nothing to do)',
      'stop api (it is down: nothing to do)',
      'stop db',
      '',
    ]);
    expect(world.diary).to.deep.equal([]);
  });

  it('does nothing for any command of the table', async () => {
    const { COMMANDS } = await import('../../../../src/cli/daemon-util/table.js');
    for (const command of COMMANDS.values()) {
      if (!command.changes) continue;
      for (const kind of ['systemd', 'built-in'] as const) {
        const world = new World(kind);
        world.ssh = { ok: false, reason: 'it was done', next: '' };
        const result = await world.run('--dry-run', command.name, ...command.arguments.filter(({ optional }) => optional !== true).map(() => 'web'));
        expect(result.status, command.name).to.equal(0);
        expect(result.stdout, command.name).not.to.equal('');
        expect(world.diary, command.name).to.deep.equal([]);
      }
    }
  });
});

describe('daemon-util --json', () => {
  const parse = (text: string): Record<string, unknown> => {
    expect(text.endsWith('}\n') && !text.slice(0, -1).includes('\n'), 'one line').to.equal(true);
    return JSON.parse(text) as Record<string, unknown>;
  };

  it('prints one object with the schema version on every command, and nothing else', async () => {
    const { COMMANDS } = await import('../../../../src/cli/daemon-util/table.js');
    for (const command of COMMANDS.values()) {
      const value: Record<string, string> = { RC: '1', NAME: 'web', COMMAND: 'start' };
      const world = new World();
      const argv = command.arguments.filter(({ rest }) => rest !== true).map(({ name }) => value[name] ?? '');
      const result = await world.run('--json', command.name, ...argv);
      const object = parse(result.stdout);
      expect(object, command.name).to.include({ schemaVersion: 1, command: command.name, exitStatus: result.status, ok: result.status === 0 });
    }
  });

  it('tells status by name', async () => {
    const world = new World();
    world.manager.running.set('db', 77);
    const { daemons } = parse((await world.run('status', '--json')).stdout);
    expect(daemons).to.have.all.keys('db', 'api', 'web', 'metrics');
    expect(daemons).to.have.property('db').that.includes({ desired: 'up', observed: 'running', pid: 77, owner: 'watcher', restarts: 0, nextTry: null });
  });

  it('tells outcomes and what was not tried', async () => {
    const world = new World();
    world.manager.startOutcomes.set('api', BROKEN);
    const { outcomes, untried } = parse((await world.run('start-all', '--json')).stdout);
    expect(outcomes).to.have.length(2);
    expect(outcomes).to.have.nested.property('[1].outcome.code', 'failed');
    expect(untried).to.deep.equal(['web']);
  });

  it('tells errors too, in bytes that are harmless on a terminal', async () => {
    const world = new World();
    const result = await world.run('--json', 'start', 'x\u001b[2J\u009b\u202e');
    expect(result.stdout).to.match(/^[\x20-\x7e…]*\n$/);
    expect(parse(result.stdout)).to.deep.include({ ok: false, exitStatus: 1 }).and.to.have.nested.property('error.code', 'UNKNOWN_DAEMON');
    expect(parse((await world.run('--json', 'nope')).stdout)).to.have.nested.property('error.code', 'USAGE');
  });
});
