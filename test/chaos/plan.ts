/** Which faults, in which order, from a seed. Pure: the same seed gives the same list. */

export type WorldKind = 'plain' | 'systemd';

/** What is done, and how often of a thousand, in each world. `hold` is how long it lasts, ms. */
const KINDS = {
  'kill': { plain: 400, systemd: 400, hold: [0, 0], what: 'a daemon gets SIGKILL' },
  'freeze': { plain: 40, systemd: 40, hold: [50, 1500], what: 'a daemon gets SIGSTOP, later SIGCONT' },
  'crash-loop': { plain: 20, systemd: 15, hold: [200, 2500], what: 'a daemon ends with 1 at each start for a while' },
  'stop': { plain: 60, systemd: 50, hold: [0, 0], what: 'an operator stops one' },
  'start': { plain: 75, systemd: 65, hold: [0, 0], what: 'an operator starts one' },
  'restart': { plain: 20, systemd: 20, hold: [0, 0], what: 'an operator restarts one' },
  'pause': { plain: 20, systemd: 15, hold: [200, 1500], what: 'an operator pauses one for a while' },
  'pid-truncated': { plain: 40, systemd: 20, hold: [0, 0], what: 'a pid file is emptied' },
  'pid-rubbish': { plain: 50, systemd: 20, hold: [0, 0], what: 'a pid file is filled with rubbish' },
  'pid-of-another': { plain: 70, systemd: 30, hold: [0, 0], what: 'a pid file names a stranger, process 1 or another daemon' },
  'pid-reuse': { plain: 25, systemd: 20, hold: [300, 1500], what: "a killed daemon's pid is given to a stranger, which its pid file names" },
  'pid-reuse-unwatched': { plain: 5, systemd: 5, hold: [300, 1500], what: 'the same while no watcher runs' },
  'watcher-kill': { plain: 12, systemd: 12, hold: [0, 800], what: 'the watcher gets SIGKILL at any moment' },
  'watcher-kill-at-step': { plain: 45, systemd: 40, hold: [0, 200], what: 'the watcher is killed just before its N-th system call of a start, stop or restart' },
  'watcher-kill-at-begin': { plain: 4, systemd: 4, hold: [400, 1500], what: 'each watcher is killed just before its N-th system call, for a while' },
  'watcher-freeze': { plain: 6, systemd: 6, hold: [100, 2500], what: 'the watcher gets SIGSTOP, later SIGCONT' },
  'direct-kill-at-step': { plain: 8, systemd: 0, hold: [0, 0], what: 'no watcher runs, and daemon-util is killed just before its N-th system call' },
  'disk-full': { plain: 14, systemd: 14, hold: [100, 1200], what: 'the state directory, the runtime directory or both are full' },
  'read-only': { plain: 14, systemd: 14, hold: [100, 1200], what: 'one of them is read-only' },
  'no-descriptors': { plain: 16, systemd: 16, hold: [100, 1200], what: 'the watcher gets EMFILE' },
  'clock-step': { plain: 14, systemd: 14, hold: [0, 0], what: "the watcher's clock is stepped by hours, forth or back" },
  'slow-disk': { plain: 12, systemd: 12, hold: [200, 1500], what: "each system call on the watcher's state takes up to 60 ms more" },
  'half-request': { plain: 70, systemd: 60, hold: [100, 5000], what: 'a client sends half a request, and waits' },
  'many-clients': { plain: 3, systemd: 3, hold: [0, 0], what: '500 clients ask at once' },
  'bus-restart': { plain: 0, systemd: 6, hold: [0, 0], what: 'dbus-daemon is restarted, or gets SIGKILL' },
  'manager-reexec': { plain: 0, systemd: 4, hold: [0, 0], what: 'systemd is re-executed' },
  'manager-reload': { plain: 0, systemd: 4, hold: [0, 0], what: 'systemd reloads its units' },
} as const satisfies Record<string, { plain: number; systemd: number; hold: readonly [number, number]; what: string }>;

export type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** Those that a world has, of those that are asked for. */
export function kindsOf(world: WorldKind, only: readonly FaultKind[] = FAULT_KINDS): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => KINDS[kind][world] > 0 && only.includes(kind));
}

export function describeKind(kind: FaultKind): string {
  return KINDS[kind].what;
}

export interface Fault {
  readonly step: number;
  readonly kind: FaultKind;
  /** Index of the daemon that it hits; faults of the machine have one, too, and don't use it. */
  readonly target: number;
  /** Which of several ways, chosen by whoever carries it out: a number from 0 to 999,999. */
  readonly choice: number;
  /** ms that it lasts. */
  readonly hold: number;
  /** ms until the next one. */
  readonly pause: number;
}

/** mulberry32: 32 bits of state, from 0 up to 1, without 1. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PlanOptions {
  readonly seed: number;
  readonly world: WorldKind;
  readonly faults: number;
  readonly daemons: number;
  /** No others than these; default all of the world. */
  readonly only?: readonly FaultKind[];
}

/** Each kind of the world comes once among the first, so that a short storm has them all. */
export function planFaults({ seed, world, faults, daemons, only }: PlanOptions): readonly Fault[] {
  const random = chance(seed);
  const integer = (below: number): number => Math.floor(random() * below);
  const kinds = kindsOf(world, only);
  const total = kinds.reduce((sum, kind) => sum + KINDS[kind][world], 0);
  const drawn = (): FaultKind => {
    let left = integer(total);
    for (const kind of kinds) {
      left -= KINDS[kind][world];
      if (left < 0) return kind;
    }
    return kinds[0] ?? 'kill';
  };
  // By Fisher and Yates, among others.
  const first: FaultKind[] = [...kinds, ...kinds.map(drawn)];
  for (let index = first.length - 1; index > 0; index -= 1) {
    const other = integer(index + 1);
    const [one, two] = [first[index], first[other]];
    if (one !== undefined && two !== undefined) [first[index], first[other]] = [two, one];
  }
  return Array.from({ length: faults }, (_, step) => {
    const kind = first[step] ?? drawn();
    const [least, most] = KINDS[kind].hold;
    return { step, kind, target: integer(daemons), choice: integer(1_000_000), hold: least + integer(most - least + 1), pause: integer(4) === 0 ? integer(150) : integer(30) };
  });
}

/** One line, as the list is printed. */
export function faultLine({ step, kind, target, choice, hold, pause }: Fault): string {
  return `${step} ${kind} d${target} choice ${choice} hold ${hold} ms, then ${pause} ms`;
}
