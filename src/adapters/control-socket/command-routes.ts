/**
 * What the control socket does for daemon-util (scripts/hand-over).
 *
 * The client holds back the last byte of its request. Once the command is taken,
 * it is told how long to wait for a sign of life, and sends that byte only then:
 * nothing begins before, since a client that has given up does the same by Node.
 * What follows comes line by line, until the connection ends: `o` and `e` with
 * what goes to stdout and stderr; empty ones as signs of life; and last, or it
 * was none, `=` with the exit status.
 */
import type { ServerResponse } from 'node:http';

import { WatchkeeperError } from '../../core/errors.js';
import { parseHandedCommand } from '../../core/handed-command.js';
import { KEEP_ALIVE, patienceInStream } from './protocol.js';
import type { Respond } from './routes.js';

const SIGNS = { stdout: 'o', stderr: 'e' } as const;

export const runCommand: Respond = async (service, { body, confirmed, response }) => {
  const command = parseHandedCommand(body);
  if (typeof command === 'string') throw new WatchkeeperError('USAGE', 'cannot do what daemon-util is asked for', command, 'daemon-util of the same version');
  const taken = await service.commands.take(command);
  if (taken === undefined) throw new WatchkeeperError('USAGE', 'cannot do what daemon-util is asked for', 'this is not for the watcher to do', 'the same by Node');
  const patience = patienceInStream(service.commands.patience());
  // Its end is that of the connection: a client in a few lines of Perl knows no chunks.
  response.removeHeader('transfer-encoding');
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  tell(response, `${patience}\n`);
  const told = performance.now();
  // What was confirmed may come to us late, e.g. where we were stopped: its client has reported a failure then.
  if (!(await confirmed) || performance.now() - told > patience) {
    response.destroy();
    return;
  }
  const alive = setInterval(() => response.write('\n'), KEEP_ALIVE);
  try {
    const status = await taken((stream, line) => tell(response, `${SIGNS[stream]} ${line}\n`));
    response.write(`= ${status}\n`);
  } finally {
    clearInterval(alive);
    response.end();
  }
};

/** At once, but what is said in one go is one packet: a status of hundreds of daemons is as many lines. */
function tell(response: ServerResponse, text: string): void {
  if (response.writableCorked === 0) {
    response.cork();
    queueMicrotask(() => response.uncork());
  }
  response.write(text);
}
