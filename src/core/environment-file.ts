/**
 * Environment files such as /etc/default/NAME, read as data.
 *
 * Two readers have always shared these files: systemd (EnvironmentFile=) and the
 * shell (`. file`), and they disagree about much of what can be written there.
 * We accept exactly the texts that both give the same meaning, and refuse the
 * rest with the line, so that a file can't mean two things on two machines.
 *
 * What both agree on:
 *   NAME=value        no blanks around `=`; the value ends at a blank or the line's end
 *   'single quotes'   everything is literal, newlines included
 *   "double quotes"   `\` before `"` `\` `$` `` ` `` or a line's end escapes; newlines are kept
 *   \x                outside quotes: x itself; at a line's end: the line goes on
 *   # comment         only as the first thing of a line
 * A value may be several quoted pieces followed by one unquoted piece, never the
 * other way round: systemd takes quotes after an unquoted piece literally.
 *
 * Sources: env-file.c of systemd, measured with 252 and 257 as PID 1 of a
 * container; XCU 2.2 and 2.6.1 of POSIX, measured with dash.
 */

export interface EnvironmentFileError {
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong, and what is allowed instead. */
  readonly message: string;
}

export type EnvironmentFile =
  | { readonly ok: true; readonly variables: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly errors: readonly EnvironmentFileError[] };

/** Bytes, or UTF-16 units of a text. */
export const MAX_ENVIRONMENT_FILE_SIZE = 1024 * 1024;
const MAX_ERRORS = 20;

