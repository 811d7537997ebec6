/** Daemons that the cluster holds while their service manager drives them: it is told when one ends that should be up. */
import { heldReason, type ClusterHold } from '../core/cluster-hold.js';
import type { ClusterReport } from '../core/cluster-report.js';
import type { Observation } from '../core/observation.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import type { ClusterHoldStore } from '../ports/cluster-hold-store.js';
import type { Condemner } from '../ports/condemner.js';
import { ClusterHolds } from './cluster-holds.js';
import { ClusterReports, type ClusterReportsParts } from './cluster-reports.js';

export interface ObservedClusterParts extends Omit<ClusterReportsParts, 'hold' | 'outdated'> {
  readonly holds: ClusterHoldStore;
  readonly names: () => readonly string[];
  /** Whether an operator, or the cluster in its place, wants it up. */
  readonly wanted: (name: string) => boolean;
  /** What was seen last of it. */
  readonly seen: (name: string) => Observation | undefined;
  readonly paused: (name: string) => string | undefined;
  readonly changed: (name: string) => void;
}

export class ObservedCluster {
  readonly #holds: ClusterHolds;
  readonly #reports: ClusterReports;
  /** The process of each daemon that was seen running, until its end is told. */
  readonly #lives = new Map<string, ProcessIdentity | undefined>();
  readonly #looked = new Set<string>();

  constructor(private readonly parts: ObservedClusterParts) {
    this.#holds = new ClusterHolds(parts.holds, parts.names, (names) => names.forEach(parts.changed));
    this.#reports = new ClusterReports({ ...parts, hold: (name) => this.#holds.of(name), outdated: (name, process) => this.#outdated(name, process) });
  }

  refresh(): void {
    this.#holds.refresh();
  }

  isHeld(name: string): boolean {
    return this.#holds.of(name) !== undefined;
  }

  /** Why nobody but the cluster restarts it; undefined: it does not hold it. */
  reason(name: string): string | undefined {
    const hold: ClusterHold | undefined = this.#holds.of(name);
    return hold === undefined ? undefined : heldReason(hold);
  }

  /** To be told of each observation. */
  consider(name: string, { state, process, reason }: Observation): void {
    const isFirst = !this.#looked.has(name);
    this.#looked.add(name);
    if (state === 'running') this.#lives.set(name, process);
    if (state !== 'stopped' && state !== 'failed') return;
    const ran = this.#lives.has(name);
    const life = this.#lives.get(name);
    this.#lives.delete(name);
    if (!ran && !isFirst) return;
    if (this.#holds.of(name)?.started !== true || !this.parts.wanted(name) || this.parts.paused(name) !== undefined) return;
    this.#reports.tell(name, life, ran ? reason : `it was gone when the watcher came: ${reason}`);
  }

  /** What a hung daemon comes to: the cluster takes down what it holds. */
  condemner(otherwise: Condemner): Condemner {
    return {
      condemn: (spec, process, reason) => {
        if (!this.isHeld(spec.name)) return otherwise.condemn(spec, process, reason);
        this.#reports.tell(spec.name, process, reason);
        return Promise.resolve('the cluster is told, and takes it down');
      },
    };
  }

  reports(): readonly ClusterReport[] {
    return this.#reports.list();
  }

  release(): void {
    this.#reports.release();
  }

  #outdated(name: string, process: ProcessIdentity | undefined): string | undefined {
    if (!this.parts.wanted(name)) return 'it was stopped on purpose';
    const now = this.parts.seen(name);
    if (now?.state !== 'running' || now.process === undefined) return undefined;
    if (process !== undefined && sameProcess(now.process, process)) return undefined;
    return `pid ${now.process.pid} has taken its place`;
  }
}
