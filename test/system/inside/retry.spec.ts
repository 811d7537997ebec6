/** Slow attempts for units that systemd has given up, and never for one that somebody stopped. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { HostLocks } from '../../../src/adapters/host/locks.js';
import { desiredStateStore } from '../../../src/adapters/state/desired-state.js';
import { retryMemoryStore } from '../../../src/adapters/state/retry-memory-store.js';
import { SystemdObserver } from '../../../src/adapters/systemd/observer.js';
import { SystemdRetrier } from '../../../src/adapters/systemd/unit-retrier.js';
import { SlowRetry } from '../../../src/app/slow-retry.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { Observation } from '../../../src/core/observation.js';
import { groupTargets } from '../../../src/core/target-file.js';
import type { NewsItem } from '../../../src/ports/journal.js';
import { daemonSpec, TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { Cleanups, eventually } from '../../support/eventually.js';
import { Bench, GROUP, newName, systemctl, systemdVersion } from './bench.js';

const BOOT = 'this-boot';
const RETRY = { enabled: true, firstDelay: 400, factor: 2, maxDelay: 800 };
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The part of an observing watcher that tries again, on the real systemd. */
class Keeper {
  readonly news: Omit<NewsItem, 'id'>[] = [];
  readonly seen = new Map<string, Observation>();
  readonly slow: SlowRetry;
  paused: string | undefined;
  readonly #cancel: { cancel(): void };

  constructor(bench: Bench, specs: readonly DaemonSpec[]) {
    this.slow = new SlowRetry({
      retrier: new SystemdRetrier(bench.systemctl),
      desired: desiredStateStore(bench.runtime, () => undefined),
      memory: retryMemoryStore(bench.runtime, () => undefined),
      locks: new HostLocks(bench.runtime, bench.clock),
      journal: { append: (item) => ({ ...item, id: this.news.push(item) }), recent: () => [] },
      log: QUIET,
      clock: bench.clock,
      bootId: BOOT,
      pausedReason: () => this.paused,
      seen: (name) => this.seen.get(name),
    });
    const consider = (name: string): void => {
      for (const spec of specs) if (spec.name === name || spec.requires.includes(name)) this.slow.consider(spec);
    };
    this.#cancel = new SystemdObserver({ clock: bench.clock, processes: bench.processes }).follow(specs, {
      observed: (name, observation) => {
        this.seen.set(name, observation);
        consider(name);
      },
      connection: () => undefined,
    });
  }

  release(): void {
    this.slow.release();
    this.#cancel.cancel();
  }

  attempts(spec: DaemonSpec): number {
    return this.news.filter(({ daemon, news }) => daemon === spec.name && news === 'restart').length;
  }
}

interface Crasher {
  readonly spec: DaemonSpec;
  /** How often its program began. */
  starts(): number;
  /** From now on it stays up. */
  mend(): void;
}

