/**
 * The promises of ports/service-manager.ts, as one suite that every service
 * manager passes: fake, start-stop-daemon, built-in, and systemd in a container.
 * It imports nothing that exists only on the developer's machine.
 */
import { expect } from 'chai';
import type { DaemonSpec } from '../../src/core/daemon.js';
import { isAlive } from '../../src/core/observation.js';
import type { Observation } from '../../src/core/observation.js';
import type { Outcome } from '../../src/core/outcome.js';
import type { ServiceManager } from '../../src/ports/service-manager.js';
import { eventually } from '../support/eventually.js';
import type { Behaviour, TestDaemon } from '../support/test-daemon.js';

export interface ContractDaemon extends Omit<TestDaemon, 'destroy'> {
  /** SIGKILL to its main process, as an accident would. */
  kill(): void;
}

export interface ContractFixture {
  readonly manager: ServiceManager;
  /** Makes a stopped daemon that the service manager knows (under systemd: its unit is loaded). */
  daemon(behaviour?: Behaviour, overrides?: Partial<DaemonSpec>): Promise<ContractDaemon>;
  /** ms, of the clock that the manager waits by. */
  now(): number;
  /** A path that does not exist, for `path-exists` conditions and missing executables. */
  readonly missingPath: string;
  /** Kills and removes everything it made; called after each test, also a failed one. */
  cleanup(): Promise<void>;
}

function only<T>(list: readonly T[]): T {
  expect(list).to.have.length(1);
  return list[0] as T;
}

async function start(fixture: ContractFixture, daemon: ContractDaemon, oneShotArguments: readonly string[] = []): Promise<Outcome> {
  return only(await fixture.manager.start([{ spec: daemon.spec, oneShotArguments }]));
}

async function stop(fixture: ContractFixture, daemon: ContractDaemon): Promise<Outcome> {
  return only(await fixture.manager.stop([daemon.spec]));
}

async function observe(fixture: ContractFixture, daemon: ContractDaemon): Promise<Observation> {
  return only(await fixture.manager.observe([daemon.spec]));
}

function expectOk(outcome: Outcome, changed: boolean): Extract<Outcome, { kind: 'ok' }> {
  if (outcome.kind !== 'ok') throw new Error(`expected ok, got ${JSON.stringify(outcome)}`);
  expect(outcome.changed, `changed (${outcome.detail})`).to.equal(changed);
  return outcome;
}

