/**
 * Variables whose words become arguments of a daemon (`NODED_ARGS`), split as
 * systemd splits `$NODED_ARGS` where it stands as a word of its own in
 * ExecStart= (systemd.service(5), COMMAND LINES), and the way back.
 *
 * Blanks separate words; 'single' and "double" quotes hold blanks together and
 * vanish; a backslash makes the next character literal, inside either kind of
 * quotes too, which a shell would not. systemd swallows an unclosed quote and a
 * last backslash; we refuse them. Nothing is expanded.
 */

export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly reason: string };

export type Assignment =
  /** One assignment, without the line end. A word with newlines spans several lines. */
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** Longest `NAME=value` that execve(2) takes, with its NUL: MAX_ARG_STRLEN of Linux with 4 KiB pages. */
const MAX_VARIABLE_BYTES = 128 * 1024;
const BLANK = /[ \t\n\r]/;
const NEEDS_NO_QUOTES = /^[A-Za-z0-9_./:=,@%+-]+$/;
/** Would not survive as UTF-8 text, which systemd insists on, or as a C string. */
const NOT_CARRIED = /\0|\p{Cs}|\p{Noncharacter_Code_Point}/u;

export function splitWords(value: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let position = 0; position < value.length; position += 1) {
    const character = value.charAt(position);
    if (character === '\\') {
      position += 1;
      if (position === value.length) return { ok: false, reason: 'it ends in a backslash; write two for one' };
      word = (word ?? '') + value.charAt(position);
    } else if (character === quote) {
      quote = undefined;
    } else if (quote !== undefined) {
      word = (word ?? '') + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (BLANK.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== undefined) return { ok: false, reason: `the quote ${quote} is never closed; write \\${quote} for a literal one` };
  if (word !== undefined) words.push(word);
  return { ok: true, words };
}

/**
 * The line of an environment file which systemd and a shell read, and whose
 * variable, as a word `$NAME` of ExecStart=, systemd splits into exactly `words`.
 */
export function formatAssignment(name: string, words: readonly string[]): Assignment {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { ok: false, reason: `${JSON.stringify(name)} is no name of a variable` };
  const unfit = words.find((word) => NOT_CARRIED.test(word));
  if (unfit !== undefined) {
    return { ok: false, reason: `the argument ${JSON.stringify(unfit)} holds a NUL or a code point that systemd refuses` };
  }
  const value = words.map(quoteWord).join(' ');
  const size = new TextEncoder().encode(`${name}=${value}`).length + 1;
  if (size > MAX_VARIABLE_BYTES) {
    return { ok: false, reason: `the arguments take ${size} bytes when quoted, the system passes at most ${MAX_VARIABLE_BYTES} in one variable` };
  }
  return { ok: true, text: `${name}=${quoteValue(value)}` };
}

function quoteWord(word: string): string {
  return NEEDS_NO_QUOTES.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
}

function quoteValue(value: string): string {
  return value.includes("'") ? `"${value.replace(/["\\$`]/g, '\\$&')}"` : `'${value}'`;
}
