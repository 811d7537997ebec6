import { expect } from 'chai';
import fc from 'fast-check';

import { orderGraph, type OrderGraph } from '../../../src/core/order-graph.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const told = ({ edges }: OrderGraph): readonly string[] => edges.map(({ from, to, required }) => `${from.spec.name} ${required ? '=>' : '->'} ${to.spec.name}`);

describe('the graph of the start order', () => {
  it('puts each daemon behind all that it waits for', () => {
    const graph = orderGraph([daemonSpec({ name: 'a' }), daemonSpec({ name: 'c', requires: ['b'] }), daemonSpec({ name: 'b', after: ['a'] }), daemonSpec({ name: 'lone' })]);
    expect(graph.nodes.map(({ spec, column }) => `${spec.name}${column}`)).to.deep.equal(['a0', 'b1', 'c2']);
    expect(told(graph)).to.have.members(['a -> b', 'b => c']);
    expect(graph.loose.map(({ name }) => name)).to.deep.equal(['lone']);
  });

  it('leaves out what a longer way says already, but not a requirement that only an order would stand for', () => {
    const chain = [daemonSpec({ name: 'a' }), daemonSpec({ name: 'b', requires: ['a'] })];
    expect(told(orderGraph([...chain, daemonSpec({ name: 'c', requires: ['a', 'b'] })]))).to.deep.equal(['a => b', 'b => c']);
    expect(told(orderGraph([...chain, daemonSpec({ name: 'c', requires: ['a'], after: ['b'] })]))).to.have.members(['a => b', 'a => c', 'b -> c']);
    expect(told(orderGraph([...chain, daemonSpec({ name: 'c', requires: ['b'], after: ['a'] })]))).to.deep.equal(['a => b', 'b => c']);
  });

  it('has every edge forwards and no two nodes in one place, whatever the catalogue', () => {
    const catalogue = fc.array(fc.array(fc.nat(14), { maxLength: 4 }), { maxLength: 15 });
    fc.assert(
      fc.property(catalogue, (edges) => {
        const specs = edges.map((others, index) => daemonSpec({ name: `n${index}`, requires: others.filter((other) => other < index).map((other) => `n${other}`) }));
        const graph = orderGraph(specs);
        const places = new Set(graph.nodes.map(({ column, row }) => `${column} ${row}`));
        return (
          places.size === graph.nodes.length &&
          graph.nodes.length + graph.loose.length === specs.length &&
          graph.edges.every(({ from, to }) => from.column < to.column) &&
          graph.nodes.every(({ row, column }) => row >= 0 && row <= graph.rows - 1 && column < graph.columns)
        );
      }),
    );
  });
});
