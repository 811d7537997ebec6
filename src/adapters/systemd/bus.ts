/**
 * One connection to the system bus: low-level messages of dbus-next, each call
 * with a deadline of its own, and the connection's end told for certain.
 *
 * What dbus-next leaves to its user, measured with 0.10.2: a bus object says
 * nothing when dbus-daemon dies, and calls under way never settle; a connection
 * that ends within a message throws a RangeError out of its parser, past every
 * handler. So we watch its socket ourselves. `unix:socket=` makes it use Node's
 * own socket: the native one hangs on large writes.
 */
import { Socket } from 'node:net';

import { DBusError, Message, type MessageBus, MessageType, sessionBus } from 'dbus-next';

import type { Clock } from '../../ports/clock.js';

export const SYSTEM_BUS_SOCKET = '/run/dbus/system_bus_socket';

export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

export interface BusReply {
  /** Unique name of the connection that answered; the bus sees to it that nobody answers in another's name. */
  readonly sender: string;
  readonly body: readonly unknown[];
}

export interface BusSignal {
  /** Unique name of the connection that sent it. */
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** A call got an error for its answer, or none. */
export class BusFailure extends Error {
  override readonly name = 'BusFailure';

  constructor(
    /** The D-Bus error's name; `timeout` and `closed` are ours. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export interface BusEvents {
  signal(signal: BusSignal): void;
  /** Once, after which no call succeeds and no signal comes. */
  ended(reason: string): void;
}

export class BusConnection {
  readonly #bus: MessageBus;
  readonly #socket: Socket;
  readonly #pending = new Set<(failure: BusFailure) => void>();
  #over: string | undefined;

  private constructor(
    path: string,
    private readonly clock: Clock,
    private readonly timeout: number,
    private readonly events: BusEvents,
  ) {
    this.#bus = sessionBus({ busAddress: `unix:socket=${path}` });
    this.#socket = socketOf(this.#bus);
    this.#guardParser();
    this.#bus.on('error', (error: unknown) => this.#end(String(error)));
    this.#socket.on('close', () => this.#end('the bus closed the connection'));
    this.#socket.on('end', () => this.#end('the bus closed the connection'));
    this.#bus.on('message', (message: Message) => {
      if (message.type !== MessageType.SIGNAL || this.#over !== undefined) return;
      const { sender, path: from, interface: name, member, body } = message;
      this.events.signal({ sender, path: from, interface: name, member, body });
    });
  }

  /**
   * @param timeout ms for the connection, and for each call
   * @throws BusFailure
   */
  static async open(path: string, clock: Clock, timeout: number, events: BusEvents): Promise<BusConnection> {
    const connection = new BusConnection(path, clock, timeout, events);
    await connection.#deadline(`connecting to ${path}`, (done) => connection.#bus.once('connect', () => done(undefined)));
    return connection;
  }

  /** @returns the answer's body. @throws BusFailure */
  async call(call: BusCall): Promise<readonly unknown[]> {
    return (await this.reply(call)).body;
  }

  /** @throws BusFailure */
  reply(call: BusCall): Promise<BusReply> {
    return this.#deadline(`${call.member} of ${call.path}`, (done, fail) => {
      const { signature = '', body = [], ...rest } = call;
      this.#bus.call(new Message({ ...rest, signature, body: [...body] })).then(
        (reply) => done({ sender: reply?.sender ?? '', body: reply?.body ?? [] }),
        (cause: unknown) => fail(cause instanceof DBusError ? new BusFailure(cause.type, cause.text, { cause }) : new BusFailure('closed', String(cause), { cause })),
      );
    });
  }

  /** Nothing is told any more after this. */
  close(reason: string): void {
    this.#end(reason);
  }

  #deadline<T>(what: string, begin: (done: (value: T) => void, fail: (failure: BusFailure) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(new BusFailure('closed', this.#over));
        return;
      }
      const settle = (): void => {
        timer.cancel();
        this.#pending.delete(fail);
      };
      const fail = (failure: BusFailure): void => {
        settle();
        reject(failure);
      };
      this.#pending.add(fail);
      const timer = this.clock.after(this.timeout, () => {
        fail(new BusFailure('timeout', `${what}: no answer within ${this.timeout} ms`));
        // An answer that comes later would be of no use, and the next call would wait, too.
        this.#end(`the bus does not answer (${what})`);
      });
      begin((value) => {
        settle();
        resolve(value);
      }, fail);
    });
  }

  #end(reason: string): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    this.#socket.destroy();
    for (const fail of [...this.#pending]) fail(new BusFailure('closed', reason));
    this.events.ended(reason);
  }

  /** The parser listens to `readable`; what it throws would end the process. */
  #guardParser(): void {
    const socket = this.#socket;
    const emit = socket.emit.bind(socket) as (event: string | symbol, ...rest: unknown[]) => boolean;
    socket.emit = (event: string | symbol, ...rest: unknown[]): boolean => {
      if (event !== 'readable') return emit(event, ...rest);
      try {
        return emit(event, ...rest);
      } catch (error) {
        this.#end(`the bus sent a broken message: ${String(error)}`);
        return true;
      }
    };
  }
}

/** dbus-next keeps its socket to itself, but only the socket tells that it is gone. */
function socketOf(bus: MessageBus): Socket {
  const { _connection: connection } = bus as unknown as { _connection?: { stream?: unknown } };
  if (!(connection?.stream instanceof Socket)) throw new Error('dbus-next has changed: its connection has no socket');
  return connection.stream;
}
