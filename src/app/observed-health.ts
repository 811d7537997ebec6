/** Health checks of daemons that another restart owner drives: it is told, and restarts by its own rules. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { Observation } from '../core/observation.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import type { NewsKind } from '../core/supervision-state.js';
import type { Clock } from '../ports/clock.js';
import type { Condemner } from '../ports/condemner.js';
import type { HealthChecker } from '../ports/health-checker.js';
import { DaemonHealth } from './daemon-health.js';

export interface ObservedHealthParts {
  readonly clock: Clock;
  readonly checker: HealthChecker;
  readonly condemner: Condemner;
  /** Why nothing is to be done by itself; undefined: nobody paused it. */
  readonly paused: (name: string) => string | undefined;
  readonly announce: (daemon: string, news: NewsKind, reason: string) => void;
  /** Its status is another one now. */
  readonly changed: (name: string) => void;
}

interface Ward {
  readonly health: DaemonHealth;
  spec: DaemonSpec;
  /** Its process, and the monotonic ms when it was seen to be up first. */
  life: { readonly process: ProcessIdentity; readonly since: number } | undefined;
  degraded: string | undefined;
  /** Told once for each process. */
  condemned: ProcessIdentity | undefined;
}

export class ObservedHealth {
  readonly #wards = new Map<string, Ward>();

  constructor(private readonly parts: ObservedHealthParts) {}

  /** To be told of each change of the daemon, of its configuration and of pauses. @param wanted whether an operator wants it up */
  consider(spec: DaemonSpec, observation: Observation, wanted: boolean): void {
    const known = this.#wards.get(spec.name);
    if (known === undefined && spec.health.length === 0) return;
    const ward = known ?? this.#adopt(spec);
    ward.spec = spec;
    const { process } = observation;
    if (observation.state !== 'running' || process === undefined) {
      ward.life = undefined;
      ward.degraded = undefined;
      ward.health.follow(spec, undefined);
      return;
    }
    if (ward.life === undefined || !sameProcess(ward.life.process, process)) {
      ward.life = { process, since: this.parts.clock.monotonic() };
      ward.degraded = undefined;
    }
    ward.health.follow(spec, { ...ward.life, suspended: !wanted || this.parts.paused(spec.name) !== undefined });
  }

  /** What was observed, with what the checks say. */
  completed(status: DaemonStatus): DaemonStatus {
    const ward = this.#wards.get(status.name);
    if (ward === undefined) return { ...status, health: [] };
    const health = ward.health.report();
    if (ward.degraded === undefined || status.observed !== 'running') return { ...status, health };
    return { ...status, observed: 'degraded', ready: false, reason: ward.degraded, health };
  }

  /** The daemons cannot be seen at present: what becomes of them is not known. */
  suspend(): void {
    for (const ward of this.#wards.values()) {
      ward.life = undefined;
      ward.degraded = undefined;
      ward.health.follow(ward.spec, undefined);
    }
  }

  forget(name: string): void {
    this.#wards.get(name)?.health.release();
    this.#wards.delete(name);
  }

  release(): void {
    for (const ward of this.#wards.values()) ward.health.release();
    this.#wards.clear();
  }

  #adopt(spec: DaemonSpec): Ward {
    const ward: Ward = {
      spec,
      life: undefined,
      degraded: undefined,
      condemned: undefined,
      health: new DaemonHealth(this.parts.clock, this.parts.checker, {
        unhealthy: (process, reason) => this.#condemn(ward, process, reason),
        degraded: (_process, reason) => this.#degrade(ward, reason),
      }),
    };
    this.#wards.set(spec.name, ward);
    return ward;
  }

  #condemn(ward: Ward, process: ProcessIdentity, reason: string): void {
    const { condemner, announce } = this.parts;
    const known = ward.condemned !== undefined && sameProcess(ward.condemned, process);
    ward.condemned = process;
    // Again with each further failure, for one that the first time did not end; but told once.
    void condemner.condemn(ward.spec, process, reason).then((done) => {
      if (!known) announce(ward.spec.name, 'unhealthy', `${reason}; ${done}`);
    });
  }

  #degrade(ward: Ward, reason: string | undefined): void {
    const { announce, changed } = this.parts;
    if (ward.degraded === reason) return;
    ward.degraded = reason;
    announce(ward.spec.name, reason === undefined ? 'healthy' : 'degraded', reason ?? 'its readiness check passes again');
    changed(ward.spec.name);
  }
}
