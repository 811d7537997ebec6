/** What is fuzzed: a way in, inputs for it as bytes, and what must hold of each. */
import type fc from 'fast-check';

export interface Target {
  readonly inputs: fc.Arbitrary<Uint8Array>;
  /** Inputs between two looks at the clock. */
  readonly batch: number;
  readonly limits?: Partial<Limits>;
  open(): Session | Promise<Session>;
}

/** All that tries of one target share: directories, servers, processes. */
export interface Session {
  /** @throws whatever does not hold */
  try(input: Buffer): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** For an input of N bytes: `fixed + perByte * N`. */
export interface Limits {
  /** ms of CPU, the smallest of three tries */
  readonly time: Line;
  /** bytes of heap and buffers that are taken meanwhile */
  readonly memory: Line;
  /** bytes that the heap of the whole run may have grown by, after a collection */
  readonly growth: number;
}

export interface Line {
  readonly fixed: number;
  readonly perByte: number;
}

/** s for a program under test, such as a shell: it has ended before the fuzzer loses its own patience. */
export const PATIENCE = 30;

const MIB = 1024 * 1024;

/** Generous, for a machine that others use; what is quadratic or worse is far beyond. */
export const LIMITS: Limits = {
  time: { fixed: 250, perByte: 0.01 },
  memory: { fixed: 12 * MIB, perByte: 2048 },
  growth: 12 * MIB,
};

export function allowed({ fixed, perByte }: Line, bytes: number): number {
  return fixed + perByte * bytes;
}
