/**
 * Keeps the claim that `daemon-util start-all` has nothing to do: makes it from
 * what is published on the board, and proves it anew at each heartbeat. It says
 * "if these run", so that the death of a daemon changes nothing of it: whoever
 * believes it looks at each daemon.
 */
import { startedTogether } from '../core/catalogue.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import type { ProcessIdentity } from '../core/process-identity.js';
import { FILE_TIME_LAG } from '../core/file-time.js';
import { claimText, type Skip } from '../core/start-claim.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { ClaimedConfiguration, ClaimFile, ClaimGround, StartManner } from '../ports/start-claim.js';
import type { StateBoard } from '../ports/state-board.js';
import type { DesiredStateStore } from '../ports/store.js';

/** ms; many daemons may come to rest at once. */
const SOON = 200;

export interface StartClaimParts {
  readonly watcher: ProcessIdentity;
  readonly clock: Pick<Clock, 'wall' | 'after'>;
  /** Told why the claim could not be written. */
  readonly failed: (error: unknown) => void;
  readonly file: ClaimFile;
  readonly ground: ClaimGround;
  readonly desired: Pick<DesiredStateStore, 'read'>;
  /** Where its records lie. */
  readonly desiredDirectory: string;
  /** In which they must have been written. */
  readonly bootId: string;
  readonly manner: StartManner;
}

export class StartAllClaim {
  readonly #rest = new Set<string>();
  readonly #barred = new Set<string>();
  #soon: Timer | undefined;
  #configuration: ClaimedConfiguration;
  /** Of its files, as they were when it was read; undefined: it was outdated already. */
  #files: string | undefined;
  #directories = '';
  /** Whether all are wanted up, and the state of the directory that says so. */
  #wanted: { readonly stamp: string; readonly up: boolean } | undefined;

  constructor(
    private readonly parts: StartClaimParts,
    configuration: ClaimedConfiguration,
  ) {
    this.#configuration = configuration;
    this.configure(configuration);
  }

  /** One that was just read. */
  configure(configuration: ClaimedConfiguration): void {
    this.withdraw();
    this.#configuration = configuration;
    this.#wanted = undefined;
    const files = this.#stampOf(configuration.files);
    this.#directories = this.#stampOf(configuration.directories);
    this.#files = configuration.isCurrent() ? files : undefined;
  }

  /** What is on the board now. @param isBarred a start of it fails, even while it runs */
  noted(status: DaemonStatus, isBarred: boolean): void {
    const { name, observed, desired, pid, paused, owner } = status;
    // Where systemd restarts, the board may have an older word of what is wanted.
    const isWanted = desired === 'up' || owner === 'systemd';
    const isAtRest = observed === 'stopped' && pid === null && isWanted && typeof paused !== 'string' && owner !== 'cluster';
    // On the way to being skipped once more: whoever believes the claim sees that, too.
    const rests = observed === 'starting' ? this.#rest.has(name) : isAtRest;
    if (rests !== this.#rest.has(name)) this.#renewSoon();
    keep(this.#rest, name, rests);
    keep(this.#barred, name, isBarred);
    // The board itself does not tell this: it cannot wait for a heartbeat.
    if (isBarred) this.withdraw();
  }

  forget(name: string): void {
    this.#rest.delete(name);
    this.#barred.delete(name);
  }

  /** Looks at all of the grounds anew. */
  renew(): void {
    const provenAt = this.parts.clock.wall() - FILE_TIME_LAG;
    const text = this.#text(provenAt);
    if (text === undefined) this.withdraw();
    else this.parts.file.publish(text, provenAt);
  }

  withdraw(): void {
    this.parts.file.withdraw();
  }

  close(): void {
    this.#soon?.cancel();
    this.withdraw();
  }

  #renewSoon(): void {
    this.#soon ??= this.parts.clock.after(SOON, () => {
      this.#soon = undefined;
      try {
        this.renew();
      } catch (error) {
        this.parts.failed(error);
      }
    });
  }

