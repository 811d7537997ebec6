/** What a fault needs of the world that it is to hit. */
import type { LastJob } from './left-behind.js';
import type { KillOrder, OrderFile } from './orders.js';
import type { FaultKind, WorldKind } from './plan.js';
import type { Site } from './site.js';

export type Verb = 'start' | 'stop' | 'restart';

export interface Answer {
  readonly result: 'done' | 'refused' | 'none';
  readonly detail: string;
}

export interface World {
  readonly kind: WorldKind;
  readonly site: Site;
  /** What a storm must have seen whole: files, and directories of files, by their names. */
  readonly formats: readonly string[];
  /** Told to the fault points of each watcher. */
  readonly orders: OrderFile;
  /** What says which pid was given last; can be written. */
  readonly lastPid: string;
  /** Of the watcher that runs; undefined: none does. */
  watcher(): number | undefined;
  /** SIGKILL to the watcher; another one comes, not before so many ms. */
  killWatcher(absent: number): Promise<void>;
  /** Another one comes now. */
  endAbsence(): void;
  /** Something to be carried out by operators' means. @param choice by which */
  ask(verb: Verb, name: string, choice: number): Promise<Answer>;
  /** By the operator. */
  pauseOrResume(what: 'pause' | 'resume', name: string): Promise<Answer>;
  /** daemon-util, killed just before a system call. */
  askAndDie(verb: Verb, name: string, order: KillOrder): Promise<Answer>;
  /** Faults that only this world has. @returns why it hit nothing */
  special(kind: FaultKind, choice: number): Promise<string | undefined>;
  /** Of a daemon that its service manager has at rest: the last thing that it did about it; undefined: it is not at rest. */
  lastJob(name: string): LastJob | undefined;
  /** Stops the watcher as an operator does, for good. */
  takeDown(): Promise<void>;
  /** What is there after that and should not be, beside processes. */
  leftovers(): readonly string[];
}
