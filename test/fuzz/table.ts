/** The targets by name; each is loaded when it is wanted. */
import type { Target } from './target.js';

type Loader = () => Promise<{ readonly target: Target }>;

export const TARGETS: Readonly<Record<string, Loader>> = {
  configuration: () => import('./targets/configuration.js'),
  'configuration-cache': () => import('./targets/configuration-cache.js'),
  schedule: () => import('./targets/schedule.js'),
  'environment-file': () => import('./targets/environment-file.js'),
  'pid-file': () => import('./targets/pid-file.js'),
  'state-records': () => import('./targets/state-records.js'),
  'no-files': () => import('./targets/no-files.js'),
  'proc-stat': () => import('./targets/proc-stat.js'),
  'proc-tables': () => import('./targets/proc-tables.js'),
  'unit-properties': () => import('./targets/unit-properties.js'),
  'cluster-xml': () => import('./targets/cluster-xml.js'),
  'notify-socket': () => import('./targets/notify-socket.js'),
  'control-bodies': () => import('./targets/control-bodies.js'),
  'control-socket': () => import('./targets/control-socket.js'),
  'state-board': () => import('./targets/state-board.js'),
  'agent-environment': () => import('./targets/agent-environment.js'),
};

/** For the test of the fuzzer itself: each but `none` has one fault. */
export const PLANTED: Readonly<Record<string, Loader>> = Object.fromEntries(
  ['none', 'wrong', 'hang', 'sleep', 'crash', 'greedy', 'leak', 'exhaust', 'slow', 'late'].map((fault) => [`planted-${fault}`, async () => ({ target: (await import('./planted.js')).planted(fault) })]),
);

export async function openTarget(name: string): Promise<Target> {
  const load = TARGETS[name] ?? PLANTED[name];
  if (load === undefined) throw new Error(`there is no target ${name}; there is: ${Object.keys(TARGETS).join(', ')}`);
  return (await load()).target;
}
