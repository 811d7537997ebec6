/** Listens on a UNIX socket that nobody else may connect to, not even for a moment. */
import * as fs from 'node:fs';
import { connect, type Server } from 'node:net';

import { errorCode } from './error-code.js';

/** ms that whoever listens at a socket has to take a connection. */
const PATIENCE = 1000;

/** The umask closes the moment between bind(2) and a chmod in which others could connect. */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(umask);
  }
}

/**
 * Makes place for a new socket.
 * @throws Error somebody listens there, or it is something else than a socket
 */
export async function removeDeadSocket(path: string): Promise<void> {
  const there = fs.lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error(`${path} is there already, and no socket`);
  if (await isHeard(path)) throw new Error(`somebody else listens at ${path}`);
  fs.rmSync(path, { force: true });
}

function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (heard: boolean): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.setTimeout(PATIENCE, () => answer(true));
    socket.once('connect', () => answer(true));
    socket.once('error', (error) => answer(errorCode(error) !== 'ECONNREFUSED' && errorCode(error) !== 'ENOENT'));
  });
}
