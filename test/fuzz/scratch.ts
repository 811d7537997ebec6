/** A directory for the files that a target reads. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export class Scratch {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'target-'));

  at(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  write(name: string, content: string | Uint8Array): string {
    const file = this.at(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  fifo(name: string): string {
    const file = this.at(name);
    mkdirSync(path.dirname(file), { recursive: true });
    const { status } = spawnSync('/usr/bin/mkfifo', [file]);
    if (status !== 0) throw new Error(`mkfifo ended with ${String(status)}`);
    return file;
  }

  remove(name = '.'): void {
    rmSync(this.at(name), { recursive: true, force: true });
  }
}
