/** Everything that is wrong with a configuration, told at once. */
import { WatchkeeperError, type ErrorCodeName } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';

/** Where something is written. */
export interface Place {
  readonly file: string;
  /** Counted from 1; undefined: the file as a whole. */
  readonly line: number | undefined;
}

export interface Problem {
  readonly place: Place;
  /** "daemons.web.after"; '' where no key is concerned. */
  readonly key: string;
  readonly message: string;
}

const MAX_TOLD = 100;
const MAX_LINE = 1000;
const MAX_PATH = 400;

export class Problems {
  readonly list: Problem[] = [];
  #unreadable = false;

  add(place: Place, key: string, message: string): void {
    this.list.push({ place, key, message });
  }

  /** A file that is missing, unreadable or not to be trusted. */
  unreadable(file: string, message: string): void {
    this.#unreadable = true;
    this.add({ file, line: undefined }, '', message);
  }

  /** @throws WatchkeeperError if there is any problem; its message has one line for each */
  throwIfAny(): void {
    if (this.list.length === 0) return;
    const code: ErrorCodeName = this.#unreadable ? 'CONFIG_UNREADABLE' : 'CONFIG_INVALID';
    // By line within each file, as somebody who mends them goes through it.
    const files = [...new Set(this.list.map((problem) => problem.place.file))];
    const rank = ({ place }: Problem): number => files.indexOf(place.file) * 1e9 + (place.line ?? 0);
    const told = this.list.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_TOLD).map(describeProblem);
    if (this.list.length > MAX_TOLD) told.push(`… and ${this.list.length - MAX_TOLD} more`);
    const count = this.list.length === 1 ? '1 problem' : `${this.list.length} problems`;
    throw new WatchkeeperError(code, 'cannot use the configuration', [count, ...told].join('\n  '), '');
  }
}

export function describePlace(place: Place): string {
  return place.line === undefined ? escapeControl(place.file, MAX_PATH) : `${escapeControl(place.file, MAX_PATH)}:${place.line}`;
}

function describeProblem(problem: Problem): string {
  const key = problem.key === '' ? '' : `${escapeControl(problem.key, 200)}: `;
  return escapeControl(`${describePlace(problem.place)}: ${key}${problem.message}`, MAX_LINE);
}
