/** Faults of those who ask the watcher something. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';

import { eventually } from '../support/eventually.js';
import { isLive } from '../support/proc.js';
import { monotonic, pause } from './clock.js';
import { NO_WATCHER } from './faults-watcher.js';
import type { Fault } from './plan.js';
import type { Storm } from './storm.js';

interface Crowd {
  readonly clients: number;
  /** ms until a watcher that lives must have answered one of them, also where it was frozen or short of descriptors meanwhile. */
  readonly patience: number;
  /** ms that it waits for a watcher to be back. */
  readonly longestWait: number;
}

const CROWD: Crowd = { clients: 500, patience: 20_000, longestWait: 10_000 };
/** ms that it waits for the crowds before it. */
const LONGEST_QUEUE = 30_000;

const HALVES: readonly string[] = [
  '',
  'P',
  'POST /v1/start HTTP/1.1\r\n',
  'POST /v1/start HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"names":["d',
  'GET /v1/status HTTP/1.1\r\nHost: x\r\n',
  'POST /v1/stop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{"names":',
  'GET /v1/events?limit=10&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n',
  `GET /${'x'.repeat(20_000)}`,
  '\0\x01\x02\xff',
];

function socketOf(storm: Storm): string {
  return join(storm.world.site.paths.runtime, 'control.sock');
}

/** @returns whether it was answered, whatever the answer was */
function question(path: string, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath: path, path: '/v1/status', timeout, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(true));
      response.on('error', () => resolve(false));
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(false));
    asking.end();
  });
}

/** One that has told that it is at work: one that begins doesn't listen yet. */
function atWork(storm: Storm): number | undefined {
  const pid = storm.watched();
  return pid !== undefined && pid === storm.world.watcher() ? pid : undefined;
}

/** One at a time: more than a thousand connections the watcher refuses. */
let crowds: Promise<unknown> = Promise.resolve();

/** @returns why it hit nothing */
export async function crowd(storm: Storm, fault: Fault, { clients, patience, longestWait }: Crowd): Promise<string | undefined> {
  await eventually('a watcher is at work', () => atWork(storm) !== undefined, longestWait).catch(() => undefined);
  const watcher = atWork(storm);
  if (watcher === undefined) return NO_WATCHER;
  const since = monotonic();
  const answers = await Promise.all(Array.from({ length: clients }, () => question(socketOf(storm), patience)));
  let answered = answers.filter((one) => one).length;
  const isStill = (): boolean => isLive(watcher) && storm.world.watcher() === watcher;
  // All of them may have been refused at once, for a reason that passes.
  while (answered === 0 && isStill() && monotonic() - since < patience) {
    await pause(100);
    if (await question(socketOf(storm), patience)) answered = 1;
  }
  const lived = isStill();
  storm.tell({ e: 'crowd', step: fault.step, clients, answered, lived });
  return answered > 0 || lived ? undefined : 'the watcher ended before it answered one';
}

export const CLIENT_FAULTS = {
  'half-request': async (storm: Storm, fault: Fault) => {
    const socket = connect(socketOf(storm));
    let missed: string | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') missed = `${NO_WATCHER}: ${error.code}`;
    });
    socket.write(HALVES[fault.choice % HALVES.length] ?? '', 'latin1');
    socket.resume();
    await pause(fault.hold);
    socket.destroy();
    return missed;
  },

  'many-clients': async (storm: Storm, fault: Fault) => {
    const since = monotonic();
    const turn = crowds.then(() => (monotonic() - since < LONGEST_QUEUE ? crowd(storm, fault, CROWD) : 'the crowds before it took too long'));
    crowds = turn.catch(() => undefined);
    return turn;
  },
};
