/** `sandbox:` of a daemon: restricting directives of its systemd unit, merged entry by entry. */
import { quoted } from '../../core/printable.js';
import { isSandboxDirective, SANDBOX_DIRECTIVES, type Sandbox } from '../../core/sandbox.js';
import { mostSimilar } from '../../core/similar.js';
import { type Format, isDictionary, listOf, notAllowed, refuse, string } from './format.js';

/** A value is one line of the unit; systemd reads several as one longer list. */
const LINES = listOf(string('a text of one line', 2000), 'texts of one line');

export const SANDBOX: Format<Sandbox> = {
  allowed: 'a map of directives, NAME: value or NAME: [value, …]; NAME: null leaves one out that `defaults:` has',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, SANDBOX.allowed);
    const entries: [string, readonly string[]][] = [];
    for (const [name, value] of plain) {
      if (!isSandboxDirective(name)) return refuse(unknown(name));
      const lines = value === null ? ({ ok: true, value: [] } as const) : LINES.read(value);
      if (!lines.ok) return refuse(`${name}: ${lines.message}`);
      if (lines.value.some((line) => /[\0-\x1f\x7f]/.test(line))) return refuse(`${name}: control characters are not allowed`);
      entries.push([name, lines.value]);
    }
    return { ok: true, value: Object.fromEntries(entries) };
  },
};

function unknown(name: string): string {
  const close = mostSimilar(name, Object.keys(SANDBOX_DIRECTIVES));
  const hint = close === undefined ? 'known are the directives that docs/configuration.md names' : `did you mean '${close}'?`;
  return `${quoted(name)} is no directive that takes something away; ${hint}`;
}
