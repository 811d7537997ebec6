import { expect } from 'chai';
import fc from 'fast-check';
import type { DaemonSpec } from '../../../src/core/daemon.js';
import { inStartOrder, longestWay, orderForStart } from '../../../src/core/order.js';
import { daemonSpec } from '../../support/daemon-spec.js';

type Edges = Readonly<Record<string, Partial<Pick<DaemonSpec, 'after' | 'requires'>>>>;

function daemons(edges: Edges): DaemonSpec[] {
  return Object.entries(edges).map(([name, edge]) => daemonSpec({ name, ...edge }));
}

function names(specs: readonly DaemonSpec[]): string[] {
  return specs.map((spec) => spec.name);
}

function ordered(specs: readonly DaemonSpec[]): { sequence: string[]; waves: string[][] } {
  const order = orderForStart(specs);
  if (!order.ok) throw new Error(`cycle: ${order.cycle.join(' → ')}`);
  return { sequence: names(order.sequence), waves: order.waves.map(names) };
}

/** Daemons n0 … with edges to earlier ones only, hence without a cycle, in an order of their own. */
const acyclic = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 25 }).chain((edges) =>
  fc.shuffledSubarray(
    edges.map((targets, index) =>
      daemonSpec({
        name: `n${index}`,
        after: targets.filter((target) => target < index && target % 2 === 0).map((target) => `n${target}`),
        requires: targets.filter((target) => target < index && target % 2 === 1).map((target) => `n${target}`),
      }),
    ),
  ),
);

function dependsOn(byName: ReadonlyMap<string, DaemonSpec>, from: string, to: string): boolean {
  const spec = byName.get(from);
  return from === to || [...(spec?.requires ?? []), ...(spec?.after ?? [])].some((name) => byName.has(name) && dependsOn(byName, name, to));
}

describe('orderForStart', () => {
  it('keeps the order of the catalogue where no edge says otherwise', () => {
    expect(ordered(daemons({ c: {}, a: {}, b: {} }))).to.deep.equal({ sequence: ['c', 'a', 'b'], waves: [['c', 'a', 'b']] });
  });

  it('moves what is needed forward, and nothing else', () => {
    expect(ordered(daemons({ c: { requires: ['b', 'a'] }, x: {}, a: {}, b: {} }))).to.deep.equal({
      sequence: ['a', 'b', 'c', 'x'],
      waves: [['x', 'a', 'b'], ['c']],
    });
  });

  it('takes edges to what is not selected for none', () => {
    expect(ordered(daemons({ b: { after: ['a'] }, c: { requires: ['z'], after: ['b'] } }))).to.deep.equal({
      sequence: ['b', 'c'],
      waves: [['b'], ['c']],
    });
  });

  it('starts a daemon once that is selected twice', () => {
    const [a, b] = daemons({ a: {}, b: { after: ['a', 'a'] } });
    if (a === undefined || b === undefined) throw new Error('two daemons were expected');
    expect(ordered([b, a, b, a])).to.deep.equal({ sequence: ['a', 'b'], waves: [['a'], ['b']] });
  });

  it('orders nothing', () => {
    expect(ordered([])).to.deep.equal({ sequence: [], waves: [] });
  });

  for (const [what, edges, cycle] of [
    ['itself', { a: { after: ['a'] } }, ['a', 'a']],
    ['two', { a: { requires: ['b'] }, b: { after: ['a'] } }, ['a', 'b', 'a']],
    ['three behind another', { x: { after: ['a'] }, a: { after: ['b'] }, b: { after: ['c'] }, c: { requires: ['a'] } }, ['a', 'b', 'c', 'a']],
  ] as const) {
    it(`names a cycle of ${what}`, () => {
      expect(orderForStart(daemons(edges))).to.deep.equal({ ok: false, cycle });
    });
  }

  it('takes a chain longer than the stack', () => {
    const length = 30_000;
    const chain = Array.from({ length }, (_, index) => daemonSpec({ name: `n${index}`, after: index + 1 < length ? [`n${index + 1}`] : [] }));
    const { sequence, waves } = ordered(chain);
    expect(sequence[0]).to.equal(`n${length - 1}`);
    expect(waves).to.have.length(length);
  });

  it('lets each daemon follow all that it depends on, once', () => {
    fc.assert(
      fc.property(acyclic, (selection) => {
        const { sequence, waves } = ordered(selection);
        expect([...sequence].sort()).to.deep.equal(names(selection).sort());
        expect(waves.flat().sort()).to.deep.equal([...sequence].sort());
        const position = new Map(sequence.map((name, index) => [name, index]));
        const wave = new Map(waves.flatMap((members, index) => members.map((name) => [name, index] as const)));
        for (const spec of selection) {
          const earlier = [...spec.requires, ...spec.after].filter((name) => position.has(name));
          for (const name of earlier) expect(position.get(name)).to.be.lessThan(position.get(spec.name) ?? -1);
          const deepest = Math.max(-1, ...earlier.map((name) => wave.get(name) ?? -1));
          expect(wave.get(spec.name), 'the earliest wave that is possible').to.equal(deepest + 1);
        }
      }),
    );
  });

  it('changes nothing where the catalogue is in order already', () => {
    fc.assert(
      fc.property(acyclic, (selection) => {
        const { sequence } = ordered(selection);
        const byName = new Map(selection.map((spec) => [spec.name, spec]));
        const inOrder = sequence.map((name) => byName.get(name)).filter((spec) => spec !== undefined);
        expect(ordered(inOrder).sequence).to.deep.equal(sequence);
      }),
    );
  });

  it('finds a cycle wherever one edge closes it, and only real ones', () => {
    fc.assert(
      fc.property(acyclic, fc.nat(), fc.nat(), (selection, from, to) => {
        const first = selection[from % Math.max(1, selection.length)];
        const last = selection[to % Math.max(1, selection.length)];
        if (first === undefined || last === undefined) return;
        const changed = selection.map((spec) => (spec.name === first.name ? { ...spec, after: [...spec.after, last.name] } : spec));
        const order = orderForStart(changed);
        const byName = new Map(changed.map((spec) => [spec.name, spec]));
        expect(order.ok).to.equal(!dependsOn(byName, last.name, first.name));
        if (order.ok) return;
        expect(order.cycle[0]).to.equal(order.cycle.at(-1));
        order.cycle.slice(1).forEach((name, index) => {
          const spec = byName.get(order.cycle[index] ?? '');
          expect([...(spec?.requires ?? []), ...(spec?.after ?? [])]).to.include(name);
        });
      }),
    );
  });
});

describe('start order', () => {
  it('is the sequence, whatever the selection, and a cycle as it is', () => {
    const [db, api, web] = daemons({ db: {}, api: { requires: ['db'] }, web: { after: ['api'] } });
    if (db === undefined || api === undefined || web === undefined) throw new Error('three were expected');
    expect(names(inStartOrder([web, api, db]))).to.deep.equal(['db', 'api', 'web']);
    expect(names(inStartOrder(daemons({ a: { after: ['b'] }, b: { after: ['a'] } })))).to.deep.equal(['a', 'b']);
  });
});

describe('longest way through an order', () => {
  it('is each wave after the other, and of a wave the longest', () => {
    const specs = daemons({ db: {}, log: {}, api: { requires: ['db'] }, web: { after: ['api'] } });
    const takes: Readonly<Record<string, number>> = { db: 10, log: 25, api: 5, web: 1 };
    expect(longestWay(specs, ({ name }) => takes[name] ?? 0)).to.equal(31);
    expect(longestWay([], () => 7)).to.equal(0);
  });
});
