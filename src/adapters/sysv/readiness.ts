/** ReadinessChecker: one look at whether a daemon is of use. */
import { createConnection, type NetConnectOpts } from 'node:net';
import type { DaemonSpec } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import { describeExit } from '../../core/exit-status.js';
import type { Clock } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { ReadinessChecker } from '../../ports/start-preparation.js';
import { errorCode } from '../host/error-code.js';
import { readPidFile } from './pid-file.js';

interface Look {
  readonly ready: boolean;
  readonly reason: string;
}

export class HostReadiness implements ReadinessChecker {
  constructor(
    private readonly processes: ProcessTable,
    private readonly runner: Runner,
    private readonly clock: Clock,
  ) {}

  async check(spec: DaemonSpec, uptime: number, timeout: number): Promise<Look> {
    const { readiness } = spec;
    switch (readiness.kind) {
      case 'settled':
        return { ready: uptime >= readiness.settle, reason: `has lived for ${Math.round(uptime)} of ${readiness.settle} ms` };
      case 'pid-file':
        return this.#pidFile(spec);
      case 'tcp':
        return this.#connect({ host: readiness.host, port: readiness.port }, `${readiness.host}:${readiness.port}`, timeout);
      case 'unix':
        return this.#connect({ path: readiness.path }, readiness.path, timeout);
      case 'exec':
        return this.#exec(spec, readiness.argv, timeout);
    }
  }

  #pidFile(spec: DaemonSpec): Look {
    if (spec.pidFile === undefined) return { ready: false, reason: 'it has no pid file in the catalogue' };
    const content = readPidFile(spec.pidFile);
    if (content.kind === 'absent') return { ready: false, reason: `${spec.pidFile} is not there yet` };
    if (content.kind === 'unusable') return { ready: false, reason: content.reason };
    const verdict = this.processes.prove(spec, content.pid, content.writtenAt);
    if (verdict.kind === 'proven') return { ready: true, reason: `${spec.pidFile} names pid ${content.pid}` };
    return { ready: false, reason: `${spec.pidFile}: ${verdict.reason}` };
  }

  #connect(address: NetConnectOpts, text: string, timeout: number): Promise<Look> {
    return new Promise((resolve) => {
      const socket = createConnection(address);
      const end = (look: Look): void => {
        timer.cancel();
        socket.destroy();
        resolve(look);
      };
      const timer = this.clock.after(timeout, () => end({ ready: false, reason: `${text} does not answer` }));
      socket.once('connect', () => end({ ready: true, reason: `${text} accepts connections` }));
      socket.on('error', (error) => end({ ready: false, reason: `${text} accepts no connections: ${errorCode(error) ?? error.message}` }));
    });
  }

  async #exec(spec: DaemonSpec, argv: readonly [string, ...string[]], timeout: number): Promise<Look> {
    const as = { ...(spec.user === undefined ? {} : { user: spec.user }), ...(spec.group === undefined ? {} : { group: spec.group }) };
    const result = await this.runner.run(argv, { timeout, workingDirectory: spec.workingDirectory, ...as });
    if (result.timedOut) return { ready: false, reason: `${argv[0]} took longer than ${Math.round(timeout)} ms` };
    const ready = result.exit.kind === 'exited' && result.exit.status === 0;
    const said = escapeControl((result.stderr || result.stdout).trim(), 200);
    return { ready, reason: `${argv[0]} ${describeExit(result.exit)}${said === '' ? '' : `: ${said}`}` };
  }
}
