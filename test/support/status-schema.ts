/**
 * docs/status.schema.json as a test takes it: what it does not name must not be
 * there. Knows the few words of JSON Schema that it uses, and refuses others, so
 * that no rule is passed over.
 */
import { readFileSync } from 'node:fs';

const SCHEMA = new URL('../../docs/status.schema.json', import.meta.url);

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Schema = Readonly<Record<string, Json>>;

const REMARKS: ReadonlySet<string> = new Set(['$schema', '$id', 'title', 'description']);

/** @returns what of the answer the schema does not allow; empty: it fits */
export function schemaProblems(answer: unknown): readonly string[] {
  return problems(answer, JSON.parse(readFileSync(SCHEMA, 'utf8')) as Schema, 'answer');
}

function problems(value: unknown, schema: Schema, where: string): readonly string[] {
  return Object.entries(schema).flatMap(([word, rule]) => {
    if (REMARKS.has(word)) return [];
    switch (word) {
      case 'type':
        return [rule].flat().some((type) => isOfType(value, type)) ? [] : [`${where}: ${kindOf(value)} instead of ${JSON.stringify(rule)}`];
      case 'const':
        return value === rule ? [] : [`${where}: ${JSON.stringify(value)} instead of ${JSON.stringify(rule)}`];
      case 'enum':
        return (rule as readonly unknown[]).includes(value) ? [] : [`${where}: ${JSON.stringify(value)} is none of ${JSON.stringify(rule)}`];
      case 'oneOf': {
        const fits = (rule as readonly Schema[]).filter((one) => problems(value, one, where).length === 0).length;
        return fits === 1 ? [] : [`${where}: ${JSON.stringify(value)} fits ${fits} of the alternatives`];
      }
      case 'required':
        return (rule as readonly string[]).filter((key) => isObject(value) && !(key in value)).map((key) => `${where}.${key} is missing`);
      case 'items':
        return Array.isArray(value) ? value.flatMap((item, index) => problems(item, rule as Schema, `${where}[${index}]`)) : [];
      case 'properties':
        return isObject(value) ? members(value, rule as Readonly<Record<string, Schema>>, schema['additionalProperties'] as Schema | undefined, where) : [];
      case 'additionalProperties':
        return isObject(value) && !('properties' in schema) ? members(value, {}, rule as Schema, where) : [];
      default:
        throw new Error(`docs/status.schema.json uses '${word}', which this reader does not know`);
    }
  });
}

/** Clients must bear further keys; our own documentation must not lack any. */
function members(value: Readonly<Record<string, unknown>>, known: Readonly<Record<string, Schema>>, others: Schema | undefined, where: string): readonly string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const schema = known[key] ?? others;
    return schema === undefined ? [`${where}.${key} is not documented`] : problems(item, schema, `${where}.${key}`);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return kindOf(value) === 'object';
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function isOfType(value: unknown, type: Json): boolean {
  return type === 'integer' ? Number.isInteger(value) : kindOf(value) === type;
}
