/** Whether units keep the catalogue's order by themselves, so that one transaction of systemd's does for many. Pure. */
import type { DaemonSpec } from '../../core/daemon.js';
import { READINESS_HELPER } from '../../core/unit-readiness.js';

/** What a unit says of its place among others. */
export interface UnitOrder {
  /** Type= */
  readonly type: string;
  readonly after: readonly string[];
  /** Paths of its ExecStartPost= programs. */
  readonly startPost: readonly string[];
}

export const ORDER_PROPERTIES = ['Type', 'After', 'ExecStartPost'] as const;

/**
 * @param orders of the daemons' units, in their order
 * @param way a stop goes by After= alone; a start also needs that each is up for
 *   systemd only when it is ready
 */
export function unitsKeepOrder(specs: readonly DaemonSpec[], orders: readonly UnitOrder[], way: 'start' | 'stop'): boolean {
  const place = new Map(specs.map((spec, index) => [spec.name, { spec, order: orders[index] }]));
  return specs.every((spec, index) =>
    [...new Set([...spec.requires, ...spec.after])].every((name) => {
      const earlier = place.get(name);
      if (earlier === undefined) return true;
      return orders[index]?.after.includes(earlier.spec.unit) === true && (way === 'stop' || (earlier.order !== undefined && awaitsReadiness(earlier.spec, earlier.order)));
    }),
  );
}

function awaitsReadiness({ readiness }: DaemonSpec, { type, startPost }: UnitOrder): boolean {
  if (startPost.some((path) => path.endsWith(`/${READINESS_HELPER}`))) return true;
  switch (type) {
    // It says so itself.
    case 'notify':
    case 'notify-reload':
      return true;
    // The end of its first process may mean that, unless the catalogue knows better.
    case 'forking':
      return readiness.kind === 'settled' || readiness.kind === 'pid-file';
    default:
      return false;
  }
}
