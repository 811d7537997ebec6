/** The machine room of a cluster of containers: whom test/fixtures/fence_wire asks loses its power. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Node } from './cluster.js';

const ROOM = 'var/lib/machine-room';
const INTERVAL = 30;

export class MachineRoom {
  /** Nodes whose power was cut, in order. */
  readonly cuts: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #busy = new Set<string>();

  constructor(private readonly nodes: readonly Node[]) {
    for (const { root } of nodes) mkdirSync(join(root, ROOM), { recursive: true });
    this.#timer = setInterval(() => this.#look(), INTERVAL);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const { root } of this.nodes) {
      for (const victim of this.nodes) {
        const request = join(root, ROOM, `${victim.node}.cut`);
        if (this.#busy.has(request) || !existsSync(request)) continue;
        this.#busy.add(request);
        void this.#cut(victim, request).finally(() => this.#busy.delete(request));
      }
    }
  }

  async #cut(victim: Node, request: string): Promise<void> {
    await victim.powerOff('cut');
    this.cuts.push(victim.node);
    rmSync(request, { force: true });
    writeFileSync(request.replace(/cut$/, 'off'), '');
  }
}
