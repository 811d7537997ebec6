import { expect } from 'chai';

import { PatientOverride } from '../../../src/app/patient-override.js';
import { FakeClock } from '../../support/fake-clock.js';

class World {
  readonly clock = new FakeClock();
  readonly there = new Map<string, string>();
  readonly calls: string[] = [];
  readonly down = new Set<string>();
  readonly held = new Set<string>();
  readonly busy = new Set<string>();
  readonly warnings: string[] = [];
  readonly unread = new Set<string>();
  readonly aside = new Set<string>();
  refusal: Error | undefined;
  deaf = false;

  make(): PatientOverride {
    return new PatientOverride({
      overrides: {
        put: (unit, resource) => {
          this.calls.push(`put ${unit}`);
          this.there.set(unit, resource);
          return Promise.resolve();
        },
        remove: () => Promise.reject(new Error('it is only set aside')),
        present: () => [...this.there.keys()],
        isThere: (unit, resource) => this.there.get(unit) === resource,
        setAside: (unit) => {
          this.calls.push(`set aside ${unit}`);
          if (this.refusal !== undefined) return Promise.reject(this.refusal);
          this.there.delete(unit);
          this.aside.add(unit);
          return Promise.resolve();
        },
        aside: () => [...this.aside],
        clear: (unit) => {
          this.calls.push(`clear ${unit}`);
          this.aside.delete(unit);
        },
        isRead: (unit) => Promise.resolve(!this.unread.has(unit)),
        hindersStop: () => Promise.resolve(false),
      },
      clock: this.clock,
      isHeld: (unit) => Promise.resolve(this.held.has(unit)),
      isDown: (unit) => (this.deaf ? Promise.reject(new Error('systemd is deaf')) : Promise.resolve(this.down.has(unit))),
      alone: (unit, action) => (this.busy.has(unit) ? Promise.resolve() : action()),
      warn: (text) => this.warnings.push(text),
    });
  }
}

/** What was set going without being waited for. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('patient override', () => {
  let world: World;
  let override: PatientOverride;

  beforeEach(async () => {
    world = new World();
    override = world.make();
    await override.put('a', 'rsc');
    world.calls.length = 0;
  });

  it('removes it from a unit that runs at once', async () => {
    await override.remove('a');
    expect(world.calls).to.deep.equal(['set aside a']);
    expect(world.clock.armed).to.equal(0);
  });

  it('leaves it over a unit that is down for a moment, and a start in it costs nothing', async () => {
    world.down.add('a');
    await override.remove('a');
    world.clock.advance(1000);
    await override.put('a', 'rsc');
    world.down.delete('a');
    world.clock.advance(60_000);
    await settled();
    expect(world.calls).to.deep.equal([]);
    expect(world.clock.armed).to.equal(0);
  });

  it('removes it from a unit that stays down', async () => {
    world.down.add('a');
    await override.remove('a');
    world.clock.advance(2000);
    await settled();
    expect(world.calls).to.deep.equal(['set aside a']);
    await override.put('a', 'rsc');
    expect(world.calls).to.deep.equal(['set aside a', 'put a']);
  });

  it('removes it at once where systemd has not the unit in memory', async () => {
    world.down.add('a');
    world.unread.add('a');
    await override.remove('a');
    expect(world.calls).to.deep.equal(['set aside a']);
    expect(world.clock.armed).to.equal(0);
  });

  it('says so where it cannot look, and ends nobody by that', async () => {
    world.down.add('a');
    await override.remove('a');
    world.deaf = true;
    world.clock.advance(2000);
    await settled();
    expect(world.warnings).to.have.length(1);
    expect(world.warnings[0]).to.include('the drop-in of a').and.include('systemd is deaf');
    world.deaf = false;
    await override.sweep();
    expect(world.calls).to.deep.equal(['set aside a']);
  });

  it('at the end of the watcher it no longer waits', async () => {
    world.down.add('a');
    await override.remove('a');
    await override.finish();
    expect(world.calls).to.deep.equal(['set aside a', 'clear a']);
    expect(world.clock.armed).to.equal(0);
  });

  it('puts it again for another resource, and where somebody took it away', async () => {
    await override.put('a', 'other');
    world.there.delete('a');
    await override.put('a', 'other');
    expect(world.calls).to.deep.equal(['put a', 'put a']);
  });

  it('the next watcher removes what is over a unit that is down and not held, and at which nobody is', async () => {
    for (const unit of ['dead', 'held', 'running', 'busy']) world.there.set(unit, 'rsc');
    for (const unit of ['dead', 'held', 'busy', 'a']) world.down.add(unit);
    world.held.add('held');
    world.busy.add('busy');
    world.held.add('a');
    await world.make().sweep();
    expect(world.calls).to.deep.equal(['set aside dead']);
    expect(world.warnings).to.deep.equal([]);
  });

  it('says what it could not remove, and goes on', async () => {
    world.there.set('other', 'rsc');
    for (const unit of ['a', 'other']) world.down.add(unit);
    world.refusal = new Error('read-only');
    await world.make().sweep();
    expect(world.calls).to.deep.equal(['set aside a', 'set aside other']);
    expect(world.warnings).to.have.length(2);
    expect(world.warnings[0]).to.include('read-only');
  });
});
