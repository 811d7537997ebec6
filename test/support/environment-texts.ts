/** Texts of environment files for comparing our reader with others: of pieces that meet in ways that somebody might read differently. */
import fc from 'fast-check';

import { formatAssignment } from '../../src/core/argument-words.js';
import { parseEnvironmentFile } from '../../src/core/environment-file.js';

const piece = fc.constantFrom(
  "'", '"', '\\', '\n', ' ', '\t', 'a', 'B=', 'A=', '#', ';', '$', '$HOME', '`', '~', '*', '?', '=', 'é', '\u0081', '\\\n', "'x y'", '"p q"', '\\ ',
  '\\\\', '"\\$\\`\\"\\n"', '\r', '\u001b', '|', '&', '(', ')', '<', '{a,b}', '!', ':~', 'export ', "'\n'", '"\n"', '"\\\n"', '\u00a0', '[0]', '+=', '%', '😀',
);

const text = fc.array(piece, { maxLength: 12 }).map((pieces) => `A=${pieces.join('')}\nZ=end\n`);

export interface AcceptedText {
  readonly text: string;
  readonly variables: ReadonlyMap<string, string>;
}

/** Different texts that our reader accepts, with what it reads. @param seed the same texts for the same seed */
export function acceptedTexts(wanted: number, seed: number): readonly AcceptedText[] {
  const cases = new Map<string, AcceptedText>();
  for (const candidate of fc.sample(text, { numRuns: wanted * 40, seed })) {
    const result = parseEnvironmentFile(candidate);
    if (result.ok) cases.set(candidate, { text: candidate, variables: result.variables });
    if (cases.size === wanted) break;
  }
  for (const words of fc.sample(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 5 }), { numRuns: 100, seed })) {
    const assignment = formatAssignment('A', words);
    if (!assignment.ok) continue;
    const result = parseEnvironmentFile(assignment.text);
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    cases.set(assignment.text, { text: assignment.text, variables: result.variables });
  }
  return [...cases.values()];
}

/** WATCHKEEPER_TEST_SEED repeats a run whose failure named its seed. */
export function testSeed(): number {
  const given = process.env['WATCHKEEPER_TEST_SEED'];
  return given === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(given);
}
