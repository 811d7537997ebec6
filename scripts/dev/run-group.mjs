/**
 * One program with a deadline, in a process group of its own, so that nothing
 * it started there outlives it.
 */
import { spawn } from 'node:child_process';

/** From the polite signal to SIGKILL; mocha's after hooks clean up in it. */
const GRACE = 10_000;

/** A leaked daemon may hold our pipes open for ever: what is in them comes at once. */
const DRAIN = 1_000;

/** @type {Set<() => void>} */
const endings = new Set();

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * @param {readonly [string, ...string[]]} command
 * @param {{ cwd: string, env: Record<string, string>, deadline: number, onOutput: (chunk: Buffer) => void }} options
 *   deadline in ms; all that is written to stdout and stderr goes to onOutput
 * @returns {Promise<import('./tally.mjs').Ending>}
 */
export function runGroup(command, { cwd, env, deadline, onOutput }) {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let timedOut = false;
    let killer;
    const end = () => {
      if (killer !== undefined) return;
      child.kill('SIGINT');
      killer = setTimeout(() => killGroup(child.pid), GRACE);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, deadline);
    endings.add(end);
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    child.on('error', (error) => {
      clearTimeout(timer);
      endings.delete(end);
      reject(error);
    });
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      clearTimeout(killer);
      endings.delete(end);
      killGroup(child.pid);
      const drain = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, DRAIN);
      child.on('close', () => {
        clearTimeout(drain);
        resolve({ status, signal, timedOut });
      });
    });
  });
}

/** For our own end: takes all running groups with us. */
export function endAllGroups() {
  for (const end of [...endings]) end();
}
