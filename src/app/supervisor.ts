/**
 * All daemons of the catalogue under supervision: one serial queue of events,
 * the news of each daemon's readiness to its dependants, and the answers to
 * those who wait for a start or a stop to come to something.
 */
import type { DaemonSpec } from '../core/daemon.js';
import { failed, type Outcome } from '../core/outcome.js';
import type { Effect, Memory, Supervision, SupervisionEvent } from '../core/supervision-state.js';
import type { SetupGate } from './setup-gate.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import { isReady } from '../core/supervision-moves.js';
import { Rush } from './rush.js';
import { SupervisedDaemon } from './supervised-daemon.js';
import type { SupervisionPorts } from './supervision-ports.js';
import { Waiters } from './waiters.js';

export interface SupervisorEvents {
  /** A daemon's state is another one now; once for all changes that come together. */
  changed(daemon: SupervisedDaemon): void;
  /** @param at when, ms since the epoch */
  announced(daemon: SupervisedDaemon, news: Extract<Effect, { kind: 'announce' }>, at: number): void;
  /** The cluster is to be told of the end of what it holds. */
  tellCluster(daemon: SupervisedDaemon, process: ProcessIdentity | undefined, reason: string): void;
}

export class Supervisor {
  /** Set for a stop of all in a time that is short. */
  hurried = false;
  readonly #daemons = new Map<string, SupervisedDaemon>();
  readonly #dependants = new Map<string, Set<string>>();
  readonly #queue: [SupervisedDaemon, SupervisionEvent][] = [];
  readonly #dirty = new Set<SupervisedDaemon>();
  readonly #waiters: Waiters;
  /** The process that each daemon had when it was ready last. */
  readonly #lastReady = new Map<string, ProcessIdentity>();
  /** Restarts by `restartWith` of daemons that are paused, and the process that each is for. */
  readonly #owed = new Map<SupervisedDaemon, { readonly process: ProcessIdentity; readonly by: string }>();
  readonly #news: (() => void)[] = [];
  readonly #memories = new Map<string, Memory>();
  readonly #rush: Rush;
  #draining = false;
  #released = false;

  constructor(
    private readonly ports: SupervisionPorts,
    private readonly events: SupervisorEvents,
    private readonly setup: SetupGate,
    private readonly notMasterExitStatus: () => number,
  ) {
    this.#waiters = new Waiters(ports.clock);
    this.#rush = new Rush(ports.clock, (isOver) => this.#write(isOver));
  }

  get daemons(): IterableIterator<SupervisedDaemon> {
    return this.#daemons.values();
  }

  get(name: string): SupervisedDaemon | undefined {
    return this.#daemons.get(name);
  }

  add(spec: DaemonSpec, state: Supervision): SupervisedDaemon {
    const daemon: SupervisedDaemon = new SupervisedDaemon(spec, state, this.ports, {
      send: (event) => this.#enqueue(daemon, event),
      announce: (news) => {
        const at = this.ports.clock.wall();
        this.#news.push(() => this.events.announced(daemon, news, at));
      },
      tellCluster: (process, reason) => this.events.tellCluster(daemon, process, reason),
      remember: (memory) => this.#memories.set(spec.name, memory),
      inTurn: (action) => this.#rush.act(action),
      isHurried: () => this.hurried,
      setup: this.setup,
      notMasterExitStatus: this.notMasterExitStatus,
    });
    this.#daemons.set(spec.name, daemon);
    this.#link(spec);
    this.#dirty.add(daemon);
    return daemon;
  }

  /** New policy for a daemon that is known; what runs goes on as it was started. */
  replaceSpec(spec: DaemonSpec): void {
    const daemon = this.#daemons.get(spec.name);
    if (daemon === undefined) return;
    for (const dependants of this.#dependants.values()) dependants.delete(spec.name);
    daemon.spec = spec;
    this.#link(spec);
    this.#tellDependencies(daemon);
    this.#drain();
  }

  remove(name: string): void {
    const daemon = this.#daemons.get(name);
    daemon?.release();
    if (daemon !== undefined) {
      this.#owed.delete(daemon);
      this.#dirty.delete(daemon);
    }
    this.#daemons.delete(name);
    this.#waiters.forget(name);
  }

  send(name: string, event: SupervisionEvent): void {
    const daemon = this.#daemons.get(name);
    if (daemon !== undefined) this.#enqueue(daemon, event);
  }

  /** Sends the event and answers once the daemon has come to rest on the wished side, or can't. */
  ask(name: string, event: SupervisionEvent, wish: 'up' | 'down'): Promise<Outcome> {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) return Promise.resolve(failed('internal', `${name} is not supervised`, 'watchkeeper reload'));
    const answer = this.#waiters.add(daemon, wish);
    this.#dirty.add(daemon);
    this.#enqueue(daemon, event);
    return answer;
  }