describe('slow attempts', function () {
  this.timeout(40_000);
  let bench: Bench;
  let cleanups: Cleanups;

  beforeEach(() => {
    bench = new Bench();
    cleanups = new Cleanups();
    cleanups.add(() => bench.cleanup());
  });
  afterEach(() => cleanups.run());

  function keep(...daemons: { spec: DaemonSpec }[]): Keeper {
    const keeper = new Keeper(bench, daemons.map(({ spec }) => spec));
    cleanups.add(() => keeper.release());
    return keeper;
  }

  /** Ends with status 1 until it is mended; `service` and `unit` are further lines. */
  function crasher(service = '', unit = '', overrides: Partial<DaemonSpec> = {}, trap = ''): Crasher {
    const name = newName();
    const [starts, flag] = [join(bench.directory, `${name}.starts`), join(bench.directory, `${name}.flag`)];
    const script = join(bench.directory, `${name}.sh`);
    writeFileSync(script, `${trap}\necho x >>${starts}\n[ -e ${flag} ] || exit 1\nwhile :; do sleep 0.05; done\n`);
    const spec = daemonSpec({ name, systemdRetry: RETRY, restart: { ...TEST_RESTART_POLICY, jitter: 0 }, ...overrides });
    // Enabled, as a unit of a package is.
    bench.unit(spec.unit, `[Unit]\n${unit}[Service]\nType=exec\nExecStart=/bin/sh ${script}\n${service}[Install]\nWantedBy=multi-user.target\n`);
    systemctl('enable', '--runtime', '--quiet', spec.unit);
    cleanups.add(() => void systemctl('disable', '--runtime', '--quiet', spec.unit));
    return { spec, starts: () => (existsSync(starts) ? readFileSync(starts, 'utf8').length / 2 : 0), mend: () => writeFileSync(flag, '') };
  }

  /** One that runs, and misbehaves when it is told to stop. */
  function stubborn(trap: string, service = '', unit = ''): Crasher {
    const one = crasher(service, unit, {}, trap);
    one.mend();
    return one;
  }

  const start = (...daemons: Crasher[]): unknown => spawnSync('/usr/bin/systemctl', ['start', ...daemons.map(({ spec }) => spec.unit)], { timeout: 20_000 });
  const state = ({ spec }: Crasher): string => bench.property(spec.unit, 'ActiveState');

  /** Long enough for whoever would be tried again: another one has been. */
  async function meanwhile(keeper: Keeper, control: Crasher, times = 2): Promise<void> {
    const before = keeper.attempts(control.spec);
    await eventually('the control is tried again and again', () => keeper.attempts(control.spec) >= before + times, 15_000);
  }

  it('come for what has no restart left, and end when it stays up', async () => {
    const one = crasher('Restart=no\n');
    const keeper = keep(one);
    start(one);
    await eventually('it was tried twice', () => one.starts() >= 3, 10_000);
    one.mend();
    await eventually('it is up', () => keeper.seen.get(one.spec.name)?.state === 'running', 10_000);
    const { starts } = { starts: one.starts() };
    expect(keeper.attempts(one.spec)).to.equal(starts - 1);
    expect(keeper.slow.statusOf(one.spec.name)).to.deep.equal({ nextTry: null, reason: undefined });
  });

  it('come after a start limit was hit, for which they clear it', async () => {
    const one = crasher('Restart=always\nRestartSec=20ms\n', 'StartLimitIntervalSec=600\nStartLimitBurst=2\n');
    const keeper = keep(one);
    start(one);
    await eventually('a slow attempt is timed', () => keeper.slow.statusOf(one.spec.name).nextTry !== null, 10_000);
    expect(one.starts()).to.equal(2);
    one.mend();
    await eventually('it is up', () => state(one) === 'active', 10_000);
    expect(keeper.attempts(one.spec)).to.equal(1);
  });

  it('grow, up to the longest delay, and begin anew after a start by hand', async () => {
    const one = crasher();
    const keeper = keep(one);
    start(one);
    const delays = (): readonly (number | undefined)[] => keeper.news.filter(({ news }) => news === 'crash-loop').map(({ delay }) => delay);
    await eventually('three are timed', () => delays().length === 3, 15_000);
    expect(delays()).to.deep.equal([400, 800, 800]);
    start(one);
    await eventually('a first one is timed again', () => delays().length === 4, 10_000);
    expect(delays()[3]).to.equal(400);
  });

  it('never come for what was stopped by systemctl, however badly it ended', async () => {
    const control = crasher();
    const clean = stubborn('');
    const badStatus = stubborn("trap 'exit 3' TERM");
    const deaf = stubborn("trap '' TERM", 'TimeoutStopSec=300ms\n');
    const dying = stubborn("trap 'kill -9 $$' TERM");
    const stopped = [clean, badStatus, deaf, dying];
    const keeper = keep(control, ...stopped);
    start(...stopped);
    systemctl('stop', ...stopped.map(({ spec }) => spec.unit));
    start(control);
    await meanwhile(keeper, control);
    expect(stopped.map(state)).to.deep.equal(['inactive', 'failed', 'failed', 'failed']);
    expect(stopped.map((one) => one.starts())).to.deep.equal([1, 1, 1, 1]);
    expect(keeper.slow.statusOf(badStatus.spec.name).reason).to.match(/being stopped/);
    // Nor after a restart of the watcher, which saw nothing of it.
    keeper.release();
    const next = keep(control, ...stopped);
    await meanwhile(next, control);
    expect(stopped.map((one) => one.starts())).to.deep.equal([1, 1, 1, 1]);
  });

  it('never come for what was stopped while it was started, or waited for its restart', async () => {
    const control = crasher();
    const starting = stubborn("trap '' TERM", 'Type=notify\nTimeoutStopSec=300ms\nTimeoutStartSec=60\n');
    const waiting = crasher('Restart=always\nRestartSec=60\n');
    const keeper = keep(control, starting, waiting);
    systemctl('start', '--no-block', starting.spec.unit, waiting.spec.unit);
    await eventually('both are on their way', () => starting.starts() === 1 && bench.property(waiting.spec.unit, 'SubState').startsWith('auto-restart'));
    systemctl('stop', starting.spec.unit, waiting.spec.unit);
    start(control);
    await meanwhile(keeper, control);
    expect([starting, waiting].map((one) => one.starts())).to.deep.equal([1, 1]);
    expect(state(starting)).to.equal('failed');
  });

  it('end when the failed unit is stopped, its target is stopped, it is masked, or its failure is cleared', async () => {
    const group = { ...GROUP, target: `${newName()}.target` };
    const control = crasher();
    const later = { systemdRetry: { ...RETRY, firstDelay: 1500, maxDelay: 1500 } };
    const [stopped, member, masked, cleared] = [crasher('', '', later), crasher('', `PartOf=${group.target}\n`, later), crasher('', '', later), crasher('', '', later)];
    const all = [stopped, member, masked, cleared];
    const options = { version: systemdVersion(), runtimeDirectory: bench.runtime, helperDirectory: '/nonexistent' };
    // On demand: the target names them, and does not start them.
    const daemons = [...all, control].map(({ spec }) => ({ ...spec, onDemand: true }));
    for (const [unit, text] of groupTargets({ group, daemons }, options)) bench.unit(unit, text);
    systemctl('start', group.target);
    const keeper = keep(control, ...all);
    start(control, ...all);
    await eventually('all are timed', () => all.every(({ spec }) => keeper.slow.statusOf(spec.name).nextTry !== null));
    const before = all.map((one) => one.starts());
    systemctl('stop', stopped.spec.unit);
    systemctl('stop', group.target);
    systemctl('reset-failed', cleared.spec.unit);
    bench.mask(masked.spec.unit);
    await meanwhile(keeper, control, 4);
    expect(all.map((one) => one.starts())).to.deep.equal(before);
    expect(keeper.slow.statusOf(stopped.spec.name).reason).to.match(/stopped it after/);
    // A new watcher has not seen the stop, and knows of it.
    keeper.release();
    const next = keep(control, ...all);
    await meanwhile(next, control, 4);
    expect(all.map((one) => one.starts())).to.deep.equal(before);
  });

  it('never come against the recorded intent, and not for a disabled unit that nobody asked for', async () => {
    const control = crasher();
    const [down, disabled, asked] = [crasher(), crasher(), crasher()];
    const store = desiredStateStore(bench.runtime, () => undefined);
    const say = ({ spec }: Crasher, desired: 'up' | 'down'): Promise<void> => store.write(new Map([[spec.name, { desired, at: 0, by: 'a test', bootId: BOOT }]]));
    await say(down, 'down');
    await say(asked, 'up');
    systemctl('disable', '--runtime', '--quiet', disabled.spec.unit, asked.spec.unit);
    const keeper = keep(control, down, disabled, asked);
    start(control, down, disabled, asked);
    await meanwhile(keeper, control);
    expect([down, disabled].map((one) => one.starts())).to.deep.equal([1, 1]);
    expect(asked.starts()).to.be.at.least(2);
  });

  it('wait while they are paused, and while they would pull up what was stopped', async () => {
    const control = crasher();
    const needed = stubborn('');
    const needy = crasher('', `Requires=${needed.spec.unit}\nAfter=${needed.spec.unit}\n`, { requires: [needed.spec.name] });
    const paused = crasher();
    const first = keep(control, needed, needy);
    const second = keep(paused);
    second.paused = 'paused by a test';
    start(needed);
    start(control, needy, paused);
    await eventually('it is timed', () => first.slow.statusOf(needy.spec.name).nextTry !== null);
    systemctl('stop', needed.spec.unit);
    const before = needy.starts();
    await meanwhile(first, control);
    expect([needed.starts(), needy.starts(), paused.starts()]).to.deep.equal([1, before, 1]);
    second.paused = undefined;
    second.slow.consider(paused.spec);
    needy.mend();
    start(needed);
    await eventually('both go on', () => state(needy) === 'active' && paused.starts() >= 2, 10_000);
  });
});
