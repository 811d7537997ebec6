/** Which hooks are told of what, how often, in what words. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { DIRECTORY_HOOK, HOOK_EVENTS, isHookEvent, NOTHING_OMITTED, type HookEvent, type HookSpec } from '../../../src/core/hook.js';
import { admit, concerns, eventEnvironment, eventLine, eventOfNews, outputLines, UNLIMITED_YET, type RateState } from '../../../src/core/hook-policy.js';

const HOOK: HookSpec = { ...DIRECTORY_HOOK, name: 'mail', on: [], argv: ['/usr/bin/mail-event'] };

const EVENT: HookEvent = {
  event: 'crash', news: 'crash', id: 7, at: 1_800_000_000_000, daemon: 'web', role: null, members: [], reason: 'killed by SIGKILL',
  pid: 4711, restarts: 2, nextTryMs: 1000, observed: 'backing-off', desired: 'up', test: false,
};

describe('events for hooks', () => {
  it('come of the news that tell of trouble and of its end, and of no other', () => {
    expect(eventOfNews('crash')).to.equal('crash');
    expect(eventOfNews('given-up')).to.equal('given-up');
    expect((['unhealthy', 'degraded', 'healthy'] as const).map(eventOfNews)).to.deep.equal(['health', 'health', 'health']);
    expect((['start', 'ready', 'stopped', 'adopted'] as const).map(eventOfNews)).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it('have a closed list of names', () => {
    expect(HOOK_EVENTS.every(isHookEvent)).to.equal(true);
    expect(['', 'crash ', 'constructor', 'start'].some(isHookEvent)).to.equal(false);
  });

  it('go to the hooks that name the event, and the daemon or the role', () => {
    const told = (hook: Partial<HookSpec>, event: Partial<HookEvent>): boolean => concerns({ ...HOOK, ...hook }, { ...EVENT, ...event });
    const role: Partial<HookEvent> = { event: 'role-start', daemon: null, role: 'master' };
    expect(told({}, {})).to.equal(true);
    expect(told({ on: ['restart'] }, {})).to.equal(false);
    expect(told({ on: ['restart', 'crash'] }, {})).to.equal(true);
    expect(told({ daemons: ['db'] }, {})).to.equal(false);
    expect(told({ daemons: ['db', 'web'] }, {})).to.equal(true);
    expect(told({ roles: ['master'] }, {}), 'roles say nothing of daemons').to.equal(true);
    expect(told({ daemons: ['db'] }, role), 'daemons say nothing of roles').to.equal(true);
    expect(told({ roles: ['node'] }, role)).to.equal(false);
    expect(told({ roles: ['master'] }, role)).to.equal(true);
  });
});

describe('the rate limit of a hook', () => {
  it('counts what it suppresses, and tells it with the next run', () => {
    const limit = { events: 2, period: 1000 };
    const instants = [0, 10, 20, 30, 999, 1005, 1006, 1020];
    let state: RateState = UNLIMITED_YET;
    const told = instants.map((now) => {
      const admission = admit(limit, state, now);
      ({ state } = admission);
      return admission.admitted ? admission.suppressed : '-';
    });
    expect(told).to.deep.equal([0, 0, '-', '-', '-', 3, '-', 1]);
  });

  it('holds in every window, and loses no count', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1000 }), (gaps, events, period) => {
        let now = 0;
        let state: RateState = UNLIMITED_YET;
        const runs: number[] = [];
        let counted = 0;
        for (const gap of gaps) {
          now += gap;
          const admission = admit({ events, period }, state, now);
          ({ state } = admission);
          if (!admission.admitted) continue;
          runs.push(now);
          counted += admission.suppressed;
        }
        for (const start of runs) expect(runs.filter((at) => at >= start && at < start + period)).to.have.length.at.most(events);
        expect(runs.length + counted + state.suppressed).to.equal(gaps.length);
        expect(state.runs.length).to.be.at.most(events);
      }),
    );
  });
});

describe('what a hook is told', () => {
  it('is one line of JSON with a version', () => {
    const line = eventLine({ ...EVENT, reason: 'ended: "ä"\nforged' }, { suppressed: 3, dropped: 1 });
    expect(line.split('\n')).to.have.length(2);
    expect(line).to.match(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).to.deep.equal({ schemaVersion: 1, ...EVENT, reason: 'ended: "ä"\\nforged', suppressed: 3, dropped: 1 });
  });

  it('is in the environment too, bounded, without control characters, every variable there', () => {
    const hostile = eventEnvironment({ ...HOOK, environment: { TO: 'root' } }, { ...EVENT, pid: null, reason: `\u001b[31m$(reboot)\n${'x'.repeat(5000)}` }, NOTHING_OMITTED);
    expect(hostile).to.include({ WATCHKEEPER_HOOK: 'mail', WATCHKEEPER_EVENT: 'crash', WATCHKEEPER_EVENT_DAEMON: 'web', WATCHKEEPER_EVENT_PID: '', WATCHKEEPER_EVENT_NEXT_TRY_MS: '1000', TO: 'root' });
    const reason = hostile['WATCHKEEPER_EVENT_REASON'] ?? '';
    expect(reason.startsWith('\\e[31m$(reboot)\\n')).to.equal(true);
    expect(reason.length).to.be.at.most(1000);
    const none = eventEnvironment(HOOK, { ...EVENT, daemon: null, pid: null, restarts: null, nextTryMs: null, observed: null, desired: null, id: null }, NOTHING_OMITTED);
    expect(Object.keys(none).sort()).to.deep.equal(Object.keys(eventEnvironment(HOOK, EVENT, NOTHING_OMITTED)).sort());
  });

  it('never has the mark of a daemon: what a hook leaves would be taken for it', () => {
    expect(eventEnvironment(HOOK, EVENT, NOTHING_OMITTED)).not.to.have.property('WATCHKEEPER_DAEMON');
  });
});

describe('what a hook says', () => {
  it('is logged by whole lines, few and short', () => {
    expect(outputLines('\n')).to.deep.equal([]);
    expect(outputLines('one\r\n\ntwo\u001b[2J')).to.deep.equal(['one', 'two\\e[2J']);
    const many = outputLines('x\n'.repeat(50) + 'y'.repeat(1000));
    expect(many).to.have.length(21);
    expect(many.at(-1)).to.equal('… and 31 more lines');
    expect(outputLines('y'.repeat(1000))[0]?.length).to.equal(400);
  });
});
