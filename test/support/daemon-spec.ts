/** A complete DaemonSpec of which a test only says what it is about. */
import type { DaemonSpec, RestartPolicy } from '../../src/core/daemon.js';

export const TEST_RESTART_POLICY: RestartPolicy = {
  when: 'always',
  immediateRestarts: 2,
  firstDelay: 0,
  baseDelay: 1000,
  factor: 2,
  maxDelay: 60_000,
  jitter: 0.2,
  stableAfter: 60_000,
  intensity: 5,
  period: 300_000,
  onIntensity: 'crash-loop',
  slowRetryDelay: 300_000,
};

export function daemonSpec(overrides: Partial<DaemonSpec> & Pick<DaemonSpec, 'name'>): DaemonSpec {
  return {
    description: `test daemon ${overrides.name}`,
    executable: '/usr/bin/true',
    arguments: [],
    foregroundArguments: [],
    backgroundArguments: [],
    background: 'stays',
    argumentVariables: [],
    environment: {},
    workingDirectory: '/',
    user: undefined,
    group: undefined,
    processUser: undefined,
    capabilities: [],
    pidFile: undefined,
    pidFileWriter: 'manager',
    roles: [],
    after: [],
    requires: [],
    onDemand: false,
    conditions: [],
    successExitStatuses: [0],
    neverRetryExitStatuses: [78],
    startTimeout: 5000,
    stopTimeout: 5000,
    stopSignal: 'SIGTERM',
    reloadSignal: 'SIGHUP',
    killMode: 'group',
    restart: TEST_RESTART_POLICY,
    readiness: { kind: 'settled', settle: 0 },
    unit: `${overrides.name}.service`,
    outputFile: undefined,
    ...overrides,
  };
}
