/** Words of a caller, told back to people; and lines for programs. */
import { escapeControl } from './escape.js';

/** In quotes, so that blanks at its ends and an empty text are seen; cut after `limit` UTF-16 units, with the true length told. */
export function quoted(text: string, limit = 80): string {
  const shown = text.slice(0, limit);
  // An escape takes at most 6 characters for one.
  const safe = escapeControl(shown, 6 * limit);
  return shown.length === text.length ? `'${safe}'` : `'${safe}…' (${text.length} characters)`;
}

/** DEL, C1, lone surrogates and direction marks, which JSON lets through. */
const NOT_FOR_A_TERMINAL = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu;

/** One line of JSON that is harmless on a terminal too. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(NOT_FOR_A_TERMINAL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
