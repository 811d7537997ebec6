/** Words of a caller, told back to people; and lines for programs. */
import { escapeControl } from './escape.js';

/** In quotes, so that blanks at its ends and an empty text are seen; cut after `limit` UTF-16 units, with the true length told. */
export function quoted(text: string, limit = 80): string {
  const shown = text.slice(0, limit);
  // An escape takes at most 6 characters for one.
  const safe = escapeControl(shown, 6 * limit);
  return shown.length === text.length ? `'${safe}'` : `'${safe}…' (${text.length} characters)`;
}

/** One line of JSON in plain ASCII, which is harmless on every terminal and in every locale. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const PLAIN: Readonly<Record<string, string>> = { '…': '...', '→': '->' };

/** For a terminal whose locale has no UTF-8 (LC_ALL=C, as cluster software calls us). */
export function asciiOnly(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (character) => PLAIN[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Whether these variables of the environment choose a locale with UTF-8 (locale(7): the first that is set counts). */
export function wantsUtf8(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find((value) => value !== undefined && value !== '');
  return locale !== undefined && /utf-?8/i.test(locale);
}
