/**
 * What a supervisor in Node can do at best: starts again what has ended. No
 * configuration, no record, no delay, no health.
 *
 *   node bare-supervisor.mjs run CONF SOCKET [PID_DIRECTORY]
 *   node bare-supervisor.mjs start|stop|status SOCKET
 *
 * CONF has lines "NAME PROGRAM ARGUMENT…". With PID_DIRECTORY it starts each by
 * start-stop-daemon, which writes a pid file there and then becomes it.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [what, first = '', second = '', pidDirectory] = process.argv.slice(2);

function supervise() {
  const all = readFileSync(first, 'utf8').trim().split('\n').map((line) => line.split(' ')).map(([name, ...argv]) => ({ name, argv, pid: 0 }));
  let wanted = false;
  const start = (one) => {
    const pidFile = `${pidDirectory}/${one.name}.pid`;
    const [program, ...rest] = one.argv;
    const chain = ['/usr/sbin/start-stop-daemon', '--start', '--pidfile', pidFile, '--make-pidfile', '--chdir', '/', '--startas', program, '--', ...rest];
    if (pidDirectory !== undefined) rmSync(pidFile, { force: true });
    const argv = pidDirectory === undefined ? one.argv : chain;
    const child = spawn(argv[0], argv.slice(1), { detached: true, stdio: 'ignore', cwd: '/', env: {} });
    one.pid = child.pid;
    child.once('exit', () => {
      one.pid = 0;
      if (wanted) start(one);
    });
  };
  const act = (command) => {
    if (command !== 'status') wanted = command === 'start';
    for (const one of all) {
      if (command === 'start' && one.pid === 0) start(one);
      if (command === 'stop' && one.pid > 0) process.kill(one.pid);
    }
    return all.map(({ name, pid }) => `${name} ${pid}\n`).join('');
  };
  createServer({ allowHalfOpen: true }, (socket) => socket.once('data', (data) => socket.end(act(data.toString().trim())))).listen(second);
}

if (what === 'run') supervise();
else {
  const socket = connect(first, () => socket.end(`${what}\n`));
  socket.pipe(process.stdout);
}
