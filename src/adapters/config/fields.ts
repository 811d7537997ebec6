/** The keys of a value that is a small map, such as a check. */
import { quoted } from '../../core/printable.js';
import { mostSimilar } from '../../core/similar.js';
import { type Format, type Reading, refuse } from './format.js';
import type { Plain } from './located.js';

export type Fields = ReadonlyMap<string, Plain>;

/** @param fallback as it would be written; undefined: it must be written */
export function field<T>(fields: Fields, key: string, format: Format<T>, fallback?: string): Reading<T> {
  const written = fields.get(key) ?? fallback ?? null;
  if (written === null) return refuse(`'${key}' is missing; it must be ${format.allowed}`);
  const reading = format.read(written);
  return reading.ok ? reading : refuse(`${key}: ${reading.message}`);
}

/** undefined where nothing is written. */
export function maybe<T>(fields: Fields, key: string, format: Format<T>): Reading<T | undefined> {
  return (fields.get(key) ?? null) === null ? { ok: true, value: undefined } : field(fields, key, format);
}

/** undefined: all keys are known. @param allowed what is said of the whole */
export function strangeKey(fields: Fields, known: readonly string[], allowed: string): Reading<never> | undefined {
  const strange = [...fields.keys()].find((key) => !known.includes(key));
  if (strange === undefined) return undefined;
  const close = mostSimilar(strange, known);
  return refuse(`this kind has no key ${quoted(strange)}${close === undefined ? '' : `; did you mean '${close}'?`}; allowed is ${allowed}`);
}

type Values<T extends Readonly<Record<string, Reading<unknown>>>> = { readonly [K in keyof T]: T[K] extends Reading<infer V> ? V : never };

/** All of the readings, or the first one that failed. */
export function all<T extends Readonly<Record<string, Reading<unknown>>>>(readings: T): Reading<Values<T>> {
  const values: Record<string, unknown> = {};
  for (const [key, reading] of Object.entries(readings)) {
    if (!reading.ok) return reading;
    values[key] = reading.value;
  }
  // Each value came from the reading of its own key.
  return { ok: true, value: values as Values<T> };
}
