import type { DaemonSpec } from '../../src/core/daemon.js';
import type { ServiceManager } from '../../src/ports/service-manager.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { FakeClock } from '../support/fake-clock.js';
import { SimulatedMachine } from '../support/simulated-machine.js';
import { FakeServiceManager } from '../support/fake-manager.js';
import { serviceManagerContract, type ContractDaemon, type ContractFixture } from './service-manager.js';

/** Moves the clock while the manager waits. */
function selfWinding(manager: ServiceManager, clock: FakeClock): ServiceManager {
  return {
    kind: manager.kind,
    keepsOrder: (specs, way) => manager.keepsOrder(specs, way),
    start: (requests) => clock.settle(manager.start(requests)),
    stop: (specs) => clock.settle(manager.stop(specs)),
    reload: (spec) => manager.reload(spec),
    observe: (specs) => manager.observe(specs),
  };
}

function fakeDaemon(machine: SimulatedMachine, spec: DaemonSpec): ContractDaemon {
  const record = machine.record(spec.name);
  const pids = (isMain: boolean): readonly number[] =>
    machine.processesOf(spec.name).filter((process) => process.isMain === isMain).map(({ identity }) => identity.pid);
  return {
    spec,
    directory: '/nowhere',
    mains: () => pids(true),
    children: () => pids(false),
    starts: () => record.starts,
    lastArguments: () => record.lastArguments,
    lastEnvironment: () => record.lastEnvironment,
    reloads: () => record.reloads,
    isReady: () => machine.isReady(spec.name),
    kill: () => machine.mainOf(spec.name)?.end({ kind: 'killed', signal: 'SIGKILL' }),
  };
}

function makeFixture(): ContractFixture {
  const clock = new FakeClock();
  const machine = new SimulatedMachine(clock);
  machine.missing.add('/missing');
  let count = 0;
  return {
    manager: selfWinding(new FakeServiceManager(machine), clock),
    missingPath: '/missing',
    now: () => clock.monotonic(),
    daemon: (behaviour = {}, overrides = {}) => {
      const spec = daemonSpec({ name: `fake-${++count}`, ...overrides });
      machine.record(spec.name).behaviour = behaviour;
      return Promise.resolve(fakeDaemon(machine, spec));
    },
    cleanup: () => {
      clock.expectNoTimers();
      return Promise.resolve();
    },
  };
}

serviceManagerContract('fake', () => Promise.resolve(makeFixture()));
