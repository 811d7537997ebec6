/** The value of --lines. */
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';

/** @throws WatchkeeperError USAGE */
export function lineCount(what: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new WatchkeeperError('USAGE', `cannot ${what}`, `--lines needs a whole number, not ${quoted(text)}`, '--lines 50');
}
