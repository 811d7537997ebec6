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

/**
 * An edge to a daemon that is not selected orders nothing, as systemd.unit(5)
 * `After=`. A daemon that is selected twice is started once.
 */
export function orderForStart(selection: readonly DaemonSpec[]): Ordered {
  const byName = new Map(selection.map((daemon) => [daemon.name, daemon]));
  const rank = new Map([...byName.keys()].map((name, index) => [name, index]));
  const earlierOf = (daemon: DaemonSpec): string[] =>
    [...new Set([...daemon.requires, ...daemon.after])]
      .filter((name) => byName.has(name))
      .sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  const wave = new Map<string, number>();
  const sequence: DaemonSpec[] = [];

  for (const first of byName.values()) {
    // Depth first, on a stack of our own: a chain of daemons may be longer than the engine's stack.
    const path = new Map<string, Visit>();
    const enter = (daemon: DaemonSpec): Visit => {
      const visit = { daemon, pending: earlierOf(daemon), next: 0, wave: 0 };
      path.set(daemon.name, visit);
      return visit;
    };
    const stack = wave.has(first.name) ? [] : [enter(first)];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const name = visit.pending[visit.next];
      const earlier = name === undefined ? undefined : byName.get(name);
      if (earlier === undefined) {
        wave.set(visit.daemon.name, visit.wave);
        sequence.push(visit.daemon);
        path.delete(visit.daemon.name);
        stack.pop();
        continue;
      }
      const done = wave.get(earlier.name);
      if (done !== undefined) {
        visit.wave = Math.max(visit.wave, done + 1);
        visit.next += 1;
      } else if (path.has(earlier.name)) {
        const names = [...path.keys()];
        return { ok: false, cycle: [...names.slice(names.indexOf(earlier.name)), earlier.name] };
      } else {
        stack.push(enter(earlier));
      }
    }
  }
  const waves: DaemonSpec[][] = [];
  for (const daemon of byName.values()) (waves[wave.get(daemon.name) ?? 0] ??= []).push(daemon);
  return { ok: true, sequence, waves };
}

/** As they are to be asked for; a cycle, which nobody can order, stays as it is. */
export function inStartOrder(selection: readonly DaemonSpec[]): readonly DaemonSpec[] {
  const ordered = orderForStart(selection);
  return ordered.ok ? ordered.sequence : selection;
}

/**
 * How long it takes at most to deal with all of them, each wave after the other.
 * @param of ms for one
 */
export function longestWay(selection: readonly DaemonSpec[], of: (daemon: DaemonSpec) => number): number {
  const ordered = orderForStart(selection);
  const waves = ordered.ok ? ordered.waves : selection.map((daemon) => [daemon]);
  return waves.reduce((sum, wave) => sum + Math.max(...wave.map(of)), 0);
}

/** A daemon on the way down from one that needs it. */
interface Visit {
  readonly daemon: DaemonSpec;
  /** What must be started before it, in the catalogue's order. */
  readonly pending: readonly string[];
  /** Index into `pending`. */
  next: number;
  /** One more than the highest wave of what was visited of `pending`. */
  wave: number;
}
