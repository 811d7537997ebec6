/**
 * Keeps the answers whether this node holds its roles: asks each source at the
 * start, when a file changes that the cluster rewrites, when somebody has reason
 * to doubt the answer, and slowly otherwise. What is not known is asked again
 * soon; it holds starts back, and stops nothing.
 */
import { escapeControl } from '../core/escape.js';
import type { RoleSpec } from '../core/daemon.js';
import { answerOf, NOT_ASKED, type RoleAnswer, type RoleSource, type RoleStatus } from '../core/role.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { FileWatch, FileWatcher } from '../ports/file-watch.js';
import type { HookPrograms } from '../ports/hook-programs.js';
import type { Log } from '../ports/log.js';
import type { RoleOracle } from '../ports/role-oracle.js';
import type { Runner } from '../ports/runner.js';

export interface RolesParts {
  readonly clock: Clock;
  readonly runner: Runner;
  readonly programs: HookPrograms;
  readonly files: FileWatcher;
  readonly log: Log;
}

export interface RoleListener {
  /** An answer is another one now. */
  answered(): void;
  /** Held for `startAfter`, or lost for `stopAfter`, so that whoever else acts upon it had time to; at once where it was held before we looked. */
  settled(role: string, held: boolean): void;
  /** It is still held, says a question that only the interval has asked. */
  confirmed(role: string): void;
}

/** ms until what is not known is asked again; doubled each time, up to the interval. */
const SOON = 1000;
const LONGEST_WORDS = 200;

export class Roles implements RoleOracle {
  #keepers = new Map<string, RoleKeeper>();
  #listener: RoleListener = { answered: () => undefined, settled: () => undefined, confirmed: () => undefined };

  constructor(
    private readonly parts: RolesParts,
    roles: readonly RoleSpec[],
  ) {
    this.configure(roles);
  }

  listen(listener: RoleListener): void {
    this.#listener = listener;
  }

  /** Answers of roles whose source is the same stay; of another, only what the listener was told last. Asks nothing. */
  configure(roles: readonly RoleSpec[]): void {
    const before = this.#keepers;
    this.#keepers = new Map();
    for (const { name, source } of roles) {
      const known = before.get(name);
      const same = known !== undefined && JSON.stringify(known.source) === JSON.stringify(source);
      if (!same) known?.release();
      this.#keepers.set(name, same ? known : new RoleKeeper(name, source, this.parts, () => this.#listener, known?.settled));
      before.delete(name);
    }
    for (const gone of before.values()) gone.release();
  }