function expectFailed(outcome: Outcome): Extract<Outcome, { kind: 'failed' }> {
  if (outcome.kind !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(outcome)}`);
  expect(outcome.reason, 'reason').not.to.equal('');
  expect(outcome.next, 'next step').not.to.equal('');
  return outcome;
}

export function serviceManagerContract(name: string, makeFixture: () => Promise<ContractFixture>): void {
  describe(`service manager: ${name}`, function () {
    this.timeout(30_000);
    let fixture: ContractFixture;
    beforeEach(async () => {
      fixture = await makeFixture();
    });
    afterEach(async () => {
      await fixture.cleanup();
    });

    describe('start', () => {
      it('starts a stopped daemon, and names its process', async () => {
        const daemon = await fixture.daemon();
        const outcome = expectOk(await start(fixture, daemon), true);
        expect(outcome.process?.pid).to.equal(only(daemon.mains()));
        expect(daemon.starts()).to.equal(1);
      });

      it('leaves a running daemon alone', async () => {
        const daemon = await fixture.daemon();
        await start(fixture, daemon);
        const pid = only(daemon.mains());
        expectOk(await start(fixture, daemon), false);
        expect(daemon.mains()).to.deep.equal([pid]);
        expect(daemon.starts()).to.equal(1);
      });

      it('returns once the daemon is ready, not when it is spawned', async () => {
        const daemon = await fixture.daemon({ readyAfter: 400 });
        expectOk(await start(fixture, daemon), true);
        expect(daemon.isReady()).to.equal(true);
      });

      it('fails a daemon that never gets ready, after startTimeout, and leaves nothing of it', async () => {
        const daemon = await fixture.daemon({ readyAfter: 'never' }, { startTimeout: 700 });
        const before = fixture.now();
        const outcome = expectFailed(await start(fixture, daemon));
        expect(outcome.code).to.be.oneOf(['not-ready', 'timeout']);
        expect(fixture.now() - before).to.be.within(690, 5000);
        expect(daemon.mains()).to.deep.equal([]);
      });

      it('fails a daemon that ends before it is ready, with its exit status', async () => {
        const daemon = await fixture.daemon({ exits: { status: 7, after: 0 } });
        const outcome = expectFailed(await start(fixture, daemon));
        expect(outcome.code).to.equal('failed');
        expect(outcome.reason).to.match(/\b7\b/);
        expect(daemon.mains()).to.deep.equal([]);
      });

      it('fails a daemon that forks away although it should stay', async () => {
        const daemon = await fixture.daemon({ forksAway: true, readyAfter: 100 });
        expectFailed(await start(fixture, daemon));
        await eventually('nothing of it is left', () => daemon.mains().length === 0);
      });

      it('says so where the executable is missing', async () => {
        const daemon = await fixture.daemon({}, { executable: fixture.missingPath });
        const outcome = expectFailed(await start(fixture, daemon));
        expect(outcome.code).to.equal('not-installed');
        expect(outcome.reason).to.include(fixture.missingPath);
      });

      it('skips a daemon whose condition is unmet, and says which', async () => {
        const daemon = await fixture.daemon({}, { conditions: [{ kind: 'path-exists', path: fixture.missingPath }] });
        const outcome = await start(fixture, daemon);
        expect(outcome.kind).to.equal('skipped');
        expect(outcome.kind === 'skipped' && outcome.reason).to.include(fixture.missingPath);
        expect(daemon.starts()).to.equal(0);
      });

      it('passes one-shot arguments unchanged, to this start only', async () => {
        const words = ['--plain', 'two words', `"quoted" 'twice'`, '$HOME ${HOME} %n %%', 'back\\slash', '#hash', ';', ''];
        const daemon = await fixture.daemon();
        expectOk(await start(fixture, daemon, words), true);
        expect(daemon.lastArguments().slice(-words.length)).to.deep.equal(words);
        await stop(fixture, daemon);
        expectOk(await start(fixture, daemon), true);
        expect(daemon.lastArguments()).not.to.include('--plain');
      });

      it('forgets one-shot arguments also when the start fails', async () => {
        const daemon = await fixture.daemon();
        expectFailed(await start(fixture, daemon, ['exit=9']));
        expectOk(await start(fixture, daemon), true);
        expect(daemon.lastArguments()).not.to.include('exit=9');
      });

      it('starts several at once; one failure harms no other; outcomes keep their order', async () => {
        const daemons = [await fixture.daemon({ readyAfter: 200 }), await fixture.daemon({ exits: { status: 3, after: 0 } }), await fixture.daemon()];
        const outcomes = await fixture.manager.start(daemons.map(({ spec }) => ({ spec, oneShotArguments: [] })));
        expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(['ok', 'failed', 'ok']);
        expect(daemons.map((daemon) => daemon.mains().length)).to.deep.equal([1, 0, 1]);
      });

      it('keeps the order of what it starts in one call, where it says so', async () => {
        const first = await fixture.daemon({ readyAfter: 400 });
        const second = await fixture.daemon({}, { after: [first.spec.name] });
        const specs = [second.spec, first.spec];
        const { manager } = fixture;
        for (const way of ['start', 'stop'] as const) expect(await manager.keepsOrder(specs, way), `only systemd's units do: ${way}`).to.equal(manager.kind === 'systemd');
        if (manager.kind !== 'systemd') return;
        let early = false;
        let over = false;
        const started = manager.start(specs.map((spec) => ({ spec, oneShotArguments: [] }))).finally(() => (over = true));
        await eventually('it is over', () => {
          early ||= second.starts() > 0 && !first.isReady();
          return over;
        });
        for (const outcome of await started) expectOk(outcome, true);
        expect(early, 'the second began before the first was ready').to.equal(false);
      });

      it('starts again after an accident', async () => {
        const daemon = await fixture.daemon();
        await start(fixture, daemon);
        const pid = only(daemon.mains());
        daemon.kill();
        await eventually('the process is gone', () => !daemon.mains().includes(pid));
        expectOk(await start(fixture, daemon), true);
        expect(only(daemon.mains())).not.to.equal(pid);
      });
    });

    describe('stop', () => {
      it('ends a running daemon', async () => {
        const daemon = await fixture.daemon();
        await start(fixture, daemon);
        expectOk(await stop(fixture, daemon), true);
        expect(daemon.mains()).to.deep.equal([]);
      });

      it('leaves a stopped daemon alone', async () => {
        const daemon = await fixture.daemon();
        expectOk(await stop(fixture, daemon), false);
      });

      it('returns when the daemon is gone, not when it is signalled', async () => {
        const daemon = await fixture.daemon({ stopTakes: 500 });
        await start(fixture, daemon);
        expectOk(await stop(fixture, daemon), true);
        expect(daemon.mains()).to.deep.equal([]);
      });

      it('kills a daemon that ignores the stop signal, after stopTimeout', async () => {
        const daemon = await fixture.daemon({ ignoresStopSignal: true }, { stopTimeout: 700 });
        await start(fixture, daemon);
        const before = fixture.now();
        expectOk(await stop(fixture, daemon), true);
        expect(fixture.now() - before).to.be.within(600, 5000);
        expect(daemon.mains()).to.deep.equal([]);
      });

      it('takes the children down with killMode group, stubborn ones too', async () => {
        const daemon = await fixture.daemon({ children: 2, stubbornChildren: true }, { killMode: 'group', stopTimeout: 700 });
        await start(fixture, daemon);
        expect(daemon.children()).to.have.length(2);
        expectOk(await stop(fixture, daemon), true);
        expect(daemon.children()).to.deep.equal([]);
      });

      it('spares the children with killMode process', async () => {
        const daemon = await fixture.daemon({ children: 2 }, { killMode: 'process' });
        await start(fixture, daemon);
        const children = daemon.children();
        expect(children).to.have.length(2);
        expectOk(await stop(fixture, daemon), true);
        expect(daemon.mains()).to.deep.equal([]);
        expect(daemon.children()).to.deep.equal(children);
      });

      it('stops several at once', async () => {
        const daemons = [await fixture.daemon(), await fixture.daemon(), await fixture.daemon()];
        await fixture.manager.start(daemons.slice(1).map(({ spec }) => ({ spec, oneShotArguments: [] })));
        const outcomes = await fixture.manager.stop(daemons.map(({ spec }) => spec));
        expect(outcomes.map((outcome) => outcome.kind === 'ok' && outcome.changed)).to.deep.equal([false, true, true]);
        expect(daemons.flatMap((daemon) => daemon.mains())).to.deep.equal([]);
      });
    });

    describe('observe', () => {
      it('sees a stopped, a running and again a stopped daemon', async () => {
        const daemon = await fixture.daemon();
        const before = await observe(fixture, daemon);
        expect(before.state).to.equal('stopped');
        expect(before.process).to.equal(undefined);
        await start(fixture, daemon);
        const during = await observe(fixture, daemon);
        expect(during.state).to.equal('running');
        expect(during.process?.pid).to.equal(only(daemon.mains()));
        expect(during.reason).not.to.equal('');
        await stop(fixture, daemon);
        expect((await observe(fixture, daemon)).state).to.equal('stopped');
      });

      it('sees that a daemon died', async () => {
        const daemon = await fixture.daemon();
        await start(fixture, daemon);
        daemon.kill();
        await eventually('it is seen', async () => !isAlive(await observe(fixture, daemon)));
        expect((await observe(fixture, daemon)).process).to.equal(undefined);
      });

      it('answers for several, in their order', async () => {
        const daemons = [await fixture.daemon(), await fixture.daemon()] as const;
        await start(fixture, daemons[1]);
        const states = (await fixture.manager.observe(daemons.map(({ spec }) => spec))).map(({ state }) => state);
        expect(states).to.deep.equal(['stopped', 'running']);
      });
    });

    describe('reload', () => {
      it('reaches a running daemon, which keeps its process', async () => {
        const daemon = await fixture.daemon();
        await start(fixture, daemon);
        const pid = only(daemon.mains());
        expectOk(await fixture.manager.reload(daemon.spec), true);
        await eventually('the daemon got the signal', () => daemon.reloads() === 1);
        expect(daemon.mains()).to.deep.equal([pid]);
      });

      it('fails where the daemon is stopped', async () => {
        const daemon = await fixture.daemon();
        expectFailed(await fixture.manager.reload(daemon.spec));
        expect(daemon.mains()).to.deep.equal([]);
      });
    });
  });
}
