/** Conditions of a start, in words. */
import type { StartCondition } from './daemon.js';

/** Why a daemon is skipped: what is wrong with an unmet condition. */
export function describeUnmet(condition: StartCondition): string {
  switch (condition.kind) {
    case 'path-exists':
      return `${condition.path} does not exist`;
    case 'path-missing':
      return `${condition.path} exists`;
    case 'file-has-line':
      return `${condition.path} has no line '${condition.line}'`;
  }
}
