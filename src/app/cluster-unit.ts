/**
 * Any unit of systemd as a resource of the cluster: what the agent
 * `ocf:watchkeeper:unit` does where its record does not answer by itself.
 *
 * The drop-in is there before the unit is started, and removed when it is stopped
 * (held-stop.ts). Whoever dies in between leaves it behind over a unit that is
 * down: the next probe, monitor or stop removes it.
 */
import type { OcfCall } from '../core/ocf-call.js';
import { OCF, OCF_OK, startAnswer, stopAnswer, type OcfAnswer } from '../core/ocf.js';
import { formatDuration } from '../core/duration.js';
import { failed } from '../core/outcome.js';
import { type Clock, sleep } from '../ports/clock.js';
import type { ClusterOverride } from '../ports/cluster-override.js';
import type { LockResult } from '../ports/locks.js';
import type { UnitControl, UnitLook } from '../ports/unit-control.js';
import type { UnitRecords } from '../ports/unit-records.js';
import { heldStop } from './held-stop.js';

export interface ClusterUnitParts {
  readonly control: UnitControl;
  readonly override: ClusterOverride;
  readonly records: UnitRecords;
  /** Of this unit. @param timeout ms */
  readonly lock: (timeout: number) => Promise<LockResult>;
  readonly hook: MonitorHook | undefined;
  readonly clock: Clock;
  /** Given once nobody waits for the answer any more. */
  readonly gone: AbortSignal | undefined;
  readonly note: (line: string) => void;
}

export interface MonitorHook {
  /** From this level of monitor on. */
  readonly level: number;
  /** @param limit ms, its own time-out is another one */
  readonly run: (limit: number) => Promise<OcfAnswer>;
}

export interface HeldName {
  readonly unit: string;
  /** As the resource's parameter says it. */
  readonly parameter: string;
}

/** Share of the time-out after which we give up ourselves, so that a reason is told. */
const OWN_END = 0.9;
/** ms between two looks at a unit that is on its way, and between two tries of a hook. */
const NEXT_LOOK = 250;
const NEXT_HOOK = 500;

export class ClusterUnit {
  readonly #began: number;
  /** When we give up. */
  #end: number;

  constructor(
    private readonly name: HeldName,
    private readonly call: OcfCall,
    private readonly parts: ClusterUnitParts,
  ) {
    this.#began = parts.clock.monotonic();
    this.#end = this.#began + call.timeout * OWN_END;
  }

