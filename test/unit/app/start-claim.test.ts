import { expect } from 'chai';

import { claimingBoard, StartAllClaim } from '../../../src/app/start-claim.js';
import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import type { DesiredRecord } from '../../../src/core/desired-state.js';
import { FILE_TIME_LAG } from '../../../src/core/file-time.js';
import type { FileState } from '../../../src/ports/start-claim.js';
import { catalogueOf } from '../../support/control-fakes.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const LIST = '/etc/list';
const CONDITIONED = daemonSpec({ name: 'kvm', conditions: [{ kind: 'file-has-line', path: LIST, line: 'kvm' }] });

/** Files by hand, a clock by hand, and the claim that lies there. */
class Site {
  now = 1_000_000;
  readonly files = new Map<string, FileState>();
  readonly records = new Map<string, DesiredRecord>();
  readonly diary: string[] = [];
  /** Lines of the claim; undefined: there is none. */
  lines: readonly string[] | undefined;
  provenAt = 0;
  timers: (readonly [number, () => void])[] = [];
  refusal: Error | undefined;
  isCurrent = true;
  skips: (spec: DaemonSpec) => string | undefined = () => undefined;
  readonly claim: StartAllClaim;
  readonly board;

  constructor(readonly daemons: readonly DaemonSpec[]) {
    for (const path of ['/etc/wk.yaml', '/etc', '/state/desired']) this.touch(path, 1000);
    for (const { name } of daemons) this.want(name, {});
    const parts = {
      watcher: { pid: 1, startTicks: 2, bootId: 'boot' },
      clock: {
        wall: () => this.now,
        after: (ms: number, callback: () => void) => {
          this.timers.push([ms, callback]);
          return { cancel: () => (this.timers = []) };
        },
      },
      failed: (error: unknown) => void this.diary.push(`failed ${String(error)}`),
      file: {
        publish: (text: string, provenAt: number) => {
          if (this.refusal !== undefined) throw this.refusal;
          this.lines = text.split('\n');
          this.provenAt = provenAt;
        },
        withdraw: () => (this.lines = undefined),
      },
      ground: { state: (path: string) => this.files.get(path) },
      desired: {
        read: (name: string) => {
          this.diary.push(`read ${name}`);
          return this.records.get(name);
        },
      },
      desiredDirectory: '/state/desired',
      bootId: 'boot',
      manner: { skips: (spec: DaemonSpec) => this.skips(spec), inOrder: (specs: readonly DaemonSpec[]) => specs.toReversed() },
    };
    this.claim = new StartAllClaim(parts, this.configuration());
    const note = (what: string) => () => void this.diary.push(what);
    this.board = claimingBoard({ publish: note('publish'), withdraw: note('withdraw'), heartbeat: note('heartbeat'), close: note('close') }, this.claim);
  }

  configuration(daemons = this.daemons) {
    return { main: '/etc/wk.yaml', catalogue: catalogueOf(daemons), files: ['/etc/wk.yaml'], directories: ['/etc'], absent: ['/etc/conf.d'], variables: ['WATCHKEEPER_LOG_LEVEL'], isCurrent: () => this.isCurrent };
  }

  /** It has another state than before. */
  touch(path: string, modified = this.now): void {
    this.files.set(path, { stamp: `${modified} ${String(Math.random())}`, modified });
  }

  want(name: string, changes: Partial<DesiredRecord>): void {
    this.records.set(name, { desired: 'up', at: 1, by: 'test', bootId: 'boot', ...changes });
    this.touch('/state/desired');
  }

  publish(name: string, changes: Partial<DaemonStatus> = {}, isBarred?: boolean): void {
    this.board.publish(
      { name, desired: 'up', observed: 'running', ready: true, pid: 5, uptime: 1, owner: 'watcher', restarts: 0, nextTry: null, reason: 'test', lastExit: null, ...changes },
      undefined,
      isBarred,
    );
  }

  beat(): readonly string[] | undefined {
    this.now += 5000;
    this.board.heartbeat();
    return this.lines;
  }
}

