/** A watcher over a machine in memory, on a clock that the test turns. */
import { Watcher } from '../../src/app/watcher.js';
import type { DaemonSpec, GroupSpec } from '../../src/core/daemon.js';
import type { DaemonStatus } from '../../src/core/daemon-status.js';
import type { PauseLease } from '../../src/core/pause.js';
import { NOT_ASKED, type RoleAnswer } from '../../src/core/role.js';
import type { InformResult } from '../../src/ports/cluster-informant.js';
import type { NewsItem } from '../../src/ports/journal.js';
import { catalogueOf, FakeDesired, FakeHolds, FakeRunner } from './control-fakes.js';
import { FakeMachine } from './fake-machine.js';

export class WatcherSite {
  readonly machine = new FakeMachine();
  readonly diary: string[] = [];
  readonly desired = new FakeDesired(this.diary);
  readonly runner = new FakeRunner(this.diary);
  readonly news: NewsItem[] = [];
  leases: PauseLease[] = [];
  /** What is known of roles that have a source. */
  readonly roles = new Map<string, RoleAnswer>();
  readonly holds = new FakeHolds();
  /** "RESOURCE NODE" of each failure that the cluster was told of. */
  readonly told: string[] = [];
  /** What the cluster answers. */
  cluster: InformResult = { kind: 'told' };
  readonly logged: string[] = [];
  #stamp = 0;
  readonly board = new Map<string, DaemonStatus>();
  readonly watcher: Watcher;

  constructor(daemons: readonly DaemonSpec[], group: Partial<GroupSpec> = {}) {
    this.watcher = new Watcher(catalogueOf(daemons, group), {
      ...this.machine.ports(),
      runner: this.runner,
      desired: this.desired,
      bootId: 'boot',
      holds: this.holds,
      informant: {
        fail: (resource, node) => {
          this.told.push(`${resource} ${node}`);
          return Promise.resolve(this.cluster);
        },
      },
      log: { debug: () => undefined, info: (_fields, text) => void this.logged.push(text), warn: (_fields, text) => void this.logged.push(text), error: (_fields, text) => void this.logged.push(text) },
      pauses: { read: () => this.leases, write: () => undefined, stamp: () => `${this.#stamp} ${this.leases.length}` },
      roles: { answer: (role) => this.roles.get(role) ?? NOT_ASKED },
      journal: {
        append: (item) => {
          const kept = { id: this.news.length, ...item };
          this.news.push(kept);
          return kept;
        },
        recent: (limit) => this.news.slice(-limit),
      },
      board: {
        publish: (status) => void this.board.set(status.name, status),
        withdraw: (name) => void this.board.delete(name),
        heartbeat: () => undefined,
        close: () => this.board.clear(),
      },
    });
  }

  /** Adopts and starts, and lets a second pass. */
  async begin(): Promise<this> {
    await this.watcher.adopt();
    const started = this.watcher.startGroup();
    await this.machine.clock.advanceAsync(1000);
    await started;
    return this;
  }

  state(name: string): string {
    return this.board.get(name)?.observed ?? 'unpublished';
  }

  async during<T>(promise: Promise<T>, ms = 1000): Promise<T> {
    await this.machine.clock.advanceAsync(ms);
    return promise;
  }

  /** An agent has taken the daemon for its resource. */
  hold(name: string, bootId = 'boot'): void {
    this.holds.put(name, { resource: `rsc-${name}`, node: 'n1', bootId, started: true, at: this.machine.clock.wall() });
    this.watcher.refresh();
  }

  letGo(name: string): void {
    this.holds.drop(name);
    this.watcher.refresh();
  }

  /** Replaces all pauses. @param until ms since the epoch */
  pause(daemons: readonly string[], until: number): void {
    const now = this.machine.clock.wall();
    this.leases = until > now ? [{ id: String(until), owner: 'ops', reason: 'chance', daemons: [...daemons], since: now, until }] : [];
    this.#stamp += 1;
    this.watcher.refresh();
  }
}
