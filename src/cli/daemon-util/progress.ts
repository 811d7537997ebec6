/**
 * On a terminal, what long work has come to: a line for each daemon as it is
 * done, and below them one line that is kept up to date until all are. Elsewhere
 * daemon-util stays as silent as callers have always known it; --verbose has
 * plain lines there.
 */
import { clearLine, cursorTo } from 'node:readline';
import { formatDuration } from '../../core/duration.js';
import { escapeControl } from '../../core/escape.js';
import type { NamedOutcome } from '../../ports/controller.js';
import type { Session } from './command.js';
import { reportOutcome, type Action } from './outcomes.js';

const REFRESH = 200;
/** ms after which one daemon alone counts as long work. */
const SOON = 500;
const MOST_NAMED = 4;
const MAX_NAME = 64;

type Work = Exclude<Action, 'reload'>;

const DONE: Readonly<Record<Work, string>> = { start: 'ready', restart: 'ready', stop: 'down' };
const ALREADY: Readonly<Record<Work, string>> = { start: 'ran already', restart: 'ran already', stop: 'was down already' };

export interface ProgressScreen {
  readonly stream: NodeJS.WriteStream;
  /** ms, of any clock that only goes forward */
  now(): number;
}

export class ProgressDisplay {
  readonly #began: number;
  readonly #left: Set<string>;
  #timer: NodeJS.Timeout;
  #drawn = false;

  /** @param names in the order in which they are dealt with */
  constructor(
    private readonly screen: ProgressScreen,
    private readonly session: Session,
    private readonly work: Work,
    private readonly names: readonly string[],
  ) {
    this.#began = screen.now();
    this.#left = new Set(names);
    this.#timer = setTimeout(() => this.#tick(), names.length > 1 ? 0 : SOON);
  }

  /** What `reportOutcome` tells, and success too where there are many. */
  tell(outcome: NamedOutcome): void {
    this.#left.delete(outcome.name);
    this.#erase();
    reportOutcome(this.session, this.work, outcome);
    if (outcome.outcome.kind === 'ok' && this.names.length > 1) {
      const { changed } = outcome.outcome;
      this.session.err(`  ${escapeControl(outcome.name, MAX_NAME)}: ${changed ? `${DONE[this.work]} after ${this.#elapsed()}` : ALREADY[this.work]}`);
    }
    if (this.names.length > 1) this.#draw();
  }

  /** To be called in every case: gives the line back. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#erase();
    if (this.names.length > 1) this.session.err(this.#summary());
  }

  #tick(): void {
    this.#draw();
    this.#timer = setTimeout(() => this.#tick(), REFRESH);
  }

  #draw(): void {
    this.#erase();
    const [first, ...more] = this.#left;
    if (first === undefined) return;
    const rest = [first, ...more];
    const named = rest.slice(0, MOST_NAMED).join(', ');
    const others = rest.length > MOST_NAMED ? ` and ${rest.length - MOST_NAMED} more` : '';
    const { columns } = this.screen.stream;
    this.screen.stream.write(`${this.#summary()}; not yet: ${named}${others}`.slice(0, (columns > 0 ? columns : 80) - 1));
    this.#drawn = true;
  }

  #erase(): void {
    if (!this.#drawn) return;
    cursorTo(this.screen.stream, 0);
    clearLine(this.screen.stream, 0);
    this.#drawn = false;
  }

  #summary(): string {
    return `${this.session.command.name}: ${this.names.length - this.#left.size} of ${this.names.length} done, ${this.#elapsed()}`;
  }

  #elapsed(): string {
    // In tenths, so that the line stands still between two of them.
    return formatDuration(Math.round((this.screen.now() - this.#began) / 100) * 100);
  }
}