  #text(provenAt: number): string | undefined {
    const { watcher, desiredDirectory, manner } = this.parts;
    const { main, catalogue, files, directories, absent, variables } = this.#configuration;
    const daemons = startedTogether(catalogue);
    if (!this.#isConfigured() || daemons.some(({ name }) => this.#barred.has(name)) || !this.#allWanted(daemons, provenAt)) return undefined;
    const ground: Ground = { same: [...files, ...directories, desiredDirectory], there: [], absent: [...absent] };
    const skipped = manner.inOrder(daemons.filter((spec) => this.#mayBeSkipped(spec))).flatMap((spec) => this.#skip(spec, ground));
    const extra = daemons.flatMap(({ argumentVariables }) => argumentVariables.filter((name) => name.startsWith('EXTRA_')));
    const up = daemons.map(({ name }) => name).filter((name) => !skipped.some((skip) => skip.name === name));
    return claimText({ watcher, configuration: main, ...ground, unset: [...variables, ...extra], up, skipped });
  }

  #isConfigured(): boolean {
    const { files, directories, absent } = this.#configuration;
    if (this.#files === undefined || this.#stampOf(files) !== this.#files || absent.some((path) => this.parts.ground.state(path) !== undefined)) return false;
    const now = this.#stampOf(directories);
    if (now === this.#directories) return true;
    // Something else in them may have changed, such as an editor's backup.
    if (!this.#configuration.isCurrent()) return false;
    this.#directories = now;
    return true;
  }

  /** By a word of this boot, which a start would only repeat. */
  #allWanted(daemons: readonly DaemonSpec[], provenAt: number): boolean {
    const { ground, desired, desiredDirectory, bootId } = this.parts;
    const directory = ground.state(desiredDirectory);
    if (directory === undefined) return false;
    if (directory.stamp === this.#wanted?.stamp) return this.#wanted.up;
    const up = daemons.every(({ name }) => {
      const record = desired.read(name);
      return record?.desired === 'up' && record.bootId === bootId;
    });
    // What changes within the same tick of the clock leaves no trace: it is looked at once more.
    this.#wanted = directory.modified < provenAt ? { stamp: directory.stamp, up } : undefined;
    return up;
  }

  /** In doubt it must run, and Node sees to it where it does not. */
  #mayBeSkipped({ name, conditions, requires }: DaemonSpec): boolean {
    return conditions.length > 0 && requires.length === 0 && this.#rest.has(name);
  }

  #skip(spec: DaemonSpec, ground: Ground): readonly Skip[] {
    const seen: Ground = { same: [], there: [], absent: [] };
    for (const { kind, path } of spec.conditions) {
      const isThere = this.parts.ground.state(path) !== undefined;
      if (!isThere) seen.absent.push(path);
      else if (kind === 'file-has-line') seen.same.push(path);
      else seen.there.push(path);
    }
    // Only now: what changes in between is newer than the claim.
    const reason = this.parts.manner.skips(spec);
    if (reason === undefined) return [];
    for (const kind of ['same', 'there', 'absent'] as const) ground[kind].push(...seen[kind]);
    return [{ name: spec.name, reason }];
  }

  #stampOf(paths: readonly string[]): string {
    return paths.map((path) => this.parts.ground.state(path)?.stamp ?? '-').join(' ');
  }
}

interface Ground {
  readonly same: string[];
  readonly there: string[];
  readonly absent: string[];
}

function keep(names: Set<string>, name: string, belongs: boolean): void {
  if (belongs) names.add(name);
  else names.delete(name);
}

/** A state board that carries the claim beside what is published on it. */
export function claimingBoard(board: StateBoard, claim: StartAllClaim): StateBoard {
  return {
    publish(status, process, isBarred = false) {
      board.publish(status, process);
      claim.noted(status, isBarred);
    },
    withdraw(name) {
      board.withdraw(name);
      claim.forget(name);
    },
    heartbeat() {
      board.heartbeat();
      claim.renew();
    },
    close() {
      claim.close();
      board.close();
    },
  };
}
