/** A command that an operator types, and what he hears of it. */
import { spawn } from 'node:child_process';

import type { Answer } from './world.js';

/** ms */
export const COMMAND_TIMEOUT = 60_000;

export function typed(program: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Answer> {
  const child = spawn(program, words, { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'], timeout: COMMAND_TIMEOUT, killSignal: 'SIGKILL' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    // Pids may be short at this moment.
    child.once('error', ({ message }) => resolve({ result: 'none', detail: message }));
    child.once('close', (status, signal) => {
      const result = signal !== null ? 'none' : status === 0 ? 'done' : 'refused';
      resolve({ result, detail: `${signal ?? status ?? -1} ${stderr.slice(-400)}` });
    });
  });
}