  /** Tells each daemon which of its required ones are not ready; before the first start. */
  settleDependencies(): void {
    for (const daemon of this.#daemons.values()) this.#tellDependencies(daemon);
    this.#drain();
  }

  /** From now on nothing is done and nothing told, whatever still happens to the daemons. */
  release(): void {
    this.#rush.finish();
    this.#released = true;
    this.#waiters.release();
    for (const daemon of this.#daemons.values()) daemon.release();
  }

  #link(spec: DaemonSpec): void {
    for (const required of spec.requires) {
      const dependants = this.#dependants.get(required) ?? new Set();
      this.#dependants.set(required, dependants.add(spec.name));
    }
  }

  #enqueue(daemon: SupervisedDaemon, event: SupervisionEvent): void {
    if (this.#released) return;
    this.#queue.push([daemon, event]);
    this.#drain();
  }

  /** Serial: an event sent while another is handled waits its turn. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#rush.begin();
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const [daemon, event] = next;
        // Taken out of the configuration: its news are nobody's, even if one of its name is back.
        if (this.#daemons.get(daemon.spec.name) !== daemon) continue;
        const wasReady = isReady(daemon.state.phase);
        daemon.handle(event);
        if (event.kind === 'main-process') this.#sameLife(daemon);
        this.#dirty.add(daemon);
        if (wasReady !== isReady(daemon.state.phase)) this.#tellDependants(daemon.spec.name);
        if (!wasReady && isReady(daemon.state.phase)) this.#propagateRestart(daemon);
        this.#restartOwed(daemon);
      }
    } finally {
      this.#draining = false;
    }
    this.#rush.owe();
  }

  /** Nobody who follows it is restarted because another of its processes is the main one now. */
  #sameLife(daemon: SupervisedDaemon): void {
    const { process, spec } = daemon;
    if (process === undefined) return;
    if (this.#lastReady.has(spec.name)) this.#lastReady.set(spec.name, process);
    const owed = this.#owed.get(daemon);
    if (owed !== undefined) this.#owed.set(daemon, { ...owed, process });
  }

  #tellDependants(name: string): void {
    for (const dependant of this.#dependants.get(name) ?? []) {
      const daemon = this.#daemons.get(dependant);
      if (daemon !== undefined) this.#tellDependencies(daemon);
    }
  }

  /** It is up again with another process: those that chose so are restarted with it. */
  #propagateRestart(daemon: SupervisedDaemon): void {
    const { name } = daemon.spec;
    const last = this.#lastReady.get(name);
    if (daemon.process !== undefined) this.#lastReady.set(name, daemon.process);
    if (last === undefined || daemon.process === undefined || sameProcess(last, daemon.process)) return;
    for (const dependant of this.#dependants.get(name) ?? []) {
      const other = this.#daemons.get(dependant);
      if (other?.spec.restartWith.includes(name) !== true || other.process === undefined) continue;
      this.#owed.set(other, { process: other.process, by: `${name} was restarted (restartWith)` });
      this.#restartOwed(other);
    }
  }

  /** Not while somebody has paused it, nor while something that it requires is away; and not if it has been restarted since. */
  #restartOwed(daemon: SupervisedDaemon): void {
    const owed = this.#owed.get(daemon);
    if (owed === undefined) return;
    const { process } = daemon;
    const { phase, desired, paused, unmet, withheld } = daemon.state;
    const serves = phase.kind !== 'stopping' && desired === 'up' && withheld === undefined && process !== undefined && sameProcess(process, owed.process);
    if (serves && (paused !== undefined || unmet.length > 0)) return;
    this.#owed.delete(daemon);
    if (serves) this.#queue.push([daemon, { kind: 'restart', by: owed.by, oneShotArguments: [] }]);
  }

  #isReady(name: string): boolean {
    const daemon = this.#daemons.get(name);
    return daemon !== undefined && isReady(daemon.state.phase);
  }

  #tellDependencies(daemon: SupervisedDaemon): void {
    const unmet = daemon.spec.requires.filter((name) => !this.#isReady(name));
    this.#queue.push([daemon, { kind: 'dependencies', unmet }]);
  }

  #write(isOver: () => boolean): boolean {
    for (const [name, memory] of this.#memories) {
      if (isOver()) return false;
      this.#memories.delete(name);
      this.ports.memory.write(name, memory);
    }
    for (let tell = this.#news.shift(); tell !== undefined; tell = this.#news.shift()) {
      tell();
      if (isOver()) return false;
    }
    for (const daemon of this.#dirty) {
      if (isOver()) return false;
      this.#dirty.delete(daemon);
      this.events.changed(daemon);
      // Only now: who asks the board next is to find there what he was told.
      this.#waiters.answer(daemon);
    }
    return true;
  }
}
