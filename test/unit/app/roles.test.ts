import { expect } from 'chai';

import { Roles } from '../../../src/app/roles.js';
import type { RoleSource } from '../../../src/core/role.js';
import type { RunResult } from '../../../src/ports/runner.js';
import { FakeClock } from '../../support/fake-clock.js';

const SOURCE: RoleSource = { argv: ['/bin/is-master'], user: undefined, watch: ['/x/master'], interval: 300_000, timeout: 1000, startAfter: 30_000, stopAfter: 30_000, whenLost: 'leave' };

class Site {
  readonly clock = new FakeClock();
  readonly heard: string[] = [];
  status = 0;
  objection: string | undefined;
  asked = 0;
  /** What inotify would say. */
  touch: () => void = () => undefined;
  /** While it is set, the program does not end. */
  hang: Promise<void> | undefined;
  readonly roles: Roles;

  constructor(source: RoleSource = SOURCE) {
    const quiet = (): void => undefined;
    this.roles = new Roles(
      {
        clock: this.clock,
        runner: {
          run: async (): Promise<RunResult> => {
            this.asked += 1;
            const { status } = this;
            await this.hang;
            return { exit: { kind: 'exited', status }, timedOut: false, stdout: `says ${status}\n`, stderr: '' };
          },
        },
        programs: { objection: () => this.objection, list: () => [] },
        files: {
          watch: (_paths, changed) => {
            this.touch = changed;
            return { renew: quiet, cancel: () => (this.touch = quiet) };
          },
        },
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      },
      [{ name: 'master', description: '', target: undefined, source }],
    );
    this.roles.listen({
      answered: () => this.heard.push(`answered ${String(this.roles.holds('master'))}`),
      confirmed: (role) => this.heard.push(`${role} confirmed`),
      settled: (role, held) => this.heard.push(`${role} ${held ? 'gained' : 'lost'}`),
    });
  }

  /** As the cluster does: the answer is another one, and a file is rewritten. */
  async turn(status: number): Promise<void> {
    this.status = status;
    this.touch();
    await this.clock.advanceAsync(0);
  }

  news(): readonly string[] {
    return this.heard.splice(0);
  }
}

