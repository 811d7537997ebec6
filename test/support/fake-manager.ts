/** ServiceManager over simulated processes, for unit tests; passes the contract suite. */
import { commandArguments } from '../../src/core/command-line.js';
import type { DaemonSpec } from '../../src/core/daemon.js';
import { describeExit, type ExitStatus } from '../../src/core/exit-status.js';
import type { Observation } from '../../src/core/observation.js';
import { failed, ok, skipped, type Outcome } from '../../src/core/outcome.js';
import { sleep } from '../../src/ports/clock.js';
import type { ServiceManager, StartRequest } from '../../src/ports/service-manager.js';
import type { SimulatedMachine, SimulatedProcess } from './simulated-machine.js';

const INTERVAL = 10;

export class FakeServiceManager implements ServiceManager {
  readonly kind = 'fake';

  constructor(private readonly machine: SimulatedMachine) {}

  keepsOrder(): Promise<boolean> {
    return Promise.resolve(false);
  }

  start(requests: readonly StartRequest[]): Promise<readonly Outcome[]> {
    return Promise.all(requests.map((request) => this.#start(request)));
  }

  stop(specs: readonly DaemonSpec[]): Promise<readonly Outcome[]> {
    return Promise.all(specs.map((spec) => this.#stop(spec)));
  }

  reload(spec: DaemonSpec): Promise<Outcome> {
    const main = this.machine.mainOf(spec.name);
    if (main === undefined) return Promise.resolve(failed('failed', `${spec.name} is not running`, `starting ${spec.name}`));
    this.machine.signal(main, spec.reloadSignal);
    return Promise.resolve(ok(true, `sent ${spec.reloadSignal}`, main.identity));
  }

  observe(specs: readonly DaemonSpec[]): Promise<readonly Observation[]> {
    return Promise.resolve(specs.map((spec) => this.#observe(spec)));
  }

  #observe(spec: DaemonSpec): Observation {
    const main = this.machine.mainOf(spec.name);
    return {
      state: main === undefined ? 'stopped' : 'running',
      process: main?.identity,
      reason: main === undefined ? 'no process' : `pid ${main.identity.pid}`,
      restarts: undefined,
      lastExit: undefined,
      details: {},
    };
  }

  async #start({ spec, oneShotArguments }: StartRequest): Promise<Outcome> {
    const { machine } = this;
    const running = machine.mainOf(spec.name);
    if (running !== undefined) return ok(false, 'already running', running.identity);
    const unmet = spec.conditions.find(({ kind, path }) => machine.missing.has(path) === (kind === 'path-exists'));
    if (unmet !== undefined) return skipped(`${unmet.kind} ${unmet.path}`);
    if (machine.missing.has(spec.executable)) return failed('not-installed', `${spec.executable} is missing`, 'installing it');
    const deadline = machine.clock.monotonic() + spec.startTimeout;
    const process = machine.spawn(spec, commandArguments(spec, 'foreground', [], oneShotArguments));
    const ended: { exit?: ExitStatus } = {};
    void process.exited.then((exit) => (ended.exit = exit));
    for (;;) {
      await sleep(machine.clock, INTERVAL);
      if (ended.exit !== undefined) {
        await this.#stop(spec);
        return failed('failed', `${describeExit(ended.exit)} before it was ready`, 'its output');
      }
      if (machine.isReady(spec.name)) return ok(true, 'ready', process.identity);
      if (machine.clock.monotonic() < deadline) continue;
      await this.#stop(spec);
      return failed('not-ready', `not ready within ${spec.startTimeout} ms`, 'its output');
    }
  }

  async #stop(spec: DaemonSpec): Promise<Outcome> {
    const { machine } = this;
    const main = machine.mainOf(spec.name);
    if (main === undefined) return ok(false, 'not running');
    const deadline = machine.clock.monotonic() + spec.stopTimeout;
    await this.#end(spec, [main], deadline);
    const children = machine.processesOf(spec.name).filter(({ session }) => session === main.session);
    if (spec.killMode === 'group') await this.#end(spec, children, deadline);
    return ok(true, 'ended');
  }

  async #end(spec: DaemonSpec, targets: readonly SimulatedProcess[], deadline: number): Promise<void> {
    const { machine } = this;
    const alive = (): readonly SimulatedProcess[] => targets.filter((target) => machine.isAlive(target));
    for (const target of targets) machine.signal(target, spec.stopSignal);
    while (alive().length > 0 && machine.clock.monotonic() < deadline) await sleep(machine.clock, INTERVAL);
    for (const target of alive()) machine.signal(target, 'SIGKILL');
  }
}