  /** @param limit ms, where less than the whole time of the call is for it */
  start(limit = Infinity): Promise<OcfAnswer> {
    this.#end = Math.min(this.#end, this.parts.clock.monotonic() + limit);
    const { control, override } = this.parts;
    const { unit } = this.name;
    // Asked while the lock is taken, which takes as long.
    const unread = control.isUnread(unit).catch(() => false);
    return this.#alone(async () => {
      // The start itself looks whether systemd has read all files of the unit.
      await override.put(unit, this.call.resource, 'by-caller');
      const started = await this.#started(await unread);
      if (started.status === OCF.success) return started;
      // What is not held must not say that it is.
      if (isDown(await control.look(unit))) await override.remove(unit);
      return started;
    });
  }

  async #started(isUnread: boolean): Promise<OcfAnswer> {
    const { control, gone } = this.parts;
    const { unit } = this.name;
    const started = await control.start(unit, { limit: this.#left(), abort: gone, isUnread });
    if (started.outcome.kind !== 'ok') return startAnswer(started.outcome);
    const { look } = started;
    if (look !== undefined && look.state !== 'active') return startAnswer(failed('failed', `${unit} did not stay up: ${look.reason}`, ''));
    // Where nothing was looked at, the first monitor does.
    if (look !== undefined) this.#remember(look);
    return this.#usable();
  }

  /** Started means that its hook agrees, where it looks at every monitor. */
  async #usable(): Promise<OcfAnswer> {
    const { hook, clock, control } = this.parts;
    if (hook === undefined || hook.level > 0) return OCF_OK;
    for (;;) {
      const said = await hook.run(this.#left());
      if (said.status === OCF.success || said.status === OCF.degraded) return OCF_OK;
      if (this.#left() <= NEXT_HOOK) return { status: OCF.generic, reason: `${this.name.unit} is active, but not usable after ${formatDuration(clock.monotonic() - this.#began)}: ${said.reason ?? `its hook ended with ${said.status}`}` };
      await sleep(clock, NEXT_HOOK);
      const look = await control.look(this.name.unit);
      if (look.state !== 'active') return { status: OCF.generic, reason: `it did not stay up: ${look.reason}` };
    }
  }

  /** By force at half of the time that the cluster gives. */
  stop(): Promise<OcfAnswer> {
    return this.#alone(async () => {
      const { control, records, clock, note } = this.parts;
      const { unit } = this.name;
      records.remove(this.call.resource);
      const escalation = clock.after(Math.max(0, this.call.timeout / 2 - (clock.monotonic() - this.#began)), () => {
        note(`half of the stop's time-out has passed: SIGKILL for ${unit}`);
        control.kill(unit).catch((error: unknown) => note(`cannot kill ${unit}: ${String(error)}`));
      });
      try {
        return stopAnswer(await heldStop([unit], this.parts, () => control.stop(unit, this.#left())));
      } finally {
        escalation.cancel();
      }
    });
  }

  async monitor(): Promise<OcfAnswer> {
    const { hook, override } = this.parts;
    const look = await this.#settled();
    if (look.state === 'changing') return this.#stillChanging(look);
    if (look.state !== 'active') return this.#down(look);
    // The cluster found it running (a probe) and watches over it from now on; or a drop-in or record was lost.
    if (!this.call.isProbe) {
      await override.put(this.name.unit, this.call.resource);
      this.#remember(look);
    }
    return hook === undefined || hook.level > this.call.level ? OCF_OK : hook.run(this.#left());
  }

  async reload(): Promise<OcfAnswer> {
    const outcome = await this.parts.control.reload(this.name.unit, this.#left());
    if (outcome.kind === 'failed' && outcome.code === 'unsupported') return { status: OCF.unimplemented, reason: outcome.reason };
    return startAnswer(outcome);
  }

  /** Whether this node could run it. */
  async validate(): Promise<OcfAnswer> {
    const { unusable } = await this.parts.control.look(this.name.unit);
    return unusable === undefined ? OCF_OK : { status: OCF.installed, reason: unusable };
  }

  async isActive(): Promise<boolean> {
    return (await this.#settled()).state === 'active';
  }

  /** Somebody restarts it by hand, or it is at its end: the cluster knows no word for that, so it is waited for. */
  async #settled(): Promise<UnitLook> {
    const { control, clock } = this.parts;
    const patience = this.#began + this.call.timeout / 2;
    for (;;) {
      const look = await control.look(this.name.unit);
      if (look.state !== 'changing' || clock.monotonic() > patience) return look;
      await sleep(clock, NEXT_LOOK);
    }
  }

  /** A probe must not call a node free on which it may be up in a moment, or is not down yet. */
  #stillChanging(look: UnitLook): OcfAnswer {
    return this.call.isProbe ? OCF_OK : { status: OCF.generic, reason: look.reason };
  }

  async #down(look: UnitLook): Promise<OcfAnswer> {
    if (look.leftProcesses) return { status: OCF.generic, reason: `${look.reason}; processes of it live on in its control group` };
    await this.#tidy();
    return { status: OCF.notRunning, ...(look.state === 'failed' ? { reason: look.reason } : {}) };
  }

  /** Nothing of a hold stays over a unit that is down, unless somebody is starting it right now. */
  async #tidy(): Promise<void> {
    const taken = await this.parts.lock(0);
    if (!taken.ok) return;
    try {
      if (!isDown(await this.parts.control.look(this.name.unit))) return;
      this.parts.records.remove(this.call.resource);
      await this.parts.override.remove(this.name.unit);
    } finally {
      taken.lock.release();
    }
  }

  #remember(look: UnitLook): void {
    const { note, records } = this.parts;
    const { unit } = this.name;
    // Once for each hold, not at each monitor.
    const isNew = look.restartsItself && records.list().every(({ resource }) => resource !== this.call.resource);
    if (isNew) note(`a drop-in of ${unit} sets Restart= against the cluster's own, so systemd restarts it, too: systemctl cat ${unit}`);
    if (look.proof !== undefined) records.write(this.call.resource, { ...this.name, proof: look.proof });
  }

  async #alone(action: () => Promise<OcfAnswer>): Promise<OcfAnswer> {
    const taken = await this.parts.lock(this.#left());
    if (!taken.ok) return { status: OCF.generic, reason: `somebody else is at ${this.name.unit}: ${taken.heldBy}` };
    try {
      return await action();
    } finally {
      taken.lock.release();
    }
  }

  /** ms until we give up. */
  #left(): number {
    return Math.max(1, Math.floor(this.#end - this.parts.clock.monotonic()));
  }
}

function isDown({ state, leftProcesses }: UnitLook): boolean {
  return (state === 'inactive' || state === 'failed') && !leftProcesses;
}
