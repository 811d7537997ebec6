/**
 * Text of others – a daemon's output, a file's content, a command line – made
 * fit for a line of ours: it can't move the cursor, forge a second line or
 * flood the terminal (rsyslog#1138, supervisor#1611).
 */

/** C0, DEL, C1, line and paragraph separators, and what reorders text (bidi controls). */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`);
}

/** @param max most characters of the result; a longer text ends in `…` */
export function escapeControl(text: string, max: number): string {
  const safe = text.slice(0, max + 1).replace(UNSAFE, escaped);
  if (safe.length <= max && text.length <= max) return safe;
  // Not in the middle of a surrogate pair: half a character is none.
  return `${safe.slice(0, Math.max(0, max - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}
