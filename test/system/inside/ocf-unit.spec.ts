import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { eventually } from '../../support/eventually.js';
import { AgentWorld, members, UNITS } from './agent-world.js';
import { systemctl } from './bench.js';

const SLEEPER = 'ExecStart=/bin/sleep infinity';
/** It runs on, whatever systemd does, until somebody kills it. */
const NONE = 'KillMode=none';

describe('ocf:watchkeeper:unit', function () {
  this.timeout(90_000);
  let world: AgentWorld;

  beforeEach(() => {
    world = new AgentWorld();
  });
  afterEach(() => world.cleanup());

  it('starts, monitors and stops a unit, each of them twice, with the drop-in as long as it is held', () => {
    const unit = world.unit(`${SLEEPER}\nRestart=always`);
    const parameters = { unit: unit.replace('.service', '') };
    expect(world.call('validate-all', parameters, { OCF_CHECK_LEVEL: '10' }).status).to.equal(0);
    expect(world.call('probe', parameters)).to.include({ status: 7, reason: '' });
    expect(world.call('start', parameters)).to.include({ status: 0, stderr: '' });
    expect(world.property(unit, 'ActiveState')).to.equal('active');
    const pid = world.mainPid(unit);
    expect(world.dropIn(unit)).to.include('Before=pacemaker.service').and.include('Restart=no').and.include(world.resource);
    // systemd has read it.
    expect(world.property(unit, 'Restart')).to.equal('no');
    expect(world.property(unit, 'Before')).to.include('pacemaker.service');
    expect(world.property(unit, 'Description')).to.equal(`Cluster controlled ${unit} (resource ${world.resource})`);
    expect(world.property(unit, 'NeedDaemonReload')).to.equal('no');
    expect(world.call('start', parameters).status).to.equal(0);
    expect(world.mainPid(unit)).to.equal(pid);
    for (const action of ['monitor', 'probe']) expect(world.call(action, parameters).status, action).to.equal(0);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(world.call('stop', parameters)).to.include({ status: 0, stderr: '' });
      expect(world.property(unit, 'ActiveState')).to.equal('inactive');
      expect(world.call('probe', parameters).status).to.equal(7);
    }
    expect(world.call('monitor', parameters).status).to.equal(7);
    expect(existsSync(join(UNITS, `${unit}.d`))).to.equal(false);
    expect(world.record()).to.equal(undefined);
    expect(world.property(unit, 'Restart')).to.equal('always');
  });

  it('stays dead when it was killed: the cluster restarts it, systemd does not', async () => {
    const unit = world.unit(`${SLEEPER}\nRestart=always\nRestartSec=0`);
    expect(world.call('start', { unit }).status).to.equal(0);
    process.kill(world.mainPid(unit), 'SIGKILL');
    await eventually('systemd to have seen it', () => world.property(unit, 'ActiveState') === 'failed');
    const dead = world.call('monitor', { unit });
    expect(dead.status).to.equal(7);
    expect(dead.reason).to.include('SIGKILL');
    expect(world.property(unit, 'NRestarts')).to.equal('0');
    // Nothing of a hold over a unit that is down.
    expect(world.dropIn(unit)).to.equal(undefined);
    expect(world.record()).to.equal(undefined);
    expect(world.call('start', { unit }).status).to.equal(0);
    expect(world.dropIn(unit)).to.include('Restart=no');
  });

  for (const shell of [[], ['/bin/dash'], ['/bin/bash']]) {
    it(`answers a monitor without Node or systemctl where the main process proves it (${shell[0] ?? 'as installed'})`, async () => {
      const unit = world.unit(SLEEPER);
      expect(world.call('start', { unit }).status).to.equal(0);
      expect(world.record()).to.equal(`1 ${unit} member ${world.mainPid(unit)} ${join('/sys/fs/cgroup', world.property(unit, 'ControlGroup'))}\n`);
      // Whoever were asked now would hang: systemd answers nobody.
      const deaf = world.program('deaf', 'exec /bin/sleep 600');
      const mount = (target: string): unknown => spawnSync('/bin/mount', ['--bind', deaf, target]);
      for (const target of ['/usr/bin/node', '/usr/bin/systemctl']) mount(target);
      try {
        expect(world.call('monitor', { unit }, {}, shell)).to.include({ status: 0, stderr: '' });
        expect(world.call('probe', { unit }, {}, shell)).to.include({ status: 0 });
      } finally {
        for (const target of ['/usr/bin/node', '/usr/bin/systemctl']) spawnSync('/bin/umount', [target]);
      }
      process.kill(world.mainPid(unit), 'SIGKILL');
      await eventually('it to be gone', () => world.property(unit, 'MainPID') === '0');
      expect(world.call('monitor', { unit }, {}, shell).status).to.equal(7);
    });
  }

  it('believes of its record a process that lives, in the group that it names, and no other', async () => {
    const unit = world.unit(SLEEPER);
    const child = spawn('/bin/sleep', ['infinity']);
    const { pid = 0 } = child;
    const group = join('/sys/fs/cgroup', world.resource);
    mkdirSync(group);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    const monitor = (text: string): number | null => {
      mkdirSync('/run/watchkeeper/cluster-units', { recursive: true });
      writeFileSync(`/run/watchkeeper/cluster-units/${world.resource}`, text);
      return world.call('monitor', { unit }).status;
    };
    const proof = `member ${pid} ${group}`;
    try {
      expect(monitor(`1 ${unit} ${proof}\n`), 'it').to.equal(0);
      for (const wrong of [`1 ${unit} ${proof}x\n`, `1 ${unit} ${proof}`, `1 ${unit} ${proof} more\n`, `1 other ${proof}\n`, `2 ${unit} ${proof}\n`, `1 ${unit} member ${pid}\n`, `1 ${unit} member ${pid}0 ${group}\n`, `1 ${unit} member ${process.pid} ${group}\n`]) expect(monitor(wrong), wrong).to.equal(7);
      expect(monitor(`1 ${unit} ${proof}\n`), 'it again').to.equal(0);
      expect(world.call('monitor', { unit }, { OCF_RESOURCE_INSTANCE: `../cluster-units/${world.resource}` }).status, 'by another way').not.to.equal(0);
      expect(monitor(''), 'an empty one').to.equal(7);
      rmSync(`/run/watchkeeper/cluster-units/${world.resource}`, { force: true });
      const believed = { version: '1', parameter: unit, kind: 'member', value: String(pid), detail: group, rest: '', first: String(pid) };
      expect(world.call('monitor', { unit }, believed).status, 'of the environment').to.equal(7);
      child.kill('SIGKILL');
      // Our loop does not turn, so nobody buries it.
      while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) spawnSync('/bin/sleep', ['0.01']);
      expect(monitor(`1 ${unit} ${proof}\n`), 'a zombie').to.equal(7);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(monitor(`1 ${unit} ${proof}\n`), 'nothing').to.equal(7);
    rmdirSync(group);
  });

  it('proves a daemon without a main process by its control group, and what has no process by asking', async () => {
    const forking = world.unit(`Type=forking\nGuessMainPID=no\nExecStart=/bin/sh -c "/bin/sleep infinity & /bin/sleep infinity & exit 0"`);
    expect(world.call('start', { unit: forking }).status).to.equal(0);
    expect(world.record()).to.match(/^1 \S+ group \/sys\/fs\/cgroup\/\S+ -\n$/);
    expect(world.call('monitor', { unit: forking }).status).to.equal(0);
    for (const pid of members(world.property(forking, 'ControlGroup'))) process.kill(pid, 'SIGKILL');
    // They end when the kernel comes to it.
    await eventually('it to be gone', () => world.call('monitor', { unit: forking }).status === 7);
    const remains = world.unit('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true');
    expect(world.call('start', { unit: remains }).status).to.equal(0);
    expect(world.record()).to.match(/^1 \S+ ask \S+ -\n$/);
    expect(world.call('monitor', { unit: remains }).status).to.equal(0);
    systemctl('stop', remains);
    expect(world.call('monitor', { unit: remains }).status).to.equal(7);
  });

  it('holds what it finds running, and mends a drop-in and a record that were lost', () => {
    const unit = world.unit(SLEEPER);
    systemctl('start', unit);
    expect(world.call('probe', { unit }).status).to.equal(0);
    expect(world.dropIn(unit)).to.equal(undefined);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(world.call('monitor', { unit }).status).to.equal(0);
      expect(world.dropIn(unit)).to.include('Restart=no');
      expect(world.property(unit, 'Restart')).to.equal('no');
      expect(world.record()).to.include(' member ');
      rmSync(join(UNITS, `${unit}.d`), { recursive: true });
      rmSync(`/run/watchkeeper/cluster-units/${world.resource}`);
    }
  });

  it('leaves no drop-in behind: not after a start that failed, and a probe removes that of an agent that was killed', () => {
    const unit = world.unit('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/false');
    const start = world.call('start', { unit });
    expect(start.status).to.equal(1);
    expect(start.reason).to.include('exited with status 1');
    expect(world.dropIn(unit)).to.equal(undefined);
    for (const action of ['probe', 'monitor', 'stop']) {
      mkdirSync(join(UNITS, `${unit}.d`), { recursive: true });
      writeFileSync(join(UNITS, `${unit}.d/50-watchkeeper.conf`), '[Unit]\nBefore=pacemaker.service\n');
      systemctl('daemon-reload');
      expect(world.call(action, { unit }).status, action).to.equal(action === 'stop' ? 0 : 7);
      expect(existsSync(join(UNITS, `${unit}.d`)), action).to.equal(false);
      expect(world.property(unit, 'NeedDaemonReload'), action).to.equal('no');
    }
  });

  it('tells why a start failed, with the words of the unit, also where systemd calls it started', async () => {
    const failing = world.unit('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "echo no such disk; exit 3"');
    // The journal may get them a moment later.
    await eventually('the words to be told', () => {
      const said = world.call('start', { unit: failing });
      expect(said.status).to.equal(1);
      expect(said.reason).to.include('exited with status 3');
      return said.reason.includes('no such disk');
    });
    const missing = world.call('start', { unit: world.unit('ExecStart=/opt/nothing/here') });
    expect(missing.status).to.equal(5);
    expect(missing.reason).to.include('203/EXEC');
    const oneshot = world.call('start', { unit: world.unit('Type=oneshot\nExecStart=/bin/true') });
    expect(oneshot.status).to.equal(5);
    expect(oneshot.reason).to.include('RemainAfterExit');
    const required = world.unit('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/false');
    const dependent = world.call('start', { unit: world.unit(`[Unit]\nRequires=${required}\nAfter=${required}\n[Service]\n${SLEEPER}\n`) });
    expect(dependent.status).to.equal(1);
    expect(dependent.reason).to.include(required);
  });

  it('is not bound by the start limit of systemd, which is for its own restarts', () => {
    const unit = world.unit(`[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=600\n[Service]\n${SLEEPER}\n`);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(world.call('start', { unit })).to.include({ status: 0, stderr: '' });
      expect(world.call('stop', { unit }).status).to.equal(0);
    }
  });

  it('tells dependencies that are still starting from a start that is slow, and leaves neither to come up later', async () => {
    const slow = world.unit('Type=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 600');
    const unit = world.unit(`[Unit]\nWants=${slow}\nAfter=${slow}\n[Service]\n${SLEEPER}\n`);
    const waiting = await world.later('start', { unit }, { timeout: '3000' });
    expect(waiting.status).to.equal(1);
    expect(waiting.reason).to.include('its dependencies are still starting').and.include(slow);
    const never = world.call('start', { unit: slow }, { timeout: '3000' });
    expect(never.status).to.equal(1);
    expect(never.reason).to.include('still activating').and.not.include('dependencies');
    await eventually('no job to be left', () => !systemctl('list-jobs', '--no-legend').includes('wk-'));
    for (const one of [unit, slow]) expect(world.property(one, 'ActiveState'), one).to.be.oneOf(['inactive', 'failed']);
  });

  it('waits in a stop for what ExecStop leaves behind, until the control group is empty', () => {
    const body = `trap '' TERM; touch ${world.directory}/up; while [ ! -e ${world.directory}/stopping ]; do /bin/sleep 0.05; done; /bin/sleep 1.5; echo done >>${world.directory}/log`;
    const daemon = world.program('daemon', body);
    const unit = world.unit(`Type=forking\nGuessMainPID=no\n${NONE}\nExecStart=/bin/sh -c "${daemon} & exit 0"\nExecStop=/usr/bin/touch ${world.directory}/stopping`);
    expect(world.call('start', { unit }).status).to.equal(0);
    const group = world.property(unit, 'ControlGroup');
    expect(members(group)).to.not.be.empty;
    const stop = world.call('stop', { unit });
    expect(stop.status).to.equal(0);
    expect(world.log('log')).to.deep.equal(['done']);
    expect(members(group)).to.be.empty;
  });

  it('lets the sessions live on that KillMode=process is for', () => {
    const unit = world.unit('KillMode=process\nExecStart=/bin/sh -c "/bin/sleep infinity & exec /bin/sleep infinity"');
    expect(world.call('start', { unit }).status).to.equal(0);
    const group = world.property(unit, 'ControlGroup');
    // They stay in the group, and could get its number.
    expect(world.record()).to.match(/^1 \S+ process \d+ \d+\n$/);
    expect(world.call('monitor', { unit }).status).to.equal(0);
    expect(world.call('stop', { unit }).status).to.equal(0);
    expect(members(group)).to.have.length(1);
    expect(world.call('probe', { unit }).status).to.equal(7);
  });

  it('does not call a node free where processes of a failed unit live on', () => {
    const unit = world.unit(`Type=forking\nGuessMainPID=no\n${NONE}\nExecStart=/bin/sh -c "trap '' TERM; /bin/sleep infinity & exit 0"\nExecStop=/bin/true`);
    expect(world.call('start', { unit }).status).to.equal(0);
    const group = world.property(unit, 'ControlGroup');
    systemctl('stop', unit);
    expect(members(group)).to.have.length(1);
    const probe = world.call('probe', { unit });
    expect(probe.status).to.equal(1);
    expect(probe.reason).to.include('live on');
    expect(world.call('stop', { unit }, { timeout: '4000' }).status).to.equal(0);
    expect(members(group)).to.be.empty;
    expect(world.call('probe', { unit }).status).to.equal(7);
  });

  it('stops by force at half of the time that it was given', async () => {
    const stubborn = world.unit(`TimeoutStopSec=infinity\nExecStart=/bin/sh -c "trap '' TERM; while :; do /bin/sleep 1; done"`);
    const hanging = world.unit(`TimeoutStopSec=infinity\n${SLEEPER}\nExecStop=/bin/sleep 600`);
    await Promise.all([stubborn, hanging].map(async (unit) => {
      expect((await world.later('start', { unit })).status).to.equal(0);
      const stop = await world.later('stop', { unit }, { timeout: '8000' });
      expect(stop.status, stop.stderr).to.equal(0);
      expect(stop.took).to.be.above(3_900);
      expect(world.property(unit, 'MainPID')).to.equal('0');
    }));
  });

  it('keeps the drop-in to the end of a stop, and systemd reads no file again', () => {
    const reread = (): string => systemctl('show', '--property=UnitsLoadTimestampMonotonic', '--value');
    const tells = world.program('tells', `[ ! -e ${UNITS}/$1.d/50-watchkeeper.conf ] || echo held >>${world.directory}/log`);
    const unit = world.unit(`${SLEEPER}\nExecStopPost=${tells} %n`);
    expect(world.call('start', { unit }).status).to.equal(0);
    const before = reread();
    expect(world.call('stop', { unit })).to.include({ status: 0, stderr: '' });
    expect(world.log('log')).to.deep.equal(['held']);
    expect(existsSync(join(UNITS, `${unit}.d`))).to.equal(false);
    expect(world.property(unit, 'NeedDaemonReload')).to.equal('no');
    expect(reread()).to.equal(before);
  });

  for (const begins of ['before', 'in the midst of']) {
    it(`a stop ends though Pacemaker, which waits for it, has begun to end ${begins} it`, async () => {
      const unit = world.unit(SLEEPER);
      // The job of the stop waits for the end of this one.
      const dependant = world.unit(`[Unit]\nRequires=${unit}\nAfter=${unit}\n[Service]\n${SLEEPER}\nExecStop=/bin/sh -c "touch ${world.directory}/ending; exec /bin/sleep 2"\n`);
      const waits = world.program('waits', `while /usr/bin/systemctl is-active --quiet ${unit}; do /bin/sleep 0.1; done`);
      const pacemaker = world.unit(`${SLEEPER}\nExecStop=${waits}\nTimeoutStopSec=infinity`, 'pacemaker.service');
      expect(world.call('start', { unit }).status).to.equal(0);
      systemctl('start', dependant, pacemaker);
      const ends = (): unknown => systemctl('stop', '--no-block', pacemaker);
      if (begins === 'before') ends();
      const stop = world.later('stop', { unit });
      await eventually('the dependant to end', () => existsSync(join(world.directory, 'ending')));
      if (begins !== 'before') ends();
      const { status, stderr, took } = await stop;
      expect(status, stderr).to.equal(0);
      // Else it is killed, when half of its time is over.
      expect(took).to.be.below(25_000);
      expect(stderr).to.equal('');
      await eventually('Pacemaker to end', () => world.property(pacemaker, 'ActiveState') === 'inactive');
      expect(world.dropIn(unit)).to.equal(undefined);
    });
  }

  it('knows templates, and the instances of a globally unique clone', () => {
    const template = `wk-${world.resource}@`;
    world.unit(SLEEPER, `${template}.service`);
    const instances = ['pacemaker', '0', '1', 'by-name'].map((instance) => `${template}${instance}.service`);
    for (const instance of instances) world.forget(instance);
    const active = (): readonly boolean[] => instances.map((instance) => world.property(instance, 'ActiveState') === 'active');
    const clone = (number: string) => ({ clone: number, globally_unique: 'true', clone_max: '2', clone_node_max: '2', OCF_RESOURCE_INSTANCE: `${world.resource}:${number}` });
    expect(world.call('start', { unit: template })).to.include({ status: 0, stderr: '' });
    expect(active()).to.deep.equal([true, false, false, false]);
    expect(world.call('start', { unit: `${template}.service` }, clone('1')).status).to.equal(0);
    expect(active()).to.deep.equal([true, false, true, false]);
    expect(world.call('probe', { unit: template }, clone('0')).status).to.equal(7);
    expect(world.call('start', { unit: `${template}by-name` }).status).to.equal(0);
    expect(active()).to.deep.equal([true, false, true, true]);
    expect(world.call('stop', { unit: template }, clone('1')).status).to.equal(0);
    expect(active()).to.deep.equal([true, false, false, true]);
    // One unit can't be two things, on one node or on two: each node would be found to have them all.
    const single = world.unit(SLEEPER);
    for (const most of ['2', '1']) expect(world.call('start', { unit: single }, { ...clone('0'), clone_node_max: most }).status, most).to.equal(6);
    expect(world.property(single, 'ActiveState')).to.equal('inactive');
    // The copies of an anonymous clone all are the unit.
    expect(world.call('start', { unit: template }, { clone: '1', globally_unique: 'false', clone_node_max: '1' }).status).to.equal(0);
    rmSync(`/run/watchkeeper/cluster-units/${world.resource}:1`, { force: true });
  });

  it('starts and stops units with awkward names', () => {
    for (const name of ['wk-a\\x2db.service', 'wk:1.2_3.service', 'wk-t@a\\x2fb.service']) {
      const unit = world.unit(SLEEPER, name);
      expect(world.call('start', { unit }), unit).to.include({ status: 0, stderr: '' });
      expect(world.property(unit, 'Restart'), unit).to.equal('no');
      expect(world.property(unit, 'Description'), unit).to.equal(`Cluster controlled ${unit} (resource ${world.resource})`);
      expect(world.call('monitor', { unit }).status, unit).to.equal(0);
      expect(world.call('stop', { unit }), unit).to.include({ status: 0, stderr: '' });
      expect(existsSync(join(UNITS, `${unit}.d`)), unit).to.equal(false);
    }
  });

  it('tells masked, missing and broken units, and starts one that has changed on the disk as it is now', () => {
    const masked = 'wk-masked.service';
    world.mask(masked);
    const broken = world.unit('ExecStart=not/absolute');
    for (const [unit, word] of [[masked, 'masked'], ['wk-nowhere.service', 'no unit'], [broken, 'could not be loaded']] as const) {
      const start = world.call('start', { unit });
      expect(start.status, unit).to.equal(5);
      expect(start.reason).to.include(word);
      expect(world.call('validate-all', { unit }, { OCF_CHECK_LEVEL: '10' }).status, unit).to.equal(5);
      expect(world.call('validate-all', { unit }).status, unit).to.equal(0);
      expect(world.call('probe', { unit }).status, unit).to.equal(7);
      expect(world.call('stop', { unit }).status, unit).to.equal(0);
      expect(existsSync(join(UNITS, `${unit}.d`)), unit).to.equal(false);
    }
    const drifted = world.unit(SLEEPER);
    systemctl('start', drifted);
    systemctl('stop', drifted);
    // Named by another one, it stays in systemd's memory.
    systemctl('start', world.unit(`[Unit]\nAfter=${drifted}\n[Service]\n${SLEEPER}\n`));
    world.unit(`${SLEEPER}\nNice=7`, drifted);
    expect(world.call('start', { unit: drifted }).status).to.equal(0);
    expect(world.property(drifted, 'Nice')).to.equal('7');
  });

  it('warns of a drop-in that lets systemd restart it all the same', () => {
    const unit = world.unit(SLEEPER);
    mkdirSync(join(UNITS, `${unit}.d`));
    writeFileSync(join(UNITS, `${unit}.d/99-mine.conf`), '[Service]\nRestart=always\n');
    const start = world.call('start', { unit });
    expect(start.status).to.equal(0);
    expect(start.stderr).to.include('Restart=');
    const monitor = (): string => world.call('monitor', { unit, monitor_hook: world.program('agrees', 'exit 0') }).stderr;
    expect(monitor(), 'once for each hold').to.equal('');
    rmSync(`/run/watchkeeper/cluster-units/${world.resource}`);
    expect(monitor(), 'of one that was found running, too').to.include('Restart=');
    expect(world.call('stop', { unit }).status).to.equal(0);
    expect(existsSync(join(UNITS, `${unit}.d/99-mine.conf`))).to.equal(true);
    expect(world.dropIn(unit)).to.equal(undefined);
  });

  it('works with sockets, timers and targets', () => {
    const service = world.unit(SLEEPER);
    const base = service.replace('.service', '');
    const socket = world.unit(`[Socket]\nListenStream=${world.directory}/socket\n`, `${base}.socket`);
    const timer = world.unit('[Timer]\nOnActiveSec=1h\n', `${base}.timer`);
    const target = world.unit('[Unit]\nDescription=of a test\n', `${base}.target`);
    for (const unit of [socket, timer, target]) {
      expect(world.call('start', { unit }), unit).to.include({ status: 0, stderr: '' });
      expect(world.property(unit, 'ActiveState')).to.equal('active');
      expect(world.dropIn(unit)).to.include('Before=').and.not.include('[Service]');
      expect(world.call('monitor', { unit }).status).to.equal(0);
      expect(world.call('stop', { unit }).status).to.equal(0);
      expect(world.call('monitor', { unit }).status).to.equal(7);
    }
  });

  it('reloads by the job, and says where there is nothing to reload', () => {
    const unit = world.unit(`${SLEEPER}\nExecReload=/bin/sh -c "/bin/sleep 0.3; echo reloaded >>${world.directory}/log"`);
    expect(world.call('reload', { unit }).status).to.equal(1);
    expect(world.call('start', { unit }).status).to.equal(0);
    expect(world.call('reload', { unit }).status).to.equal(0);
    expect(world.log('log')).to.deep.equal(['reloaded']);
    expect(world.call('reload-agent', { unit }).status).to.equal(0);
    expect(world.log('log')).to.deep.equal(['reloaded']);
    const plain = world.unit(SLEEPER);
    expect(world.call('start', { unit: plain }).status).to.equal(0);
    expect(world.call('reload', { unit: plain }).status).to.equal(3);
  });

  describe('with a hook', () => {
    it('runs it only if the unit is active, passes its statuses through, and explains others', () => {
      const unit = world.unit(SLEEPER);
      const hook = world.program('hook', `echo "$OCF_RESOURCE_INSTANCE $WATCHKEEPER_UNIT $OCF_CHECK_LEVEL" >>${world.directory}/log; read -r status words <${world.directory}/status; echo "$words" >&2; exit "$status"`);
      const parameters = { unit, monitor_hook: hook };
      const says = (text: string): void => writeFileSync(join(world.directory, 'status'), `${text}\n`);
      says('0');
      expect(world.call('monitor', parameters).status).to.equal(7);
      expect(world.call('probe', parameters).status).to.equal(7);
      expect(world.log('log')).to.be.empty;
      expect(world.call('start', parameters).status).to.equal(0);
      for (const status of [0, 1, 5, 7, 190]) {
        says(`${status} by hook`);
        const answer = world.call('monitor', parameters);
        expect(answer.status, String(status)).to.equal(status);
        if (status !== 0) expect(answer.reason).to.include('by hook');
      }
      for (const status of [6, 42]) {
        says(`${status} by hook`);
        const answer = world.call('monitor', parameters);
        expect(answer.status, String(status)).to.equal(1);
        expect(answer.reason).to.include(`exited with status ${status}`).and.include('by hook');
      }
      says('190');
      expect(world.call('monitor', parameters, { OCF_RESKEY_crm_feature_set: '3.0.8' }).status).to.equal(0);
      expect(new Set(world.log('log'))).to.deep.equal(new Set([`${world.resource} ${unit} 0`]));
    });

    it('has its level, its time-out, and must be root\'s own', () => {
      const unit = world.unit(SLEEPER);
      const hook = world.program('hook', `echo "$OCF_CHECK_LEVEL" >>${world.directory}/log; exec /bin/sleep 600`);
      const parameters = { unit, monitor_hook: hook, hook_timeout: '500ms', hook_level: '10' };
      expect(world.call('start', parameters).status).to.equal(0);
      expect(world.call('monitor', parameters).status).to.equal(0);
      expect(world.log('log')).to.be.empty;
      for (const level of ['10', '20']) {
        const answer = world.call('monitor', parameters, { OCF_CHECK_LEVEL: level });
        expect(answer.status).to.equal(1);
        expect(answer.reason).to.include('500 ms');
      }
      expect(world.log('log')).to.deep.equal(['10', '20']);
      expect(world.call('monitor', { ...parameters, hook_level: '15' }).status).to.equal(2);
      spawnSync('/bin/chmod', ['0777', hook]);
      const writable = world.call('monitor', { ...parameters, hook_level: '0' });
      expect(writable.status).to.equal(5);
      expect(world.call('validate-all', parameters, { OCF_CHECK_LEVEL: '10' }).status).to.equal(4);
      // Nothing that is wrong with a hook hinders a stop.
      expect(world.call('stop', { ...parameters, hook_level: 'no', hook_timeout: 'never' }).status).to.equal(0);
    });

    it('is waited for by a start, with a reason where it never agrees', () => {
      const hook = world.program('hook', `echo again >>${world.directory}/log; [ "$(grep -c again ${world.directory}/log)" -ge 3 ] || { echo not yet >&2; exit 1; }`);
      const parameters = { unit: world.unit(SLEEPER), monitor_hook: hook };
      expect(world.call('start', parameters).status).to.equal(0);
      expect(world.log('log').length).to.equal(3);
      const never = world.call('start', { unit: world.unit(SLEEPER), monitor_hook: world.program('never', 'echo broken >&2; exit 1') }, { timeout: '4000' });
      expect(never.status).to.equal(1);
      expect(never.reason).to.include('not usable').and.include('broken');
    });
  });

  it('migrates by a hook: push, pull, and revert where one of them failed', () => {
    const unit = world.unit(SLEEPER);
    const hook = world.program('hook', `echo "$1 $WATCHKEEPER_MIGRATE_SOURCE $WATCHKEEPER_MIGRATE_TARGET" >>${world.directory}/log; [ ! -e ${world.directory}/fail-$1 ]`);
    const [parameters, ends] = [{ unit, migrate_hook: hook }, { migrate_source: 'n1', migrate_target: 'n2' }];
    for (const action of ['migrate_to', 'migrate_from']) expect(world.call(action, { unit }, ends).status).to.equal(3);
    expect(world.call('migrate_to', parameters, ends).status).to.equal(1);
    expect(world.log('log')).to.be.empty;
    expect(world.call('migrate_from', parameters, ends).status).to.equal(0);
    expect(world.property(unit, 'ActiveState')).to.equal('active');
    expect(world.dropIn(unit)).to.include('Restart=no');
    expect(world.call('migrate_to', parameters, ends).status).to.equal(0);
    expect(world.log('log')).to.deep.equal(['pull n1 n2', 'push n1 n2']);
    writeFileSync(join(world.directory, 'fail-push'), '');
    const failed = world.call('migrate_to', parameters, ends);
    expect(failed.status).to.equal(1);
    expect(failed.reason).to.include('was reverted');
    expect(world.log('log').slice(2)).to.deep.equal(['push n1 n2', 'revert n1 n2']);
    expect(world.property(unit, 'ActiveState')).to.equal('active');
    for (const name of ['fail-pull', 'fail-revert']) writeFileSync(join(world.directory, name), '');
    expect(world.call('migrate_from', parameters, ends).reason).to.include('could not be reverted');
  });

  it('survives the restart of systemd itself, and two agents at once', async () => {
    const unit = world.unit(SLEEPER);
    const starts = await Promise.all([world.later('start', { unit }), world.later('start', { unit })]);
    expect(starts.map(({ status }) => status)).to.deep.equal([0, 0]);
    spawnSync('/usr/bin/systemctl', ['daemon-reexec']);
    rmSync(`/run/watchkeeper/cluster-units/${world.resource}`);
    expect(world.call('monitor', { unit }).status).to.equal(0);
    const stops = await Promise.all([world.later('stop', { unit }), world.later('stop', { unit })]);
    expect(stops.map(({ status }) => status)).to.deep.equal([0, 0]);
    expect(existsSync(join(UNITS, `${unit}.d`))).to.equal(false);
  });

  it('sees a restart by hand through, and does not call it a failure', async () => {
    const unit = world.unit(`Type=forking\nGuessMainPID=no\nRemainAfterExit=yes\nExecStart=/bin/sh -c "/bin/sleep 1.5; /bin/sleep infinity & exit 0"`);
    expect(world.call('start', { unit }).status).to.equal(0);
    const pid = members(world.property(unit, 'ControlGroup'));
    systemctl('restart', '--no-block', unit);
    await eventually('the restart to be under way', () => world.property(unit, 'ActiveState') === 'activating');
    expect(world.call('monitor', { unit }).status).to.equal(0);
    expect(world.property(unit, 'ActiveState')).to.equal('active');
    expect(members(world.property(unit, 'ControlGroup'))).to.not.deep.equal(pid);
  });
});
