/** The properties of a unit as the bus tells them: a{sv} of every interface of its object. */
import { Variant } from 'dbus-next';

import type { PropertySource } from './unit-facts.js';

/** Whatever properties there are, not only those of facts. */
export interface BusProperties extends PropertySource {
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

/** @param body of the answer to GetAll */
export function busProperties(body: readonly unknown[]): BusProperties {
  const [record] = body;
  const values: Readonly<Record<string, unknown>> = typeof record === 'object' && record !== null ? { ...record } : {};
  const valueOf = (name: string): unknown => {
    const variant = values[name];
    return variant instanceof Variant ? (variant.value as unknown) : undefined;
  };
  return {
    text: (name) => textOf(name, valueOf(name)),
    list: (name) => listOf(valueOf(name)),
  };
}

/** InvocationID is a row of bytes; none: the unit has never run. */
export function invocationText(value: unknown): string {
  return Buffer.from(Array.isArray(value) || Buffer.isBuffer(value) ? (value as number[]) : []).toString('hex');
}

function textOf(name: string, value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return value ? 'yes' : 'no';
    case 'number':
    case 'bigint':
      return String(value);
    default:
      break;
  }
  if (name === 'DropInPaths') return listOf(value).join(' ');
  // Job is (id, path); LoadError is (name, message).
  if (name === 'InvocationID') return invocationText(value);
  if (!Array.isArray(value)) return undefined;
  const [first, second] = value as readonly unknown[];
  if (name === 'Job') return typeof first === 'number' ? String(first) : '0';
  return [first, second].filter((part) => typeof part === 'string' && part !== '').join(': ');
}

/** as, or the first member of each of a(sb). */
function listOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).map((item) => (Array.isArray(item) ? (item as unknown[])[0] : item)).filter((item) => typeof item === 'string');
}
