/** Parsers with a fault that about one input in a hundred shows, by which the fuzzer itself is tested. */
import { setTimeout } from 'node:timers/promises';

import fc from 'fast-check';

import type { Target } from './target.js';

const inputs = fc.uint8Array({ minLength: 1, maxLength: 200 });
const kept: unknown[] = [];

export function planted(fault: string): Target {
  return {
    inputs,
    batch: 200,
    open: () => ({
      try(input): void | Promise<void> {
        if (fault === 'leak') kept.push(Array.from({ length: 2000 }, () => ({})));
        if (input.length < 10 || (input[0] ?? 0) % 64 !== 7) return undefined;
        switch (fault) {
          case 'wrong':
            throw new TypeError('no such property');
          case 'hang':
            for (;;);
          case 'sleep':
            return new Promise(() => undefined);
          case 'crash':
            process.abort();
            break;
          case 'greedy':
            if (Array.from({ length: 500_000 }, () => ({})).length === 0) throw new Error('impossible');
            break;
          case 'exhaust':
            for (;;) kept.push(Array.from({ length: 100_000 }, () => ({})));
          case 'slow':
            for (const end = process.cpuUsage().user + 400_000; process.cpuUsage().user < end; );
            break;
          case 'late':
            void setTimeout(1).then(() => Promise.reject(new Error('nobody waits for this')));
            break;
          default:
            break;
        }
        return undefined;
      },
    }),
  };
}
