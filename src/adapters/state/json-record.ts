/** Records in JSON, of whose text nothing is known yet. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** undefined: the text is no object in JSON. */
export function jsonObject(text: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** The object, or why there is no record of this version in this text. */
export function jsonRecord(text: string, version: number): JsonObject | string {
  const record = jsonObject(text);
  if (record === undefined) return 'it is not a record in JSON';
  return record['schemaVersion'] === version ? record : `its schema version is not ${version}`;
}
