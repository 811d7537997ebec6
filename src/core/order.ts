/**
 * Selection of daemons → the order to start and stop them. A topological sort
 * that is stable: daemons that no edge orders keep the catalogue's own order.
 */
import type { DaemonSpec } from './daemon.js';

export type Ordered =
  | {
      readonly ok: true;
      /** One after the other: the catalogue's own order, bent only where an edge demands it. */
      readonly sequence: readonly DaemonSpec[];
      /** Side by side: within a wave nothing is ordered, and each depends only on earlier ones. */
      readonly waves: readonly (readonly DaemonSpec[])[];
    }
  /** Names along the cycle; the first one is repeated at the end. */
  | { readonly ok: false; readonly cycle: readonly string[] };

function predecessors(daemon: DaemonSpec): readonly string[] {
  return [...daemon.requires, ...daemon.after];
}

/** An edge to a daemon that is not selected orders nothing, as systemd.unit(5) `After=`. */
export function orderForStart(selection: readonly DaemonSpec[]): Ordered {
  const byName = new Map(selection.map((daemon) => [daemon.name, daemon]));
  const depth = new Map<string, number>();
  const sequence: DaemonSpec[] = [];
  const path: string[] = [];

  function visit(daemon: DaemonSpec): string[] | undefined {
    if (depth.has(daemon.name)) return undefined;
    const seen = path.indexOf(daemon.name);
    if (seen >= 0) return [...path.slice(seen), daemon.name];
    path.push(daemon.name);
    let deepest = 0;
    for (const name of predecessors(daemon)) {
      const earlier = byName.get(name);
      if (earlier === undefined) continue;
      const cycle = visit(earlier);
      if (cycle !== undefined) return cycle;
      deepest = Math.max(deepest, (depth.get(name) ?? 0) + 1);
    }
    path.pop();
    depth.set(daemon.name, deepest);
    sequence.push(daemon);
    return undefined;
  }

  for (const daemon of selection) {
    const cycle = visit(daemon);
    if (cycle !== undefined) return { ok: false, cycle };
  }
  const waves: DaemonSpec[][] = [];
  for (const daemon of selection) (waves[depth.get(daemon.name) ?? 0] ??= []).push(daemon);
  return { ok: true, sequence, waves };
}