describe('the claim that start-all has nothing to do', () => {
  it('names what it stands on: files, directories, variables, and all daemons that are not on demand', () => {
    const site = new Site([daemonSpec({ name: 'web', argumentVariables: ['WEB_ARGS', 'EXTRA_WEB_ARGS'] }), daemonSpec({ name: 'meta', onDemand: true, argumentVariables: ['EXTRA_META_ARGS'] }), daemonSpec({ name: 'db' })]);
    site.records.delete('meta');
    expect(site.beat()).to.deep.equal(['1 1 2 /etc/wk.yaml', 'same /etc/wk.yaml', 'same /etc', 'same /state/desired', 'absent /etc/conf.d', 'unset WATCHKEEPER_LOG_LEVEL', 'unset EXTRA_WEB_ARGS', 'up web', 'up db', 'end', '']);
  });

  it('is as old as the look at its grounds, less what the times of files lag behind', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    expect(site.provenAt).to.equal(site.now - FILE_TIME_LAG);
    site.beat();
    expect(site.provenAt).to.equal(site.now - FILE_TIME_LAG);
  });

  it('does not depend on what the daemons do: who believes it looks at them', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    const first = site.beat();
    site.publish('web', { observed: 'crash-loop', pid: null });
    expect(site.beat()).to.deep.equal(first);
    site.board.withdraw('web');
    expect(site.beat()).to.deep.equal(first);
  });

  it('is withdrawn while one is not wanted up by a word of this boot, and reads the words only where they may be others', () => {
    const site = new Site([daemonSpec({ name: 'web' }), daemonSpec({ name: 'db' })]);
    expect(site.beat()).to.be.an('array');
    site.diary.length = 0;
    site.beat();
    expect(site.diary, 'nothing has changed').to.deep.equal(['heartbeat']);
    for (const change of [{ desired: 'down' as const }, { bootId: 'earlier' }, { desired: 'down' as const, hold: true }]) {
      site.want('db', change);
      expect(site.beat(), JSON.stringify(change)).to.equal(undefined);
      site.want('db', {});
      expect(site.beat()).to.be.an('array');
    }
    site.records.delete('db');
    site.touch('/state/desired');
    expect(site.beat(), 'a start would write a word').to.equal(undefined);
    site.files.delete('/state/desired');
    expect(site.beat()).to.equal(undefined);
  });

  it('looks once more at words that may have changed within the same tick of the clock', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.now += 5000;
    site.touch('/state/desired', site.now - 10);
    site.board.heartbeat();
    expect(site.lines).to.be.an('array');
    // no trace of it: the directory's time is the same
    site.records.set('web', { desired: 'down', at: 1, by: 'test', bootId: 'boot' });
    expect(site.beat()).to.equal(undefined);
    // from now on a change shows
    site.diary.length = 0;
    site.beat();
    expect(site.diary).to.deep.equal(['heartbeat']);
  });

  it('sees a change also where the clock was stepped back', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    site.records.set('web', { desired: 'down', at: 1, by: 'test', bootId: 'boot' });
    site.touch('/state/desired', 500);
    site.now = 800;
    expect(site.beat()).to.equal(undefined);
  });

  it('is withdrawn when a configuration file changes, until it is read anew', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    // any difference, such as another mode: isCurrent is not asked
    site.touch('/etc/wk.yaml', 1000);
    expect(site.beat()).to.equal(undefined);
    expect(site.beat()).to.equal(undefined);
    site.claim.configure(site.configuration([daemonSpec({ name: 'other' })]));
    site.want('other', {});
    expect(site.beat()).to.include('up other').and.not.include('up web');
    site.files.delete('/etc/wk.yaml');
    expect(site.beat()).to.equal(undefined);
  });

  it('is withdrawn at once when a new configuration comes', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    site.claim.configure(site.configuration());
    expect(site.lines).to.equal(undefined);
  });

  it('is never made of a configuration that is outdated when it comes', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.isCurrent = false;
    site.claim.configure(site.configuration());
    site.isCurrent = true;
    expect(site.beat()).to.equal(undefined);
  });

  it('asks whether a drop-in has come where a directory has changed, and goes on where none has', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    site.touch('/etc');
    expect(site.beat()).to.be.an('array');
    site.touch('/etc');
    site.isCurrent = false;
    expect(site.beat()).to.equal(undefined);
    site.isCurrent = true;
    expect(site.beat()).to.be.an('array');
    site.touch('/etc/conf.d');
    expect(site.beat()).to.equal(undefined);
  });

  it('says of one that rests what a start would say, with the files that this depends on', () => {
    const other = daemonSpec({ name: 'opt', conditions: [{ kind: 'path-exists', path: '/a' }, { kind: 'path-missing', path: '/b' }] });
    const site = new Site([CONDITIONED, daemonSpec({ name: 'web' }), other]);
    site.skips = ({ name }) => (name === 'web' ? undefined : `reason of ${name}`);
    site.touch(LIST, 1000);
    site.touch('/b', 1000);
    for (const name of ['kvm', 'opt']) site.publish(name, { observed: 'stopped', pid: null });
    expect(site.beat()).to.include.members([`same ${LIST}`, 'there /b', 'absent /a', 'up web', 'down kvm', 'down opt']).and.not.include.members(['up kvm', 'up opt']);
    expect(site.lines?.filter((line) => line.startsWith('say')), 'in the order of the outcomes').to.deep.equal(['say opt: skipped: reason of opt', 'say kvm: skipped: reason of kvm']);
    site.files.delete(LIST);
    expect(site.beat()).to.include.members([`absent ${LIST}`, 'down kvm']);
    site.publish('kvm', {});
    expect(site.beat(), 'it was started').to.include('up kvm').and.not.include(`absent ${LIST}`);
  });

  it('says nothing of one whose conditions are met, that something else keeps down, or that a start would do more with', () => {
    const resting = { observed: 'stopped' as const, pid: null };
    const states: readonly Partial<DaemonStatus>[] = [{ ...resting, desired: 'down' }, { ...resting, paused: 'by ops' }, { ...resting, owner: 'cluster' }, { observed: 'failed', pid: null }, { observed: 'backing-off', pid: null }, { observed: 'waiting', pid: null }, {}];
    const site = new Site([CONDITIONED, daemonSpec({ name: 'needy', requires: ['kvm'], conditions: CONDITIONED.conditions }), daemonSpec({ name: 'plain' })]);
    site.skips = () => 'unmet';
    for (const state of states) {
      for (const { name } of site.daemons) site.publish(name, state);
      expect(site.beat(), JSON.stringify(state)).to.include.members(['up kvm', 'up needy', 'up plain']);
    }
    for (const { name } of site.daemons) site.publish(name, resting);
    expect(site.beat()).to.include.members(['down kvm', 'up needy', 'up plain']);
    site.skips = () => undefined;
    expect(site.beat()).to.include.members(['up kvm', 'up needy', 'up plain']);
  });

  it('stays while one is on its way to being skipped once more, so that it holds as soon as that is done', () => {
    const site = new Site([CONDITIONED]);
    site.skips = () => 'unmet';
    site.publish('kvm', { observed: 'stopped', pid: null });
    const claim = site.beat();
    expect(claim).to.include('down kvm');
    site.timers = [];
    site.publish('kvm', { observed: 'starting', pid: null });
    expect([site.beat(), site.timers]).to.deep.equal([claim, []]);
    site.publish('kvm', { observed: 'running' });
    expect(site.beat()).to.include('up kvm');
    site.publish('kvm', { observed: 'starting', pid: null });
    expect(site.beat()).to.include('up kvm');
  });

  it('hears soon, and once, of those that have come to rest', () => {
    const site = new Site([CONDITIONED, daemonSpec({ name: 'opt', conditions: CONDITIONED.conditions })]);
    site.skips = () => 'unmet';
    for (const { name } of site.daemons) site.publish(name, { observed: 'starting', pid: null });
    expect(site.beat()).to.include('up kvm');
    expect(site.timers).to.deep.equal([]);
    for (const { name } of site.daemons) site.publish(name, { observed: 'stopped', pid: null });
    expect(site.timers.map(([ms]) => ms)).to.deep.equal([200]);
    site.timers.splice(0).forEach(([, fire]) => fire());
    expect(site.lines).to.include.members(['down kvm', 'down opt']);
    site.refusal = new Error('the disk is full');
    site.publish('kvm');
    site.timers.splice(0).forEach(([, fire]) => fire());
    expect(site.diary.at(-1)).to.equal('failed Error: the disk is full');
    site.publish('opt');
    site.board.close();
    expect(site.timers).to.deep.equal([]);
  });

  it('does not trust the board for what is wanted where systemd restarts', () => {
    const site = new Site([CONDITIONED]);
    site.skips = () => 'unmet';
    site.publish('kvm', { observed: 'stopped', pid: null, owner: 'systemd', desired: 'down' });
    expect(site.beat()).to.include('down kvm');
  });

  it('is withdrawn at once when a start of what runs would fail, until it would not', () => {
    const site = new Site([daemonSpec({ name: 'web' }), daemonSpec({ name: 'meta', onDemand: true })]);
    site.beat();
    site.publish('web', {}, true);
    expect(site.lines).to.equal(undefined);
    expect(site.beat()).to.equal(undefined);
    site.publish('web');
    expect(site.beat()).to.be.an('array');
    site.publish('meta', {}, true);
    expect(site.beat(), 'nobody asks for it').to.be.an('array');
  });

  it('ends with the board, before it', () => {
    const site = new Site([daemonSpec({ name: 'web' })]);
    site.beat();
    site.board.close();
    expect([site.lines, site.diary.at(-1)]).to.deep.equal([undefined, 'close']);
  });
});