  /** Asks for all that has no answer yet, and from then on follows them; settles when each has one, or its time-out has passed. */
  async begin(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.begin()));
  }

  /** Somebody has reason to doubt the answers. */
  ask(): void {
    for (const keeper of this.#keepers.values()) keeper.ask();
  }

  holds(role: string): boolean | undefined {
    return this.answer(role).held;
  }

  answer(role: string): RoleAnswer {
    return this.#keepers.get(role)?.answer ?? NOT_ASKED;
  }

  list(): readonly RoleStatus[] {
    return [...this.#keepers.values()].map((keeper) => keeper.status());
  }

  release(): void {
    for (const keeper of this.#keepers.values()) keeper.release();
  }
}

class RoleKeeper {
  answer: RoleAnswer;
  /** What whoever listens was told last; undefined: nothing yet. A reload hands it on, lest a loss that is about to settle be taken for a first answer. */
  #settled: boolean | undefined;
  #since: number | null = null;
  #asking: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #next: Timer | undefined;
  #settling: Timer | undefined;
  #watch: FileWatch | undefined;
  #begun = false;
  #released = false;

  constructor(
    private readonly name: string,
    readonly source: RoleSource | undefined,
    private readonly parts: RolesParts,
    private readonly listener: () => RoleListener,
    settled: boolean | undefined,
  ) {
    // What runs without a source is anybody's: there is nothing to lose.
    this.#settled = source === undefined ? undefined : settled;
    this.answer = source === undefined ? { held: undefined, reason: 'the configuration names no source' } : NOT_ASKED;
  }

  get settled(): boolean | undefined {
    return this.#settled;
  }

  status(): RoleStatus {
    return { name: this.name, held: this.answer.held ?? null, reason: this.answer.reason, since: this.#since };
  }

  begin(): Promise<void> {
    if (this.source === undefined || this.#begun) return Promise.resolve();
    this.#begun = true;
    // First the watch, then the question: what changes between the two is not missed.
    this.#watch = this.parts.files.watch(this.source.watch, () => this.ask());
    return this.#look(this.source);
  }

  /** A question that is under way may have seen the old state: it is asked once more behind it. */
  ask(): void {
    if (this.source === undefined || !this.#begun || this.#released) return;
    if (this.#asking === undefined) void this.#look(this.source);
    else this.#again = true;
  }

  release(): void {
    this.#released = true;
    this.#next?.cancel();
    this.#settling?.cancel();
    this.#watch?.cancel();
  }

  /** @param routine nobody had a reason to ask */
  #look(source: RoleSource, routine = false): Promise<void> {
    this.#next?.cancel();
    this.#asking = this.#question(source).then((answer) => {
      this.#asking = undefined;
      if (this.#released) return;
      const settled = this.#settled;
      this.#take(source, answer);
      if (routine && settled === true && answer.held === true) this.listener().confirmed(this.name);
      this.#watch?.renew();
      const again = this.#again;
      this.#again = false;
      if (again) void this.#look(source);
      else this.#next = this.parts.clock.after(this.#patience(source), () => void this.#look(source, true));
    });
    return this.#asking;
  }

  async #question({ argv, user, timeout }: RoleSource): Promise<RoleAnswer> {
    const [program] = argv;
    const { programs, runner } = this.parts;
    try {
      const objection = programs.objection(program);
      if (objection !== undefined) return { held: undefined, reason: `its source is not run: ${objection}` };
      const { exit, timedOut, stdout, stderr } = await runner.run(argv, { timeout, evenWithoutUs: true, ...(user === undefined ? {} : { user }) });
      const words = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim()).filter((line) => line !== '').at(-1) ?? '';
      return answerOf(program, exit, timedOut, escapeControl(words, LONGEST_WORDS));
    } catch (error) {
      return { held: undefined, reason: `its source cannot be asked: ${String(error)}` };
    }
  }

  #patience({ interval }: RoleSource): number {
    return this.answer.held === undefined ? Math.min(interval, SOON * 2 ** Math.min(this.#failures - 1, 20)) : interval;
  }

  #take(source: RoleSource, answer: RoleAnswer): void {
    const { clock, log } = this.parts;
    const { held } = answer;
    const changed = this.#since === null || held !== this.answer.held;
    const spoke = changed || answer.reason !== this.answer.reason;
    this.#failures = held === undefined ? this.#failures + 1 : 0;
    this.answer = answer;
    if (changed) {
      this.#since = clock.wall();
      const tell = held === undefined ? log.warn.bind(log) : log.info.bind(log);
      tell({ role: this.name, held: held ?? null, reason: answer.reason }, held === undefined ? 'whether this node holds the role is not known' : `this node ${held ? 'holds' : 'does not hold'} the role`);
    }
    if (spoke) this.listener().answered();
    if (changed) this.#settle(source, held);
  }

  #settle({ startAfter, stopAfter }: RoleSource, held: boolean | undefined): void {
    this.#settling?.cancel();
    if (held === undefined) return;
    const say = (): void => {
      const isLoss = this.#settled === true;
      this.#settled = held;
      if (held || isLoss) this.listener().settled(this.name, held);
    };
    // The first answer, and one that was in doubt for a while only, is no change.
    if (this.#settled === undefined || this.#settled === held) say();
    else this.#settling = this.parts.clock.after(held ? startAfter : stopAfter, say);
  }
}