describe('app/roles', () => {
  it('is not known before somebody has looked', async () => {
    const site = new Site();
    expect(site.roles.holds('master')).to.equal(undefined);
    await site.roles.begin();
    expect(site.roles.list()).to.deep.equal([{ name: 'master', held: true, reason: 'says 0', since: site.clock.wall() }]);
    site.roles.release();
    expect(site.clock.armed).to.equal(0);
  });

  it('the first answer counts at once, and its absence is no loss', async () => {
    const site = new Site();
    await site.roles.begin();
    expect(site.news()).to.deep.equal(['answered true', 'master gained']);
    const other = new Site();
    other.status = 1;
    await other.roles.begin();
    await other.clock.advanceAsync(60_000);
    expect(other.news()).to.deep.equal(['answered false']);
  });

  it('a change is told at once, and settles only after a while', async () => {
    const site = new Site();
    site.status = 1;
    await site.roles.begin();
    site.news();
    await site.turn(0);
    expect(site.news()).to.deep.equal(['answered true']);
    await site.clock.advanceAsync(29_000);
    expect(site.news()).to.deep.equal([]);
    await site.clock.advanceAsync(2000);
    expect(site.news()).to.deep.equal(['master gained']);
    await site.turn(1);
    await site.clock.advanceAsync(31_000);
    expect(site.news()).to.deep.equal(['answered false', 'master lost']);
  });

  it('a loss that did not last is none, but whoever waited for the answer hears of it', async () => {
    const site = new Site();
    await site.roles.begin();
    site.news();
    await site.turn(1);
    await site.turn(0);
    await site.clock.advanceAsync(31_000);
    expect(site.news()).to.deep.equal(['answered false', 'answered true', 'master gained']);
  });

  it('what is not known is asked again soon, then slower, and never counts as a loss', async () => {
    const site = new Site();
    await site.roles.begin();
    await site.turn(2);
    site.news();
    site.asked = 0;
    await site.clock.advanceAsync(1000);
    expect(site.asked).to.equal(1);
    await site.clock.advanceAsync(600_000);
    expect(site.asked).to.be.within(8, 12);
    expect(site.news()).to.deep.equal([]);
    await site.turn(0);
    expect(site.news()).to.deep.equal(['answered true', 'master gained']);
  });

  it('asks slowly where nothing changes: no question a second', async () => {
    const site = new Site();
    await site.roles.begin();
    await site.clock.advanceAsync(3_600_000);
    expect(site.asked).to.equal(13);
    expect(site.news()).to.deep.equal(['answered true', 'master gained', ...Array.from({ length: 12 }, () => 'master confirmed')]);
  });

  it('a change during a question is asked for again behind it', async () => {
    const site = new Site();
    let answer = (): void => undefined;
    site.status = 1;
    site.hang = new Promise((resolve) => (answer = resolve));
    const begun = site.roles.begin();
    await site.turn(0);
    await site.turn(0);
    site.hang = undefined;
    answer();
    await begun;
    await site.clock.advanceAsync(0);
    expect([site.asked, site.roles.holds('master')]).to.deep.equal([2, true]);
  });

  it('does not run a program that others could have replaced', async () => {
    const site = new Site();
    site.objection = '/bin/is-master is writable by everybody';
    await site.roles.begin();
    expect([site.asked, site.roles.holds('master')]).to.deep.equal([0, undefined]);
    expect(site.roles.answer('master').reason).to.include('writable by everybody');
  });

  it('a reload keeps the answer of a source that is the same, and forgets another', async () => {
    const site = new Site();
    await site.roles.begin();
    const spec = { name: 'master', description: 'other', target: undefined };
    site.roles.configure([{ ...spec, source: { ...SOURCE } }]);
    expect(site.roles.holds('master')).to.equal(true);
    site.roles.configure([{ ...spec, source: { ...SOURCE, interval: 1000 } }]);
    expect(site.roles.holds('master')).to.equal(undefined);
    await site.roles.begin();
    expect(site.roles.holds('master')).to.equal(true);
    site.roles.configure([]);
    expect(site.clock.armed).to.equal(0);
  });

  it('a reload with another source does not forget a loss that is about to settle, nor takes a gain for settled', async () => {
    for (const [first, then, told] of [[0, 1, 'master lost'], [1, 0, 'master gained']] as const) {
      const site = new Site();
      site.status = first;
      await site.roles.begin();
      await site.clock.advanceAsync(10_000);
      await site.turn(then);
      await site.clock.advanceAsync(10_000);
      site.news();
      site.roles.configure([{ name: 'master', description: '', target: undefined, source: { ...SOURCE, interval: 200_000 } }]);
      await site.roles.begin();
      expect(site.news(), 'not at once').to.deep.equal([`answered ${String(then === 0)}`]);
      await site.clock.advanceAsync(29_000);
      expect(site.news(), 'not early').to.deep.equal([]);
      await site.clock.advanceAsync(2000);
      expect(site.news()).to.deep.equal([told]);
    }
  });

  it('a reload that crosses the first question, or comes twice, does not forget it either; a time without a source does', async () => {
    const site = new Site();
    const source = (interval: number): void => site.roles.configure([{ name: 'master', description: '', target: undefined, source: { ...SOURCE, interval } }]);
    await site.roles.begin();
    source(200_000);
    source(100_000);
    site.status = 1;
    await site.roles.begin();
    site.news();
    await site.clock.advanceAsync(31_000);
    expect(site.news()).to.deep.equal(['master lost']);
    await site.turn(0);
    await site.clock.advanceAsync(31_000);
    site.roles.configure([{ name: 'master', description: '', target: undefined, source: undefined }]);
    await site.roles.begin();
    source(300_000);
    site.status = 1;
    site.news();
    await site.roles.begin();
    await site.clock.advanceAsync(60_000);
    expect(site.news(), 'what ran meanwhile was anybody\'s').to.deep.equal(['answered false']);
  });
});
