/** Those who listen for changes by server-sent events: a bounded number, and none that does not read. */
import type { ServerResponse } from 'node:http';

export const MOST_CLIENTS = 16;
/** Bytes that may wait for a client; what is sent is tiny, so whoever lets them pile up is gone or does not read. */
const MOST_WAITING = 16 * 1024;
/** ms between two signs of life. */
const ALIVE = 15_000;
/** ms between two looks whether something has changed. */
const LOOK = 1000;

export interface Watched {
  readonly version: string;
}

export class LiveClients {
  /** What each was told last. */
  readonly #clients = new Map<ServerResponse, string>();
  #looking: NodeJS.Timeout | undefined;
  #alive: NodeJS.Timeout | undefined;

  /** @param look the present version; asked only while somebody listens */
  constructor(
    private readonly look: () => Promise<Watched>,
    private readonly failed: (error: unknown) => void,
  ) {}

  get size(): number {
    return this.#clients.size;
  }

  /** @returns false: there are too many already, and nothing was sent */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): boolean {
    if (this.#clients.size >= MOST_CLIENTS) return false;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    this.#clients.set(response, '');
    response.on('close', () => this.#remove(response));
    response.on('error', () => this.#remove(response));
    this.#send(response, 'retry: 3000\nevent: alive\ndata: 1\n\n');
    this.#looking ??= setInterval(() => void this.#tell(), LOOK);
    this.#alive ??= setInterval(() => this.#sendAll('event: alive\ndata: 1\n\n'), ALIVE);
    void this.#tell();
    return true;
  }

  close(): void {
    for (const response of this.#clients.keys()) response.destroy();
    this.#rest();
  }

  async #tell(): Promise<void> {
    try {
      const { version } = await this.look();
      for (const [response, told] of this.#clients) {
        if (told === version) continue;
        this.#clients.set(response, version);
        this.#send(response, `event: changed\ndata: ${version}\n\n`);
      }
    } catch (error) {
      this.failed(error);
    }
  }

  #sendAll(text: string): void {
    for (const response of this.#clients.keys()) this.#send(response, text);
  }

  #send(response: ServerResponse, text: string): void {
    if (response.writableLength > MOST_WAITING) response.destroy();
    else response.write(text);
  }

  #remove(response: ServerResponse): void {
    this.#clients.delete(response);
    if (this.#clients.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#looking);
    clearInterval(this.#alive);
    this.#looking = undefined;
    this.#alive = undefined;
  }
}
