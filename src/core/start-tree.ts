/**
 * The start order as a tree: each daemon once, below the last of those that it
 * waits for; the others are named beside it. Pure.
 */
import type { DaemonSpec } from './daemon.js';
import { orderForStart } from './order.js';

export interface TreeNode {
  readonly spec: DaemonSpec;
  /** Others that it is started after, besides the one above it. */
  readonly besides: readonly string[];
  readonly below: readonly TreeNode[];
}

/** The catalogue's daemons have no cycle: loading it sees to that. */
export function startTree(daemons: readonly DaemonSpec[]): readonly TreeNode[] {
  const order = orderForStart(daemons);
  const sequence = order.ok ? order.sequence : daemons;
  const rank = new Map(sequence.map(({ name }, index) => [name, index]));
  const depth = new Map((order.ok ? order.waves : []).flatMap((wave, index) => wave.map(({ name }) => [name, index] as const)));
  const parents = new Map(sequence.map((spec) => [spec.name, earlier(spec, rank, depth)]));
  const nodesBelow = (parent: string | undefined): readonly TreeNode[] =>
    sequence
      .filter(({ name }) => parents.get(name)?.[0] === parent)
      .map((spec) => ({ spec, besides: parents.get(spec.name)?.slice(1) ?? [], below: nodesBelow(spec.name) }));
  return nodesBelow(undefined);
}

/** Those that it waits for, the one that is started last first. */
function earlier(spec: DaemonSpec, rank: ReadonlyMap<string, number>, depth: ReadonlyMap<string, number>): readonly string[] {
  const names = [...new Set([...spec.requires, ...spec.after])].filter((name) => rank.has(name));
  return names.sort((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0) || (rank.get(b) ?? 0) - (rank.get(a) ?? 0));
}

export interface TreeStyle {
  /** Whether the terminal shows line-drawing characters. */
  readonly utf8: boolean;
}

export function treeLines(nodes: readonly TreeNode[], { utf8 }: TreeStyle): readonly string[] {
  const [tee, elbow, pipe] = utf8 ? ['├── ', '└── ', '│   '] : ['|-- ', '`-- ', '|   '];
  const lines: string[] = [];
  const visit = (node: TreeNode, own: string, below: string): void => {
    lines.push(`${own}${node.spec.name}${remarks(node)}`);
    node.below.forEach((child, index) => {
      const last = index === node.below.length - 1;
      visit(child, below + (last ? elbow : tee), below + (last ? '    ' : pipe));
    });
  };
  for (const node of nodes) visit(node, '', '');
  return lines;
}

function remarks({ spec, besides }: TreeNode): string {
  const parts = [
    ...(spec.roles.length === 0 ? [] : [spec.roles.join(', ')]),
    ...(spec.onDemand ? ['on demand'] : []),
    ...(besides.length === 0 ? [] : [`also after ${besides.join(', ')}`]),
    ...(spec.restartWith.length === 0 ? [] : [`restarted with ${spec.restartWith.join(', ')}`]),
  ];
  return parts.length === 0 ? '' : `  (${parts.join('; ')})`;
}

/** For Graphviz's dot(1): a solid edge for what is required, a dashed one for mere order. */
export function dotLines(name: string, daemons: readonly DaemonSpec[]): readonly string[] {
  const known = new Set(daemons.map((daemon) => daemon.name));
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const edges = daemons.flatMap((daemon) => [
    ...daemon.requires.filter((other) => known.has(other)).map((other) => `  ${quote(other)} -> ${quote(daemon.name)};`),
    ...daemon.after
      .filter((other) => known.has(other) && !daemon.requires.includes(other))
      .map((other) => `  ${quote(other)} -> ${quote(daemon.name)} [style=dashed];`),
  ]);
  const nodes = daemons.map((daemon) => `  ${quote(daemon.name)}${daemon.onDemand ? ' [style=dotted]' : ''};`);
  return [`digraph ${quote(name)} {`, '  rankdir=LR;', '  node [shape=box];', ...nodes, ...edges, '}'];
}
