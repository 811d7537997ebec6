/** The grammar of systemd's unit files: sections, lines, and what must be quoted where. Pure. */

export type Line = readonly [directive: string, value: string];

/** Without lines, nothing. */
export function section(name: string, lines: readonly Line[]): string {
  return lines.length === 0 ? '' : `[${name}]\n${lines.map(([directive, value]) => `${directive}=${value}\n`).join('')}`;
}

/** Sections with an empty line between them. */
export function sections(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}

export function milliseconds(duration: number): string {
  return `${Math.ceil(duration)}ms`;
}

/** Of a directive whose value is one text to its end: only specifiers and line ends need care. */
export function literal(text: string): string {
  if (/[\0-\x1f\x7f]/.test(text)) throw new Error(`a unit cannot hold the control character in ${JSON.stringify(text.slice(0, 80))}`);
  // An odd number of them at the end would join the next line.
  return text.replace(/%/g, '%%').replace(/(?<!\\)\\(?:\\\\)*$/, '$&\\');
}

/** One word of a command line; `$` and `%` stand for themselves (systemd.service(5), COMMAND LINES). */
export function word(text: string): string {
  return plainWord(text.replace(/\$/g, '$$$$'));
}

/** One word where there are no variables: the path of a program, and tmpfiles.d(5). */
export function plainWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@+-]+$/.test(text) ? text : quoted(text);
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };

export function quoted(text: string): string {
  const escaped = text.replace(/["\\\0-\x1f\x7f]/g, (character) => ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped.replace(/%/g, '%%')}"`;
}
