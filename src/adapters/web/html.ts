/** HTML that is escaped unless it says otherwise: whatever a template takes in is text, but for what another template made. */
import { escapeControl } from '../../core/escape.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };
/** Most texts, which are let through at once. */
const HARMLESS = /^[ !#$%(-;=?-_a-~]{0,500}$/;
/** Longest text of others in one place. */
const MOST = 500;

/** Made by `html` alone. */
export class Markup {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static of(strings: readonly string[], values: readonly Fillable[]): Markup {
    return new Markup(strings.map((part, index) => (index === 0 ? part : `${filled(values[index - 1])}${part}`)).join(''));
  }

  toString(): string {
    return this.#text;
  }
}

/** `undefined` and `false` are nothing. */
export type Fillable = string | number | Markup | readonly Fillable[] | undefined | false;

/** Attributes must stand in quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Fillable[]): Markup {
  return Markup.of(strings, values);
}

function filled(value: Fillable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  if (typeof value === 'string') return HARMLESS.test(value) ? value : escapeControl(value, MOST).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
  return value.map(filled).join('');
}