/** Shells set these themselves or refuse to have them set; systemd does not. */
const SHELL_OWN_NAMES = new Set(['_', 'PPID', 'UID', 'EUID', 'BASHOPTS', 'SHELLOPTS', 'BASH_VERSINFO']);
/** systemd drops a value that holds one of these: it can't be UTF-8, or is no character. */
const NOT_UTF8 = /\p{Cs}|\p{Noncharacter_Code_Point}/u;
const CONTROL = /[\0-\x1f\x7f]/;
/** Literal to systemd; expansion, redirection or the end of the value to a shell. */
const SHELL_META = /[$`~;&|<>()]/;

/** Where reading went wrong; the scan goes on at the next line, or ends if that makes no sense. */
class Refusal {
  constructor(
    readonly message: string,
    readonly line: number,
    readonly fatal = false,
  ) {}
}

class Scanner {
  position = 0;
  line = 1;

  constructor(readonly text: string) {}

  peek(): string {
    return this.text.charAt(this.position);
  }

  take(): string {
    const character = this.peek();
    this.position += 1;
    if (character === '\n') this.line += 1;
    return character;
  }

  skipBlanks(): void {
    while (this.peek() === ' ' || this.peek() === '\t') this.take();
  }

  restOfLine(): string {
    const end = this.text.indexOf('\n', this.position);
    const rest = this.text.slice(this.position, end < 0 ? undefined : end);
    this.position += rest.length;
    if (end >= 0) this.take();
    return rest;
  }
}

/**
 * @param content  bytes of the file, which must be UTF-8 as systemd demands, or its text
 * @returns every variable (the last assignment of a name wins), or every error
 */
export function parseEnvironmentFile(content: string | Uint8Array): EnvironmentFile {
  const refuse = (message: string): EnvironmentFile => ({ ok: false, errors: [{ line: 1, message }] });
  if (content.length > MAX_ENVIRONMENT_FILE_SIZE) {
    return refuse(`the file is larger than ${MAX_ENVIRONMENT_FILE_SIZE} bytes, the most that is read`);
  }
  const text = typeof content === 'string' ? content : decode(content);
  if (text === undefined) return refuse('the file is not UTF-8 text; save it as UTF-8');
  const scanner = new Scanner(text);
  const variables = new Map<string, string>();
  const errors: EnvironmentFileError[] = [];
  while (scanner.position < text.length && errors.length < MAX_ERRORS) {
    const result = readLine(scanner);
    if (result instanceof Refusal) {
      errors.push({ line: result.line, message: result.message });
      if (result.fatal) break;
      scanner.restOfLine();
    } else if (result !== undefined) {
      variables.set(result.name, result.value);
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, variables };
}

function decode(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  // Decoding never fails, it replaces; encoding shows whether it had to.
  const again = new TextEncoder().encode(text);
  return again.length === bytes.length && again.every((byte, index) => byte === bytes[index]) ? text : undefined;
}

function readLine(scanner: Scanner): { name: string; value: string } | Refusal | undefined {
  scanner.skipBlanks();
  const line = scanner.line;
  switch (scanner.peek()) {
    case '\n':
    case '':
      scanner.take();
      return undefined;
    case '#':
      return readComment(scanner);
    case ';':
      return new Refusal("only systemd takes ';' for the start of a comment; use '#'", line);
    default: {
      const name = readName(scanner);
      if (name instanceof Refusal) return name;
      const value = readValue(scanner);
      if (value instanceof Refusal) return value;
      if (NOT_UTF8.test(value)) return new Refusal(`the value of ${name} holds a code point that systemd refuses`, line);
      return { name, value };
    }
  }
}

function readComment(scanner: Scanner): Refusal | undefined {
  const line = scanner.line;
  if (!scanner.restOfLine().endsWith('\\')) return undefined;
  // The line is used up: step back, so that recovery skips no further one.
  scanner.position -= 1;
  scanner.line = line;
  return new Refusal('a comment must not end in a backslash: for systemd before 254 the next line would belong to it', line);
}

function readName(scanner: Scanner): string | Refusal {
  const { line, text } = scanner;
  const from = scanner.position;
  while (/[A-Za-z0-9_]/.test(scanner.peek())) scanner.take();
  const name = text.slice(from, scanner.position);
  const after = scanner.peek();
  if (from === 0 && after === '\ufeff') return new Refusal('the file begins with a byte order mark; save it without one', line);
  if (after === ' ' || after === '\t') {
    return name === 'export'
      ? new Refusal("systemd does not know 'export'; write NAME=value, every variable is exported", line)
      : new Refusal("no blank may stand before '='; write NAME=value", line);
  }
  if (after !== '=') return new Refusal('not an assignment; each line is NAME=value, a # comment or blank', line);
  if (!/^[A-Za-z_]/.test(name)) {
    return new Refusal('a name consists of letters, digits and underscores and does not begin with a digit', line);
  }
  if (SHELL_OWN_NAMES.has(name)) return new Refusal(`${name} belongs to the shell, which would not take the value; use another name`, line);
  scanner.take();
  return name;
}

function readValue(scanner: Scanner): string | Refusal {
  let value = '';
  let unquotedBegun = false;
  for (;;) {
    const line = scanner.line;
    const character = scanner.peek();
    if (character === '' || character === '\n') {
      scanner.take();
      return value;
    }
    if (character === ' ' || character === '\t') {
      scanner.skipBlanks();
      if (scanner.peek() === '\n' || scanner.peek() === '') continue;
      return new Refusal('the value has an unquoted blank; write the whole value in quotes, and comments on lines of their own', line);
    }
    if (character === "'" || character === '"') {
      if (unquotedBegun) {
        return new Refusal('systemd takes a quote after an unquoted piece literally, a shell does not; write the whole value in quotes', line);
      }
      const piece = readQuoted(scanner);
      if (piece instanceof Refusal) return piece;
      value += piece;
      continue;
    }
    unquotedBegun = true;
    const piece = readUnquoted(scanner);
    if (piece instanceof Refusal) return piece;
    value += piece;
  }
}

function readQuoted(scanner: Scanner): string | Refusal {
  const line = scanner.line;
  const quote = scanner.take();
  let piece = '';
  for (;;) {
    const here = scanner.line;
    const character = scanner.take();
    if (character === '') return new Refusal(`the quote ${quote} is never closed`, line, true);
    if (character === quote) return piece;
    if (character === '\0') return new Refusal('a NUL byte can be no part of a variable', here);
    if (quote === "'" || (character !== '\\' && character !== '$' && character !== '`')) {
      piece += character;
    } else if (character !== '\\') {
      return new Refusal(`a shell would expand '${character}' in double quotes; put a backslash before it, or use single quotes`, here);
    } else if (/["\\$`]/.test(scanner.peek())) {
      piece += scanner.take();
    } else if (scanner.peek() === '\n') {
      scanner.take();
    } else {
      piece += '\\';
    }
  }
}

function readUnquoted(scanner: Scanner): string | Refusal {
  const line = scanner.line;
  let character = scanner.take();
  const escaped = character === '\\';
  if (escaped) {
    character = scanner.take();
    if (character === '') return new Refusal('the file ends in a backslash', line);
    if (character === '\n') return '';
  }
  if (character === '\r') return new Refusal('a carriage return; save the file with Unix line ends', line);
  if (CONTROL.test(character) && !(escaped && character === '\t')) {
    return new Refusal('a control character outside quotes', line);
  }
  if (!escaped && SHELL_META.test(character)) {
    return new Refusal(`'${character}' has a meaning of its own in a shell; write the value in single quotes, or a backslash before it`, line);
  }
  return character;
}
