import { expect } from 'chai';
import fc from 'fast-check';

import { CORRECTION, delayOver, ended, freshPlan, LATE, look, resumedPlan, type Decision, type Plan, type SchedulePolicy, type Timetable } from '../../../src/core/schedule.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A multiple of every period. */
const BEGIN = 20_006 * 24 * HOUR;

/** What happens to a machine: ms pass, clocks are set, runs end, the watcher is replaced. */
type Happening =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'step'; readonly ms: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'down'; readonly ms: number };

const STEP = fc.integer({ min: -CORRECTION + LATE, max: CORRECTION - LATE }).map((ms): Happening => ({ kind: 'step', ms }));
const CALM: fc.Arbitrary<Happening>[] = [
  fc.integer({ min: 1, max: 5000 }).map((ms): Happening => ({ kind: 'pass', ms })),
  fc.integer({ min: 1, max: 2 * HOUR }).map((ms): Happening => ({ kind: 'pass', ms })),
  fc.constant<Happening>({ kind: 'end' }),
];
const DOWN = fc.integer({ min: 0, max: 30 * HOUR }).map((ms): Happening => ({ kind: 'down', ms }));
const POLICY: fc.Arbitrary<SchedulePolicy> = fc.record({
  overlap: fc.constantFrom('skip' as const, 'queue' as const),
  catchUp: fc.constantFrom('none' as const, 'once' as const),
  jitter: fc.constantFrom(0, 0, 30_000),
});
const PERIOD = fc.constantFrom(MINUTE, 7 * MINUTE, HOUR, 24 * HOUR);

interface World {
  wall: number;
  plan: Plan;
  /** Largest time that the clock has shown. */
  latest: number;
  running: boolean;
  readonly started: number[];
}

class Machine {
  readonly world: World;
  readonly #timetable: Timetable;

  constructor(
    period: number,
    private readonly policy: SchedulePolicy,
    /** Runs end as soon as they have begun. */
    private readonly quick = false,
  ) {
    this.#timetable = (after) => Math.floor(after / period) * period + period;
    this.world = { wall: BEGIN + 1, plan: freshPlan(this.#timetable, BEGIN + 1), latest: BEGIN + 1, running: false, started: [] };
  }

  happen(happening: Happening): void {
    const { world } = this;
    switch (happening.kind) {
      case 'pass':
        this.#pass(happening.ms);
        return;
      case 'step':
        // Steps back may add up to more, which is another case.
        world.wall = Math.max(world.wall + happening.ms, world.latest - CORRECTION + LATE);
        this.#look(true);
        return;
      case 'end':
        if (world.running) this.#end();
        return;
      case 'down': {
        // Its run ends unseen; what was delayed is forgotten.
        world.running = false;
        world.wall += happening.ms;
        const { cursor, queued, ran, delayed } = world.plan;
        const undecided = delayed?.scheduled === undefined ? cursor : delayed.scheduled - 1;
        world.plan = resumedPlan(this.#timetable, { cursor: Math.min(cursor, undecided), queued, ran }, false);
        this.#look(false);
        // scheduled-task.ts begins so
        if (!world.plan.running && queued !== undefined) this.#apply(ended(world.plan));
      }
    }
  }

  /** As the watcher does: it looks at each due instant, and every so often. */
  #pass(ms: number): void {
    const { world } = this;
    for (let left = ms; left > 0; ) {
      const until = world.plan.next === undefined ? Infinity : Math.max(1, world.plan.next - world.wall);
      const leap = Math.min(left, until, 10 * MINUTE);
      world.wall += leap;
      left -= leap;
      this.#look(true);
    }
  }

  #look(watched: boolean): void {
    const { world } = this;
    world.latest = Math.max(world.latest, world.wall);
    this.#apply(look(world.plan, { policy: this.policy, now: world.wall, random: 0.5, timetable: this.#timetable, watched }));
  }

  #end(): void {
    this.world.running = false;
    this.#apply(ended(this.world.plan));
  }

  #apply([plan, decisions]: readonly [Plan, readonly Decision[]]): void {
    const { world } = this;
    world.plan = plan;
    for (const decision of decisions) {
      if (decision.kind === 'start') {
        expect(world.running, 'two at a time').to.equal(false);
        world.running = true;
        if (decision.due.scheduled !== undefined) world.started.push(decision.due.scheduled);
      }
      if (decision.kind !== 'delay') continue;
      this.#apply(delayOver(plan, this.policy));
      return;
    }
    expect(plan.running).to.equal(world.running);
    expect(plan.next === undefined || plan.next > plan.cursor).to.equal(true);
    if (this.quick && world.running) this.#end();
  }
}

describe('schedule: properties', () => {
  it('no instant runs twice, none runs before its time, never two at once', () => {
    fc.assert(
      fc.property(PERIOD, POLICY, fc.array(fc.oneof(...CALM, STEP, DOWN), { maxLength: 60 }), (period, policy, happenings) => {
        const machine = new Machine(period, policy);
        for (const happening of happenings) machine.happen(happening);
        const { started, latest } = machine.world;
        expect(new Set(started).size).to.equal(started.length);
        for (const instant of started) expect(instant % period === 0 && instant <= latest && instant > BEGIN).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });

  it('with a watcher, and runs that end at once, clocks lose none: whenever an instant is passed for the first time, it runs, or the last of those leapt over with it', () => {
    const happening = fc.oneof(CALM[0] ?? STEP, CALM[1] ?? STEP, STEP);
    fc.assert(
      fc.property(PERIOD, fc.array(happening, { maxLength: 60 }), (period, happenings) => {
        const machine = new Machine(period, { overlap: 'skip', catchUp: 'none', jitter: 0 }, true);
        for (const one of happenings) {
          const before = machine.world.latest;
          machine.happen(one);
          const { latest, started } = machine.world;
          const last = Math.floor(latest / period) * period;
          const fresh = started.filter((instant) => instant > before);
          const passed = (last - Math.floor(before / period) * period) / period;
          expect(started.at(-1) ?? BEGIN).to.equal(last);
          // Without a step every single one has run.
          expect(fresh.length).to.equal(one.kind === 'pass' ? passed : Math.min(1, passed));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('after any downtime, catch-up runs at most once, and then waits for the next instant', () => {
    fc.assert(
      fc.property(PERIOD, fc.constantFrom('none' as const, 'once' as const), fc.integer({ min: 0, max: 400 * 24 * HOUR }), (period, catchUp, downtime) => {
        const machine = new Machine(period, { overlap: 'skip', catchUp, jitter: 0 }, true);
        machine.happen({ kind: 'down', ms: downtime });
        const { started, wall, plan } = machine.world;
        const missed = Math.floor(wall / period) * period;
        const any = missed > BEGIN;
        expect(started).to.deep.equal(any && (catchUp === 'once' || wall - missed <= LATE) ? [missed] : []);
        expect(plan.next).to.equal(Math.max(missed, BEGIN) + period);
      }),
    );
  });
});
