/** One scheduled task: carries out what core/schedule.ts decides, one run at a time, and keeps the record. */
import { delayOver, ended, freshPlan, look, replanned, request, resumedPlan, type Decision, type Due, type Plan, type Step, type Timetable } from '../core/schedule.js';
import { fingerprintOf, type TaskSpec } from '../core/task.js';
import { beginRun, CUT_OFF, describeEnd, emptyRecord, lastRun, withRun, withSkip, type TaskRecord } from '../core/task-run.js';
import type { Timer } from '../ports/clock.js';
import type { Cron } from '../ports/cron.js';
import type { Log } from '../ports/log.js';
import type { ProcessMarkers } from '../ports/process-markers.js';
import type { TaskStore } from '../ports/task-store.js';
import { adoptProgram, startProgram, type ProgramParts, type ProgramRun } from './program-run.js';
import { whyNot, type TaskConditionParts } from './task-conditions.js';
import { launchOf, leftToNext, markerOf, timetableOf, writtenDown } from './task-launch.js';

export interface TaskParts extends ProgramParts, TaskConditionParts {
  readonly cron: Cron;
  readonly markers: ProcessMarkers;
  readonly store: TaskStore;
  readonly log: Log;
  /** Names this boot, and this life of a container. */
  readonly boot: string;
}

export class ScheduledTask {
  #spec: TaskSpec;
  #timetable: Timetable;
  #plan: Plan;
  #record: TaskRecord;
  #run: ProgramRun | undefined;
  #delay: Timer | undefined;
  #closed = false;
  #starting: Promise<void> | undefined;

  /** @param reloaded the configuration was read anew while the watcher runs: nothing is to be run by that */
  constructor(
    spec: TaskSpec,
    private readonly parts: TaskParts,
    reloaded: boolean,
  ) {
    this.#spec = spec;
    this.#timetable = timetableOf(spec, this.parts.cron);
    const now = parts.clock.wall();
    const fingerprint = fingerprintOf(spec);
    const found = parts.store.read(spec.name);
    this.#record = this.#withLeftover(found ?? emptyRecord(fingerprint, now));
    const same = found?.timetable === fingerprint && !reloaded;
    const running = this.#run !== undefined;
    this.#plan = same ? resumedPlan(this.#timetable, found.plan, running) : { ...freshPlan(this.#timetable, now), running };
    if (reloaded) this.#record = { ...this.#record, boot: parts.boot };
    void this.#keep(true);
  }

  get spec(): TaskSpec {
    return this.#spec;
  }

  get plan(): Plan {
    return this.#plan;
  }

  get record(): TaskRecord {
    return this.#record;
  }

  get running(): ProgramRun | undefined {
    return this.#run;
  }

  /** Settles when what is about to be started has become `running`, or not. */
  get starting(): Promise<void> {
    return this.#starting ?? Promise.resolve();
  }

