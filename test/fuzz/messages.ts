/** What the fuzzer says to the process that tries the inputs, and what it answers. */

/** Either as long as `seconds`, or one path of fast-check, or one input. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  /** Inputs that are tried however long they take. */
  readonly least?: number;
  readonly path?: string;
  /** base64 */
  readonly input?: string;
}

export type Answer =
  | { readonly kind: 'passed'; readonly runs: number; readonly seconds: number; readonly grown: number }
  | { readonly kind: 'failed'; readonly runs: number; readonly seed: number; readonly path: string; /** base64 */ readonly input: string; readonly reason: string };

/** The first bytes of the file that always holds the input that is being tried: `RUN SEED LENGTH\n`. */
export const HEADER = 64;
