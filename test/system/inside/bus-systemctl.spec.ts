import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { BusSystemctl } from '../../../src/adapters/systemd/bus-systemctl.js';
import { ClusterDropIn } from '../../../src/adapters/systemd/cluster-drop-in.js';
import { Systemctl } from '../../../src/adapters/systemd/systemctl.js';
import { SystemdUnitControl } from '../../../src/adapters/systemd/unit-control.js';
import { HELD_PROPERTIES } from '../../../src/adapters/systemd/unit-look.js';
import type { Runner } from '../../../src/ports/runner.js';
import { eventually } from '../../support/eventually.js';
import { Bench, newName, systemctl } from './bench.js';

/** Counts the programs that are run. */
function counting(runner: Runner): { readonly runner: Runner; readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    runner: {
      run: (argv, options) => {
        calls.push(argv.slice(1).filter((word) => !word.startsWith('--')).join(' '));
        return runner.run(argv, options);
      },
    },
  };
}

describe('systemctl whose questions go over the bus', function () {
  this.timeout(60_000);
  let bench: Bench;
  let asked: ReturnType<typeof counting>;
  let bus: BusSystemctl;
  let program: Systemctl;

  beforeEach(() => {
    bench = new Bench();
    asked = counting(bench.runner);
    bus = new BusSystemctl(asked.runner, bench.clock);
    program = new Systemctl(bench.runner);
  });

  afterEach(() => {
    bus.close();
    bench.cleanup();
  });

  /** Units in every state that the bus and systemctl could tell in another way. */
  async function units(): Promise<readonly string[]> {
    const up = bench.daemon();
    const dead = bench.daemon();
    const failed = bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program'));
    const masked = bench.daemon();
    bench.mask(masked.spec.unit);
    await bench.start(up.spec);
    await bench.start(failed.spec);
    const template = `wk-${newName()}`;
    bench.unit(`${template}@.service`, '[Unit]\nDescription=a template %i\nRequires=basic.target\n[Service]\nEnvironmentFile=-/nonexistent/%i\nExecStart=/bin/sleep infinity\n');
    const instance = `${template}@a\\x2db:c.d_1.service`;
    systemctl('start', instance);
    return [up.spec.unit, dead.spec.unit, failed.spec.unit, masked.spec.unit, instance, `wk-${newName()}.service`, '-.mount', 'basic.target', 'dbus.socket', 'dbus.service'];
  }

  it('tells of each unit what systemctl tells, without a program', async () => {
    const all = await units();
    const told = [...(await bus.show(all.slice(0, 5))).all, ...(await bus.show(all.slice(5))).all];
    for (const [index, expected] of (await program.show(all)).all.entries()) {
      // They only put it in other words: NAME "TEXT".
      const same = { ...expected, loadError: expected.loadError.replace(/ "(.*)"$/, ': $1') };
      for (const [name, value] of Object.entries(same)) expect(Object.entries(told[index] ?? {}).find(([key]) => key === name)?.[1], `${name} of ${expected.unit}`).to.deep.equal(value);
    }
    expect([...(await bus.showFiles(all.slice(0, 5))), ...(await bus.showFiles(all.slice(5)))]).to.deep.equal(await program.showFiles(all));
    for (const unit of all) {
      const more = await bus.showWith(unit, HELD_PROPERTIES);
      const expected = await program.showWith(unit, HELD_PROPERTIES);
      expect({ ...more.facts, loadError: '' }).to.deep.equal({ ...expected.facts, loadError: '' });
      for (const name of HELD_PROPERTIES) expect(more.extra.get(name) ?? '', `${name} of ${unit}`).to.equal(expected.extra.get(name) ?? '');
    }
    expect(asked.calls).to.deep.equal([]);
  });

  it('sees what an order has done, without a program', async () => {
    const daemon = bench.daemon();
    const { unit } = daemon.spec;
    expect(await bus.act('start', [unit], 20_000)).to.deep.equal({ ok: true, timedOut: false, stderr: '', verdicts: new Map() });
    expect((await bus.showOne(unit)).activeState).to.equal('active');
    // What is up already has a job that ends at once.
    expect(await bus.act('start', [unit], 20_000)).to.include({ ok: true });
    expect(await bus.act('stop', [unit], 20_000)).to.include({ ok: true });
    expect((await bus.showOne(unit)).activeState).to.equal('inactive');
    expect(asked.calls).to.deep.equal([]);
  });

  it('tells in brief what systemctl tells at length', async () => {
    for (const unit of await units()) {
      const { facts, extra } = await program.showWith(unit, ['NeedDaemonReload', 'Type']);
      const { loadState, activeState, subState, job } = facts;
      const pulse = { loadState, activeState, subState, job };
      expect(await bus.pulse(unit), unit).to.deep.equal(pulse);
      expect(await bus.lastRun(unit), unit).to.deep.equal({ ...pulse, invocation: facts.invocation });
      const isService = unit.endsWith('.service');
      expect(await bus.startTraits(unit), unit).to.deep.equal(isService ? { needsReload: extra.get('NeedDaemonReload') === 'yes', dropIns: [], type: extra.get('Type') ?? 'simple' } : undefined);
    }
    expect(asked.calls).to.deep.equal([]);
  });

  it('knows what systemd has in memory', async () => {
    const up = bench.daemon();
    const down = bench.daemon();
    await bench.start(up.spec);
    expect(await bus.isLoaded(up.spec.unit)).to.equal(true);
    await eventually('it is forgotten, as nothing names it', async () => (await bus.isLoaded(down.spec.unit)) === false);
    expect(await bus.isLoaded(`wk-${newName()}.service`)).to.equal(false);
    expect(await program.isLoaded(up.spec.unit)).to.equal(undefined);
    expect(asked.calls).to.deep.equal([]);
  });

  it('has the drop-in read of a unit that systemd had read before, also where it was called unread', async () => {
    const control = new SystemdUnitControl({ runner: asked.runner, processes: bench.processes, clock: bench.clock, systemctl: bus });
    const { unit } = bench.daemon({}, {}, (text) => text.replace(/^Type=.*$/m, 'Type=exec')).spec;
    // It names the other one, which so stays in memory.
    const holder = bench.daemon({}, {}, (text) => text.replace(/^\[Unit\]$/m, `[Unit]\nAfter=${unit}`));
    await bench.start(holder.spec);
    expect(await control.isUnread(unit)).to.equal(false);
    const override = new ClusterDropIn(bus);
    for (const isUnread of [true, false]) {
      await override.put(unit, 'web', 'by-caller');
      const { outcome } = await control.start(unit, { limit: 20_000, abort: undefined, isUnread });
      expect(outcome, String(isUnread)).to.include({ kind: 'ok', changed: true });
      const { facts, extra } = await program.showWith(unit, ['NeedDaemonReload', 'Description']);
      expect([facts.activeState, extra.get('NeedDaemonReload'), extra.get('Description')]).to.deep.equal(['active', 'no', `Cluster controlled ${unit} (resource web)`]);
      expect(await control.stop(unit, 20_000)).to.include({ kind: 'ok' });
      await override.remove(unit);
    }
    const absent = `wk-${newName()}.service`;
    expect(await control.isUnread(absent)).to.equal(true);
    expect((await control.start(absent, { limit: 20_000, abort: undefined, isUnread: true })).outcome).to.include({ kind: 'failed', code: 'not-found' });
  });

  it('sees that a stop of what the cluster holds would wait for Pacemaker', async () => {
    const [byBus, byProgram] = [new ClusterDropIn(bus), new ClusterDropIn(program)];
    const told = async (): Promise<readonly boolean[]> => [await byBus.hindersStop(), await byProgram.hindersStop()];
    expect(await told(), 'without a Pacemaker').to.deep.equal([false, false]);
    bench.unit('pacemaker.service', '[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep infinity\nTimeoutStopSec=infinity\n');
    systemctl('start', 'pacemaker.service');
    try {
      expect(await told(), 'while it runs').to.deep.equal([false, false]);
      systemctl('stop', '--no-block', 'pacemaker.service');
      expect(await told(), 'while it ends').to.deep.equal([true, true]);
    } finally {
      systemctl('kill', '--signal=SIGKILL', 'pacemaker.service');
    }
    await eventually('it has ended', async () => (await told()).every((hinders) => !hinders));
  });

  it('leaves many units to a program, which is sooner with them', async () => {
    const many = Array.from({ length: 9 }, () => `wk-${newName()}.service`);
    expect((await bus.show(many)).all).to.have.length(9);
    expect(asked.calls).to.have.length(1);
  });

  it('waits for the end of a job, and knows how it ended', async () => {
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 1'));
    const began = performance.now();
    expect(await bus.act('start', [slow.spec.unit], 20_000)).to.include({ ok: true });
    expect(performance.now() - began).to.be.greaterThan(900);
    expect((await bus.showOne(slow.spec.unit)).activeState).to.equal('active');
    const broken = bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program'));
    const dependant = bench.daemon({}, {}, (text) => text.replace(/^\[Unit\]$/m, `[Unit]\nRequires=${broken.spec.unit}\nAfter=${broken.spec.unit}`));
    expect((await bus.act('start', [broken.spec.unit], 20_000)).verdicts.get(broken.spec.unit)).to.equal('other');
    const { ok, verdicts } = await bus.act('start', [dependant.spec.unit], 20_000);
    expect({ ok, verdict: verdicts.get(dependant.spec.unit) }).to.deep.equal({ ok: false, verdict: 'dependency' });
    expect(asked.calls).to.deep.equal([]);
  });

  it('hears the end of a job of a unit that it calls by another of its names', async () => {
    const well = bench.alias(bench.daemon().spec.unit);
    const broken = bench.alias(bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program')).spec.unit);
    for (const [verb, unit, verdict] of [['start', well, undefined], ['stop', well, undefined], ['start', broken, 'other']] as const) {
      const { ok, verdicts } = await bus.act(verb, [unit], 20_000);
      expect([ok, verdicts.get(unit)], `${verb} ${unit}`).to.deep.equal([verdict === undefined, verdict]);
    }
    expect(asked.calls, 'by the program, when the patience with the bus was over').to.deep.equal([]);
  });

  it('takes what a program tells of a unit for what was asked of another of its names', async () => {
    const broken = bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program')).spec.unit;
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 60')).spec.unit;
    const after = (unit: string) => (text: string) => text.replace(/^\[Unit\]$/m, `[Unit]\nRequires=${unit}\nAfter=${unit}`);
    const dependants = [1, 2].map(() => bench.daemon({}, {}, after(broken)).spec);
    const waiting = bench.daemon({}, {}, after(slow)).spec.unit;
    const specs = dependants.map((spec) => ({ ...spec, unit: bench.alias(spec.unit) }));
    const { verdicts } = await program.act('start', specs.map(({ unit }) => unit), 20_000);
    expect([...verdicts]).to.have.deep.members(dependants.map(({ unit }) => [unit, 'dependency']));
    const outcomes = await bench.manager.start(specs.map((spec) => ({ spec, oneShotArguments: [] })));
    for (const outcome of outcomes) expect(outcome).to.include({ kind: 'failed', code: 'dependency' });
    const control = new SystemdUnitControl({ runner: bench.runner, processes: bench.processes, clock: bench.clock, systemctl: program });
    const { outcome } = await control.start(bench.alias(waiting), { limit: 1500, abort: undefined, isUnread: false });
    expect(outcome).to.include({ kind: 'failed', code: 'dependency' });
    expect(outcome.kind === 'failed' && outcome.reason).to.include(`${slow} (start, running)`);
    systemctl('stop', slow);
  });

  it('leaves to systemctl what takes long, and what systemd refuses', async () => {
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 5'));
    expect(await bus.act('start', [slow.spec.unit], 30_000)).to.include({ ok: true });
    expect((await bus.showOne(slow.spec.unit)).activeState).to.equal('active');
    const unknown = `wk-${newName()}.service`;
    const { ok, stderr } = await bus.act('start', [unknown], 20_000);
    expect(ok).to.equal(false);
    expect(stderr).to.contain(unknown);
    expect(asked.calls).to.deep.equal([`start ${slow.spec.unit}`, `start ${unknown}`]);
  });

  it('gives up when nobody waits any more, and at its time-out', async () => {
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 5'));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    expect(await bus.act('start', [slow.spec.unit], 30_000, abort.signal)).to.include({ ok: false, timedOut: true });
    expect(await bus.act('start', [slow.spec.unit], 300)).to.include({ ok: false, timedOut: true });
    expect(await bus.act('stop', [slow.spec.unit], 20_000)).to.include({ ok: true });
    expect(asked.calls).to.deep.equal([]);
  });

  it('goes on by systemctl where the bus ends in the middle of a job', async () => {
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 2'));
    const started = bus.act('start', [slow.spec.unit], 30_000);
    await eventually('the job is under way', async () => (await program.showOne(slow.spec.unit)).activeState === 'activating', 20_000);
    systemctl('stop', 'dbus.socket', 'dbus.service');
    try {
      expect(await started).to.include({ ok: true });
      expect((await program.showOne(slow.spec.unit)).restarts).to.equal(0);
    } finally {
      systemctl('start', 'dbus.socket', 'dbus.service');
    }
  });

  it('has old failures forgotten over the bus, and no others', async () => {
    const daemons = [1, 2].map(() => bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program')));
    for (const { spec } of daemons) await bench.start(spec);
    const [one = '', other = ''] = daemons.map(({ spec }) => spec.unit);
    expect(await bus.act('reset-failed', [one], 20_000)).to.include({ ok: true });
    expect((await bus.show([one, other])).all.map(({ activeState }) => activeState)).to.deep.equal(['inactive', 'failed']);
    const unknown = `wk-${newName()}.service`;
    const answer = await bus.act('reset-failed', [unknown, other], 20_000);
    expect(answer.ok).to.equal(false);
    expect(answer.stderr).to.contain(unknown);
    expect((await bus.showOne(other)).activeState).to.equal('inactive');
    expect(asked.calls).to.deep.equal([]);
  });

  it('starts anew what was started too often, over the bus', async () => {
    const limited = bench.daemon({}, {}, (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program').replace(/^\[Unit\]$/m, '[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1'));
    const { unit } = limited.spec;
    expect(await bus.act('start', [unit], 20_000)).to.include({ ok: false });
    const { invocation } = await bus.showOne(unit);
    await bus.act('start', [unit], 20_000);
    expect((await bus.showOne(unit)).invocation, 'it is not even tried').to.equal(invocation);
    const { ok, verdicts } = await bus.startAnew([unit], 20_000);
    expect({ ok, verdict: verdicts.get(unit) }).to.deep.equal({ ok: false, verdict: 'other' });
    expect((await bus.showOne(unit)).invocation).not.to.equal(invocation);
    expect(asked.calls).to.deep.equal([]);
  });

  it('leaves a start anew to systemctl where the bus has none of it, and only its end where it takes long', async () => {
    const slow = bench.daemon({}, { startTimeout: 60_000 }, (text) => text.replace(/^\[Service\]$/m, '[Service]\nExecStartPre=/bin/sleep 5'));
    expect(await bus.startAnew([slow.spec.unit], 30_000)).to.include({ ok: true });
    const unknown = `wk-${newName()}.service`;
    const { ok, stderr } = await bus.startAnew([unknown], 20_000);
    expect(ok).to.equal(false);
    expect(stderr).to.contain(unknown);
    expect(asked.calls).to.deep.equal([`start ${slow.spec.unit}`, `reset-failed ${unknown}`, `start ${unknown}`]);
  });

  it('asks by systemctl where there is no bus, and by the bus again when it is back', async () => {
    const daemon = bench.daemon();
    await bench.start(daemon.spec);
    await bus.show([daemon.spec.unit]);
    expect(asked.calls).to.deep.equal([]);
    systemctl('stop', 'dbus.socket', 'dbus.service');
    try {
      expect((await bus.showOne(daemon.spec.unit)).mainPid).to.equal(daemon.mains()[0]);
      expect(asked.calls).to.have.length(1);
    } finally {
      systemctl('start', 'dbus.socket', 'dbus.service');
    }
    await eventually('the bus is asked again', async () => {
      const before = asked.calls.length;
      await bus.show([daemon.spec.unit]);
      return asked.calls.length === before;
    }, 20_000);
  });

  it('opens nothing any more once it is closed', async () => {
    bus.close();
    const [facts] = (await bus.show(['basic.target'])).all;
    expect(facts?.activeState).to.equal('active');
    expect(asked.calls).to.have.length(1);
  });

  it('survives a systemd that executes itself anew', async () => {
    await bus.show(['basic.target']);
    expect(spawnSync('/usr/bin/systemctl', ['daemon-reexec'], { timeout: 60_000 }).status).to.equal(0);
    await eventually('it answers', async () => {
      try {
        return (await bus.showOne('basic.target')).activeState === 'active';
      } catch {
        return false; // systemd is deaf for a moment, also to systemctl
      }
    }, 20_000);
  });

  it('does not fail what is asked for while systemd executes itself anew', async () => {
    const daemon = bench.daemon();
    const anew = promisify(execFile);
    for (const way of ['start', 'stop'] as const) {
      const [, outcome] = await Promise.all([anew('/usr/bin/systemctl', ['daemon-reexec'], { timeout: 60_000 }), bench[way](daemon.spec)]);
      expect(outcome, way).to.include({ kind: 'ok', changed: true });
    }
  });
});