  /** The first look, after a time without a watcher: catch-up, a run that was queued, and what runs at boot. */
  begin(): void {
    this.look(false);
    if (!this.#plan.running && this.#plan.queued !== undefined) this.#apply(ended(this.#plan));
    if (this.#spec.at !== 'boot' || !this.#spec.enabled || this.#record.boot === this.parts.boot) return;
    this.#record = { ...this.#record, boot: this.parts.boot };
    this.#apply(request(this.#plan, 'boot', this.#spec));
  }

  /** What is due by now. */
  look(watched = true): void {
    if (this.#closed) return;
    const { clock } = this.parts;
    this.#apply(look(this.#plan, { policy: this.#spec, now: clock.wall(), random: clock.random(), timetable: this.#timetable, watched }));
  }

  /** @returns what becomes of it, and whether it is a refusal */
  async runNow(by: string): Promise<{ readonly accepted: boolean; readonly what: string }> {
    const objection = await whyNot(this.#spec, this.parts);
    if (objection !== undefined) return { accepted: false, what: objection };
    const [decision] = this.#apply(request(this.#plan, `by hand: ${by}`, this.#spec), true);
    if (decision?.kind === 'queue') return { accepted: true, what: `queued: ${decision.why}` };
    if (decision?.kind === 'start') return { accepted: true, what: 'started' };
    return { accepted: false, what: decision?.kind === 'skip' ? `${decision.why} (pid ${this.#run?.process.pid ?? 'unknown'})` : 'nothing was decided' };
  }

  /** Keeps what runs; plans anew where the timetable changed; runs nothing. */
  replace(spec: TaskSpec): void {
    const fingerprint = fingerprintOf(spec);
    const changed = fingerprint !== fingerprintOf(this.#spec);
    this.#spec = spec;
    if (spec.at === 'boot') this.#record = { ...this.#record, boot: this.parts.boot };
    if (changed) {
      this.#delay?.cancel();
      this.#timetable = timetableOf(spec, this.parts.cron);
      this.#plan = replanned(this.#plan, this.#timetable, this.parts.clock.wall());
    }
    void this.#keep(true);
  }

  /** No run is begun from now on; what runs goes on. */
  close(): void {
    this.#closed = true;
    this.#delay?.cancel();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** What runs goes on, for the next watcher to find; only after close(). */
  handOver(): void {
    if (this.#run === undefined) return;
    this.#record = withRun(this.#record, this.#run.release());
    void this.#keep(true);
  }

  #apply([plan, decisions]: Step, checked = false): readonly Decision[] {
    this.#plan = plan;
    for (const decision of decisions) this.#carryOut(decision, checked);
    return decisions;
  }

  #carryOut(decision: Decision, checked: boolean): void {
    const { clock, log } = this.parts;
    const task = this.#spec.name;
    switch (decision.kind) {
      case 'start':
        if (this.#closed) return;
        this.#starting = this.#start(decision.due, checked).catch((error: unknown) => {
          log.error({ task, error: String(error) }, 'a task could not be run');
          this.#finished({ ...describeEnd({ kind: 'unknown' }, false, 0), result: 'not-started', reason: `internal error: ${String(error)}` });
        });
        return;
      case 'delay':
        this.#delay = clock.after(decision.delay, () => this.#apply(delayOver(this.#plan, this.#spec)));
        return;
      case 'queue':
        log.info({ task, why: decision.why }, `task ${task}: queued`);
        break;
      case 'skip':
        this.#skipped(decision.why);
        break;
      case 'replan':
        log.warn({ task, why: decision.why }, `task ${task}: planned anew`);
        break;
    }
    void this.#keep(false);
  }

  async #start(due: Due, checked: boolean): Promise<void> {
    const spec = this.#spec;
    const { clock, log } = this.parts;
    const objection = checked ? undefined : await whyNot(spec, this.parts);
    // Undecided for the next watcher, as it is not written down yet.
    if (this.#closed) return;
    if (objection !== undefined) {
      this.#skipped(objection);
      this.#apply(ended(this.#plan));
      void this.#keep(false);
      return;
    }
    const before = this.#record;
    // Written down before it is started: killed in between, it is not started twice.
    const begin = { scheduled: due.scheduled ?? null, why: due.why, startedAt: clock.wall(), startedMonotonic: clock.monotonic() };
    this.#record = beginRun(this.#record, begin);
    await writtenDown(this.#keep(true), spec, this.parts);
    if (this.#isClosed()) {
      this.#record = leftToNext(before, due);
      void this.parts.store.write(spec.name, this.#record, true);
      return;
    }
    const started = await startProgram(launchOf(spec), spec.timeout, this.parts, (line) => log.info({ task: spec.name, line }, `task ${spec.name}: output`));
    if (!started.ok) {
      this.#finished({ result: 'not-started', reason: started.reason });
      return;
    }
    log.info({ task: spec.name, pid: started.run.process.pid, why: due.why }, `task ${spec.name}: started`);
    this.#record = withRun(this.#record, { process: started.run.process });
    void this.#keep(false);
    this.#follow(started.run);
  }

  #follow(run: ProgramRun): void {
    this.#run = run;
    void run.ended.then((end) => {
      this.#run = undefined;
      this.#finished(end);
    });
  }

  #finished(end: Parameters<typeof withRun>[1]): void {
    const { log } = this.parts;
    const task = this.#spec.name;
    this.#record = withRun(this.#record, end);
    const fields = { task, result: end.result, reason: end.reason, took: end.took };
    if (end.result === 'ok') log.info(fields, `task ${task}: ended`);
    else log.warn(fields, `task ${task}: ${end.result ?? 'ended'}`);
    // Where no more is begun, what is queued stays so for the next watcher.
    const [plan, decisions] = this.#closed ? [{ ...this.#plan, running: false }, []] : ended(this.#plan);
    this.#plan = plan;
    void this.#keep(true);
    for (const decision of decisions) this.#carryOut(decision, false);
  }

  #skipped(why: string): void {
    // Each one in the record's count; in the log only the first of a row, or a task each second would fill it.
    if (this.#record.skipped?.why !== why) this.parts.log.info({ task: this.#spec.name, why }, `task ${this.#spec.name}: skipped`);
    this.#record = withSkip(this.#record, this.parts.clock.wall(), why);
  }

  /** The record is told as it is from now on, wherever its file is by then. */
  #keep(durable: boolean): Promise<void> {
    const { cursor, queued, ran } = this.#plan;
    this.#record = { ...this.#record, timetable: fingerprintOf(this.#spec), plan: { cursor, queued, ran } };
    return this.parts.store.write(this.#spec.name, this.#record, durable);
  }

  /** A run of an earlier watcher: goes on if its process lives, and is shown as cut off if not. */
  #withLeftover(record: TaskRecord): TaskRecord {
    const run = lastRun(record);
    if (run?.result !== 'running') return record;
    const { name, timeout } = this.#spec;
    const process = run.process ?? this.parts.markers.marked().get(markerOf(name))?.find((one) => one.session === one.process.pid)?.process;
    if (process === undefined || !this.parts.processes.isAlive(process)) return withRun(record, CUT_OFF);
    const { log } = this.parts;
    log.info({ task: name, pid: process.pid }, `task ${name}: still runs, started by an earlier watcher`);
    const left = { process, channel: name, began: run.startedMonotonic, output: run.output, omitted: run.omitted };
    const adopted = adoptProgram(left, timeout, this.parts, (line) => log.info({ task: name, line }, `task ${name}: output`));
    this.#run = adopted;
    void adopted.ended.then((end) => {
      this.#run = undefined;
      this.#finished(end.result === 'timed-out' ? end : { ...CUT_OFF, took: end.took, output: end.output, omitted: end.omitted });
    });
    return withRun(record, { process });
  }
}
