/** Health checks whose duration somebody is told. */
import type { Clock } from '../ports/clock.js';
import type { HealthChecker } from '../ports/health-checker.js';

/** @param took ms of one look */
export type Looked = (daemon: string, check: string, took: number) => void;

export function measuredChecks(checker: HealthChecker, clock: Clock, looked: Looked): HealthChecker {
  return {
    launching: (spec) => checker.launching(spec),
    prepare: (spec, check, process, begin) => {
      const inner = checker.prepare(spec, check, process, begin);
      return {
        look: async () => {
          const began = clock.monotonic();
          const result = await inner.look();
          looked(spec.name, check.name, clock.monotonic() - began);
          return result;
        },
        putOff: () => inner.putOff(),
        nextIn: () => inner.nextIn?.(),
        end: () => inner.end(),
      };
    },
  };
}
