/**
 * The start order as a graph in columns: what is started first stands on the
 * left, and each daemon one column behind the last of those that it waits for.
 * Pure; in units of one node.
 */
import type { DaemonSpec } from './daemon.js';
import { orderForStart } from './order.js';

export interface GraphNode {
  readonly spec: DaemonSpec;
  readonly column: number;
  /** From the top; halves where columns are of different heights. */
  readonly row: number;
}

export interface GraphEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  /** Or it is mere order. */
  readonly required: boolean;
}

export interface OrderGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly columns: number;
  readonly rows: number;
  /** Those that nothing orders. */
  readonly loose: readonly DaemonSpec[];
}

/** Sweeps over the columns that sort each by where its neighbours stand. */
const SWEEPS = 4;

export function orderGraph(daemons: readonly DaemonSpec[]): OrderGraph {
  const known = new Set(daemons.map(({ name }) => name));
  const earlier = new Map(daemons.map((spec) => [spec.name, [...new Set([...spec.requires, ...spec.after])].filter((name) => known.has(name))]));
  const later = new Map<string, string[]>();
  for (const [name, names] of earlier) for (const other of names) later.set(other, [...(later.get(other) ?? []), name]);
  const isLoose = ({ name }: DaemonSpec): boolean => (earlier.get(name)?.length ?? 0) + (later.get(name)?.length ?? 0) === 0;
  const order = orderForStart(daemons.filter((spec) => !isLoose(spec)));
  const columns = order.ok ? order.waves.map((wave) => [...wave]) : [];

  const rank = new Map<string, number>();
  const number = (column: readonly DaemonSpec[]): void => column.forEach(({ name }, index) => rank.set(name, index - (column.length - 1) / 2));
  columns.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? columns.slice(1) : columns.slice(0, -1).reverse()) {
      const neighbours = forth ? earlier : later;
      const place = new Map(column.map(({ name }) => [name, mean((neighbours.get(name) ?? []).map((other) => rank.get(other) ?? 0)) ?? rank.get(name) ?? 0]));
      column.sort((a, b) => (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0));
      number(column);
    }
  }
  const rows = Math.max(0, ...columns.map((column) => column.length));
  const nodes = columns.flatMap((column, index) => column.map((spec, at) => ({ spec, column: index, row: (rows - column.length) / 2 + at })));
  const byName = new Map(nodes.map((node) => [node.spec.name, node]));
  const edges = nodes.flatMap((to) =>
    (earlier.get(to.spec.name) ?? []).flatMap((name): GraphEdge[] => {
      const from = byName.get(name);
      return from === undefined ? [] : [{ from, to, required: to.spec.requires.includes(name) }];
    }),
  );
  return { nodes, edges: withoutShortcuts(edges), columns: columns.length, rows, loose: daemons.filter(isLoose) };
}

/** An edge that says no more than a way over others does is left out. */
function withoutShortcuts(edges: readonly GraphEdge[]): readonly GraphEdge[] {
  const leaving = new Map<GraphNode, GraphEdge[]>();
  for (const edge of edges) leaving.set(edge.from, [...(leaving.get(edge.from) ?? []), edge]);
  return edges.filter((shortcut) => {
    const { to, required } = shortcut;
    const seen = new Set<GraphNode>();
    const pending = [shortcut.from];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const edge of leaving.get(at) ?? []) {
        if (edge === shortcut || (required && !edge.required) || seen.has(edge.to)) continue;
        if (edge.to === to) return false;
        seen.add(edge.to);
        pending.push(edge.to);
      }
    }
    return true;
  });
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
