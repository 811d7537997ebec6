/** What may be written for a key, and how the text becomes a value. */
import { DURATION_UNITS, parseDuration } from '../../core/duration.js';
import { isPlainPath } from '../../core/plain-values.js';
import { quoted } from '../../core/printable.js';
import { mostSimilar } from '../../core/similar.js';
import type { Plain } from './located.js';

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface Format<T> {
  /** For people: "a duration such as 500ms, 30s, 5m or 1h, up to 24d". */
  readonly allowed: string;
  /** The same for convict, which looks at the finished value once more. */
  readonly convict: 'nat' | 'String' | readonly string[] | '*';
  /** The value as it would be written; undefined: as JSON. */
  readonly show?: (value: T) => string;
  /** null never comes here: it means "as if not written". */
  read(plain: Exclude<Plain, null>): Reading<T>;
}

function accept<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function refuse(message: string): Reading<never> {
  return { ok: false, message };
}

function shown(plain: Plain): string {
  if (typeof plain === 'string') return quoted(plain);
  if (plain === null) return 'nothing';
  return Array.isArray(plain) ? 'a list' : 'a map';
}

/** "'x' is not allowed; …", the form of most refusals. */
export function notAllowed(plain: Plain, allowed: string): Reading<never> {
  return refuse(`${shown(plain)} is not allowed here; it must be ${allowed}`);
}

export function string(allowed = 'a text of one line', maxLength = 4096): Format<string> {
  return {
    allowed,
    convict: 'String',
    read: (plain) => {
      if (typeof plain !== 'string') return notAllowed(plain, allowed);
      if (plain.length > maxLength) return refuse(`a text of ${plain.length} characters is too long; at most ${maxLength}`);
      return accept(plain);
    },
  };
}

/** @param maxLength bytes are not counted: socket names are checked where they are made */
export function absolutePath(maxLength = 4095): Format<string> {
  const allowed = "an absolute path without '..' or control characters";
  return {
    allowed,
    convict: 'String',
    read: (plain) => {
      if (typeof plain !== 'string' || !isPlainPath(plain)) return notAllowed(plain, allowed);
      return plain.length > maxLength ? refuse(`the path is longer than ${maxLength} characters, the most that is possible here`) : accept(plain);
    },
  };
}

export function oneOf<const T extends string>(...words: readonly T[]): Format<T> {
  const allowed = words.length === 1 ? `'${words.join('')}'` : `one of ${words.join(', ')}`;
  return {
    allowed,
    convict: words,
    read: (plain) => {
      const found = words.find((word) => word === plain);
      if (found !== undefined) return accept(found);
      const close = typeof plain === 'string' ? mostSimilar(plain, words) : undefined;
      const refusal = notAllowed(plain, allowed);
      return close === undefined || refusal.ok ? refusal : refuse(`${refusal.message}; did you mean '${close}'?`);
    },
  };
}

export function boolean(): Format<boolean> {
  const words = oneOf('true', 'false');
  return {
    allowed: 'true or false',
    convict: '*',
    read: (plain) => {
      const word = words.read(plain);
      return word.ok ? accept(word.value === 'true') : word;
    },
  };
}

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly what?: string;
}

export function integer({ min, max, what = 'a whole number' }: Range): Format<number> {
  const allowed = `${what} from ${min} to ${max}`;
  return {
    allowed,
    convict: 'nat',
    read: (plain) => {
      const value = typeof plain === 'string' && /^\d{1,15}$/.test(plain) ? Number(plain) : undefined;
      return value === undefined || value < min || value > max ? notAllowed(plain, allowed) : accept(value);
    },
  };
}

export function decimal({ min, max, what = 'a number' }: Range): Format<number> {
  const allowed = `${what} from ${min} to ${max}`;
  return {
    allowed,
    convict: '*',
    read: (plain) => {
      const value = typeof plain === 'string' && /^\d{1,9}(\.\d{1,9})?$/.test(plain) ? Number(plain) : undefined;
      return value === undefined || value < min || value > max ? notAllowed(plain, allowed) : accept(value);
    },
  };
}

/** setTimeout of Node takes no longer delay: 2^31 - 1 ms. */
const MAX_DURATION = 24 * 86_400_000;

/** @param min ms */
export function duration(min = 0): Format<number> {
  const least = min === 0 ? '' : `at least ${min}ms and `;
  const allowed = `a duration such as 500ms, 30s, 5m or 1h (a bare number is ms), ${least}at most 24d`;
  return {
    allowed,
    convict: 'nat',
    read: (plain) => {
      const value = (typeof plain === 'string' ? parseDuration(plain) : undefined) ?? NaN;
      return value >= min && value <= MAX_DURATION ? accept(value) : notAllowed(plain, allowed);
    },
    show: (value) => inLargestUnit(value, DURATION_UNITS),
  };
}

/** 90000 is 90s, not 1.5m: exact, and without a fraction. */
function inLargestUnit(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([name, size]) => name !== '' && value % size === 0 && value >= size);
  const [name, size] = fitting.at(-1) ?? ['', 1];
  return `${value / size}${name}`;
}

export function bytes({ min, max }: Range): Format<number> {
  const scale: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
  const allowed = `a size such as 65536, 512KiB or 10MiB, from ${min} to ${max} bytes`;
  return {
    allowed,
    convict: 'nat',
    read: (plain) => {
      const match = typeof plain === 'string' ? /^(\d{1,15}) ?(KiB|MiB|GiB|)$/.exec(plain) : null;
      const value = match === null ? NaN : Number(match[1]) * (scale[match[2] ?? ''] ?? NaN);
      return value >= min && value <= max ? accept(value) : notAllowed(plain, allowed);
    },
    show: (value) => inLargestUnit(value, scale),
  };
}

/** Also from a single value, which is a list of one. */
export function listOf<T>(item: Format<T>, what: string): Format<readonly T[]> {
  const allowed = `a list of ${what}`;
  return {
    allowed,
    convict: '*',
    read: (plain) => {
      const items: readonly Plain[] = isList(plain) ? plain : [plain];
      const values: T[] = [];
      for (const [index, one] of items.entries()) {
        if (one === null) return refuse(`item ${index + 1} is empty; write '' for an empty text, and 'null' or '~' in quotes`);
        const reading = item.read(one);
        if (!reading.ok) return isList(plain) ? refuse(`item ${index + 1}: ${reading.message}`) : notAllowed(plain, allowed);
        values.push(reading.value);
      }
      return accept(values);
    },
  };
}

/** Absent is a value of its own. */
export function optional<T>(format: Format<T>): Format<T | undefined> {
  const { show, ...rest } = format;
  return { ...rest, convict: '*', ...(show === undefined ? {} : { show: (value) => (value === undefined ? 'none' : show(value)) }) };
}

export function isList(plain: Plain): plain is readonly Plain[] {
  return Array.isArray(plain);
}

export function isDictionary(plain: Plain): plain is ReadonlyMap<string, Plain> {
  return plain instanceof Map;
}
