/**
 * What a supervisor in Node can do at best: starts each daemon by
 * start-stop-daemon as its child, and starts it again when it ends. No
 * configuration, no record, no delay, no health.
 *
 *   node bare-supervisor.mjs PROGRAM FIFO DIRECTORY N
 */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

const START_STOP_DAEMON = '/usr/sbin/start-stop-daemon';
const [program = '', fifo = '', directory = '', count = '0'] = process.argv.slice(2);
const direct = !existsSync(START_STOP_DAEMON);

function start(id) {
  const pidFile = path.join(directory, `${id}.pid`);
  rmSync(pidFile, { force: true });
  const argv = direct
    ? [program, fifo, id]
    : [START_STOP_DAEMON, '--start', '--pidfile', pidFile, '--make-pidfile', '--chdir', '/', '--startas', program, '--', fifo, id];
  spawn(argv[0], argv.slice(1), { detached: true, stdio: 'ignore', cwd: '/', env: {} }).once('exit', () => start(id));
}

for (let id = 0; id < Number(count); id += 1) start(`d${id}`);
