/** How much a daemon's state asks for somebody: what is shown first, and in which colour. Pure. */
import { isUp, type DaemonStatus } from './daemon-status.js';
import { saysNotMaster } from './outcome.js';

/**
 * `bad`: it does not come back by itself soon. `warn`: it is not as it should be,
 * and something is being done, or it runs and something is wrong with it. `busy`:
 * on its way. `good`: up. `off`: down, as it should be.
 */
export const SEVERITIES = ['bad', 'warn', 'busy', 'good', 'off'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** It is down because this node does not hold its role, as it should be. */
export function isWithheld({ observed, reason }: DaemonStatus): boolean {
  return !isUp(observed) && observed !== 'stopping' && saysNotMaster(reason);
}

/** Names of those, and of all that wait for nobody else than one of them. */
export function withheldOf(daemons: readonly DaemonStatus[]): ReadonlySet<string> {
  const withheld = new Set(daemons.filter(isWithheld).map(({ name }) => name));
  const waiting = daemons.filter(({ observed, waitsFor = [] }) => observed === 'waiting' && waitsFor.length > 0);
  for (let before = -1; before < withheld.size; ) {
    before = withheld.size;
    for (const { name, waitsFor = [] } of waiting) if (waitsFor.every((required) => withheld.has(required))) withheld.add(name);
  }
  return withheld;
}

export function severityOf(daemon: DaemonStatus): Severity {
  const { observed, desired, paused } = daemon;
  if (isWithheld(daemon)) return 'off';
  switch (observed) {
    case 'failed':
    case 'given-up':
    case 'crash-loop':
      return 'bad';
    case 'degraded':
      return 'warn';
    case 'waiting':
    case 'backing-off':
    case 'stopped':
      if (desired === 'down') return 'off';
      return typeof paused === 'string' && observed !== 'backing-off' ? 'off' : 'warn';
    case 'starting':
    case 'stopping':
      return 'busy';
    case 'running':
      return desired === 'down' || complaints(daemon).length > 0 ? 'warn' : 'good';
  }
}

/** What is wrong with it besides its state, one line each. */
export function complaints({ observed, desired, health = [], warnings = [] }: DaemonStatus): readonly string[] {
  return [
    ...(isUp(observed) && desired === 'down' ? ['it runs although it is wanted down'] : []),
    ...health.filter(({ state }) => state === 'unhealthy').map(({ kind, name, last }) => `${kind} check ${name}: ${last ?? 'failed'}`),
    ...warnings,
  ];
}

/** The worst first; otherwise as they come. */
export function bySeverity(daemons: readonly DaemonStatus[]): ReadonlyMap<Severity, readonly DaemonStatus[]> {
  return new Map(SEVERITIES.map((severity) => [severity, daemons.filter((daemon) => severityOf(daemon) === severity)]));
}
