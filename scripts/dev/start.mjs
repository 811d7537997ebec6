/**
 * `npm start`: sets up, builds, and runs the watcher on the demo catalogue in
 * the foreground.
 *
 * The watcher gets a session of its own, and we pass signals on. In our own
 * process group it would hear one Ctrl-C up to three times (from the terminal,
 * from npm, from us), and a second Ctrl-C has a meaning of its own.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from './build.mjs';
import { ROOT, cleanEnvironment, runMain } from './project.mjs';
import { setup } from './setup.mjs';

/** npm repeats the terminal's Ctrl-C at once; a person takes longer. */
const REPEAT_WINDOW = 700;

const SETPRIV = '/usr/bin/setpriv';

function watcherArguments(given) {
  const configured = given.some((word) => word === '--demo' || word === '--config' || word.startsWith('--config='));
  const demo = configured || (process.env.WATCHKEEPER_CONFIG ?? '') !== '' ? [] : ['--demo'];
  return ['--inspect-port=192.0.2.1:9229', '--max-semi-space-size=1', path.join(ROOT, 'dist/watchkeeper.cjs'), 'watchkeeper', 'run', ...demo, ...given];
}

/** Ends with us even if we are killed by -9, where util-linux can see to it. */
function spawnWatcher(given) {
  const command = [process.execPath, ...watcherArguments(given)];
  const [program, ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', '--', ...command] : command;
  return spawn(program, rest, { stdio: 'inherit', detached: true, env: cleanEnvironment() });
}

function passSignals(child) {
  const last = new Map();
  const passOnce = (signal, as = signal) => {
    process.on(signal, () => {
      const now = performance.now();
      const before = last.get(signal);
      if (before !== undefined && now - before < REPEAT_WINDOW) return;
      last.set(signal, now);
      child.kill(as);
    });
  };
  passOnce('SIGINT');
  passOnce('SIGTERM');
  passOnce('SIGQUIT');
  // the terminal is gone; to the watcher itself SIGHUP would mean "reload"
  passOnce('SIGHUP', 'SIGTERM');
  process.on('SIGWINCH', () => child.kill('SIGWINCH'));
  process.on('SIGTSTP', () => {
    child.kill('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => child.kill('SIGCONT'));
}

await runMain(async () => {
  await setup();
  await build();
  const child = spawnWatcher(process.argv.slice(2));
  passSignals(child);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status, signal) => resolve(status ?? 128 + (os.constants.signals[signal] ?? 0)));
  });
});
