/**
 * Processes without a kernel that behave as test/fixtures/daemon does, by the
 * fake clock: what the fake service manager drives.
 */
import type { DaemonSpec } from '../../src/core/daemon.js';
import type { ExitStatus } from '../../src/core/exit-status.js';
import type { ProcessIdentity } from '../../src/core/process-identity.js';
import type { FakeClock } from './fake-clock.js';
import type { Behaviour } from './test-daemon.js';

export interface SimulatedProcess {
  readonly identity: ProcessIdentity;
  readonly daemon: string;
  readonly isMain: boolean;
  /** Pid of the session's leader. */
  readonly session: number;
  readonly stubborn: boolean;
  /** monotonic ms at which it accepts connections */
  readonly readyAt: number;
  readonly exited: Promise<ExitStatus>;
  readonly end: (exit: ExitStatus) => void;
}

/** What is known of a daemon besides its processes. */
export interface SimulatedRecord {
  behaviour: Behaviour;
  starts: number;
  reloads: number;
  lastArguments: readonly string[];
  lastEnvironment: Readonly<Record<string, string>>;
}

export const SIMULATED_BOOT_ID = '00000000-0000-4000-8000-000000000000';

export class SimulatedMachine {
  /** Paths that do not exist, for conditions and executables; all others do. */
  readonly missing = new Set<string>();
  readonly #processes = new Map<number, SimulatedProcess>();
  readonly #records = new Map<string, SimulatedRecord>();
  #nextPid = 100;

  constructor(readonly clock: FakeClock) {}

  record(name: string): SimulatedRecord {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const record: SimulatedRecord = { behaviour: {}, starts: 0, reloads: 0, lastArguments: [], lastEnvironment: {} };
    this.#records.set(name, record);
    return record;
  }

  processesOf(name: string): readonly SimulatedProcess[] {
    return [...this.#processes.values()].filter((process) => process.daemon === name);
  }

  mainOf(name: string): SimulatedProcess | undefined {
    return this.processesOf(name).find(({ isMain }) => isMain);
  }

  isReady(name: string): boolean {
    return (this.mainOf(name)?.readyAt ?? Infinity) <= this.clock.monotonic();
  }

  spawn(spec: DaemonSpec, words: readonly string[]): SimulatedProcess {
    const record = this.record(spec.name);
    record.starts += 1;
    record.lastArguments = words;
    record.lastEnvironment = spec.environment;
    const { behaviour } = record;
    const main = this.#fork(spec.name, true, undefined, behaviour.ignoresStopSignal === true);
    for (let child = 0; child < (behaviour.children ?? 0); child += 1) {
      this.#fork(spec.name, false, main.identity.pid, behaviour.stubbornChildren === true);
    }
    const asked = words.map((word) => /^exit=(\d+)$/.exec(word)?.[1]).find((status) => status !== undefined);
    const exits = asked === undefined ? behaviour.exits : { status: Number(asked), after: 0 };
    if (exits !== undefined) this.clock.after(exits.after, () => main.end({ kind: 'exited', status: exits.status }));
    if (behaviour.forksAway === true) {
      this.clock.after(0, () => {
        this.#fork(spec.name, true, undefined, false);
        main.end({ kind: 'exited', status: 0 });
      });
    }
    return main;
  }

  isAlive(process: SimulatedProcess): boolean {
    return this.#processes.get(process.identity.pid) === process;
  }

  signal(process: SimulatedProcess, signal: NodeJS.Signals): void {
    if (!this.isAlive(process)) return;
    const record = this.record(process.daemon);
    if (signal === 'SIGKILL') process.end({ kind: 'killed', signal });
    else if (signal === 'SIGHUP') record.reloads += 1;
    else if (signal === 'SIGTERM' && !process.stubborn) {
      const delay = process.isMain ? (record.behaviour.stopTakes ?? 0) : 0;
      if (delay === 0) process.end({ kind: 'exited', status: 0 });
      else this.clock.after(delay, () => process.end({ kind: 'exited', status: 0 }));
    }
  }

  #fork(daemon: string, isMain: boolean, session: number | undefined, stubborn: boolean): SimulatedProcess {
    const pid = this.#nextPid++;
    const { readyAfter = 0, forksAway } = this.record(daemon).behaviour;
    let resolve: (exit: ExitStatus) => void = () => undefined;
    const exited = new Promise<ExitStatus>((done) => (resolve = done));
    const process: SimulatedProcess = {
      identity: { pid, startTicks: Math.floor(this.clock.monotonic() / 10), bootId: SIMULATED_BOOT_ID },
      daemon,
      isMain,
      session: session ?? pid,
      stubborn,
      readyAt: readyAfter === 'never' || forksAway === true ? Infinity : this.clock.monotonic() + readyAfter,
      exited,
      end: (exit) => {
        if (this.#processes.delete(pid)) resolve(exit);
      },
    };
    this.#processes.set(pid, process);
    return process;
  }
}
