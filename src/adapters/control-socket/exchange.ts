/**
 * One request over the watcher's socket. By node:net alone: node:http, of which
 * a client of one server needs little, takes a quarter of Node's own start to
 * load. HTTP/1.0, whose answers are not cut into chunks and end with their
 * connection: lines come as they are written. Each of ours ends with a newline,
 * so one that was cut off is told from a whole one.
 */
import { connect, type Socket } from 'node:net';

const HEAD_ENDS = '\r\n\r\n';
const MAX_HEAD = 64 * 1024;

export interface Question {
  readonly socketPath: string;
  readonly method: string;
  /** With its query; ASCII. */
  readonly path: string;
  /** Of one line each; ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** ms without a sign of life, before the answer begins. */
  readonly timeout: number;
  /** The same from then on. */
  readonly patience: number;
  /** What is thrown then. */
  readonly silence: (waited: number) => Error;
}

/**
 * @returns the body, as it comes
 * @throws what the system says, with its code, and ECONNRESET for an end in the midst of it; here, or while the body is read
 */
export async function ask(question: Question): Promise<AsyncIterable<string>> {
  const socket = connect(question.socketPath);
  socket.setEncoding('utf8');
  let timeout = question.timeout;
  socket.setTimeout(timeout);
  socket.on('timeout', () => socket.destroy(question.silence(timeout)));
  socket.write(textOf(question));
  const chunks = heard(socket);
  let head = '';
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) throw cutOff('before it answered');
    head += next.value;
    const end = head.indexOf(HEAD_ENDS);
    if (end >= 0) {
      timeout = question.patience;
      socket.setTimeout(timeout);
      return body(head.slice(end + HEAD_ENDS.length), chunks);
    }
    if (head.length > MAX_HEAD) {
      socket.destroy();
      throw cutOff('with an answer that is none');
    }
  }
}

function textOf({ method, path, headers, body: text }: Question): string {
  const all = { ...headers, ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.0\r\n${lines.join('')}\r\n${text ?? ''}`;
}

/** What comes, to its end. The stream's own iterator knows more, and takes a millisecond to load. */
async function* heard(socket: Socket): AsyncGenerator<string, void> {
  const pieces: string[] = [];
  const end: { failure?: Error; reached: boolean } = { reached: false };
  let wake = (): void => undefined;
  socket.on('data', (piece: string) => {
    pieces.push(piece);
    wake();
  });
  socket.on('error', (error) => {
    end.failure = error;
    wake();
  });
  const over = (): void => {
    end.reached = true;
    wake();
  };
  socket.on('end', over).on('close', over);
  try {
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) yield piece;
      else if (end.failure !== undefined) throw end.failure;
      else if (end.reached) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    socket.destroy();
  }
}

async function* body(first: string, rest: AsyncIterator<string>): AsyncGenerator<string, void> {
  let last = '';
  try {
    for (let piece = first; ; ) {
      if (piece !== '') {
        last = piece;
        yield piece;
      }
      const next = await rest.next();
      if (next.done === true) break;
      piece = next.value;
    }
  } finally {
    await rest.return?.(); // closes the connection
  }
  if (!last.endsWith('\n')) throw cutOff('in the midst of an answer');
}

function cutOff(how: string): Error {
  return Object.assign(new Error(`the watcher hung up ${how}`), { code: 'ECONNRESET' });
}
