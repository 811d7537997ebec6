import type { UnitFacts } from '../../../../src/adapters/systemd/unit-facts.js';

/** A loaded unit that is down and has never run; a test says what else it is. */
export function facts(overrides: Partial<UnitFacts> = {}): UnitFacts {
  return {
    unit: 'web.service',
    id: 'web.service',
    loadState: 'loaded',
    loadError: '',
    activeState: 'inactive',
    subState: 'dead',
    unitFileState: 'static',
    result: 'success',
    job: 0,
    mainPid: 0,
    restarts: 0,
    restartPolicy: 'no',
    conditionMet: false,
    conditionAt: 0,
    invocation: '',
    exitCode: 0,
    exitStatus: 0,
    startedAt: 0,
    endedAt: 0,
    upAt: 0,
    leftUpAt: 0,
    downAt: 0,
    changedAt: 0,
    canReload: false,
    environmentFiles: [],
    requires: [],
    partOf: [],
    ...overrides,
  };
}
