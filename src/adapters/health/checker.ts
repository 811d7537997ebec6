/** HealthChecker on this machine: one small module for each kind of look. */
import type { CheckMethod } from '../../core/check-method.js';
import type { DaemonSpec, HealthCheck } from '../../core/daemon.js';
import type { LookResult } from '../../core/health.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import type { HealthChecker, HealthLook } from '../../ports/health-checker.js';
import type { Notifications } from '../../ports/notifications.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Runner } from '../../ports/runner.js';
import type { Trust } from '../sysv/trusted-path.js';
import { tryConnect } from './connect.js';
import { execLook } from './exec.js';
import { httpLook } from './http.js';
import { OutputSearch, sizeOf } from './output.js';
import { pidFileLook } from './pid-file.js';
import { portLook } from './port.js';
import { Slots } from './slots.js';
import { CpuUsage, memoryLook } from './usage.js';
import { busyFor, WatchdogLook } from './watchdog.js';

/** Programs at once: each is a fork of ours. */
const PROGRAMS = 16;
/** Connections at once. */
const CONNECTIONS = 64;

export interface CheckerParts {
  readonly clock: Clock;
  readonly processes: ProcessTable;
  readonly runner: Runner;
  readonly trust: Trust;
  readonly notifications: Notifications;
  /** systemd gets the daemons' notifications and their output: those checks are its own. */
  readonly underSystemd: boolean;
}

type Look = () => Promise<LookResult>;

export class HostHealthChecker implements HealthChecker {
  readonly #programs = new Slots(PROGRAMS);
  readonly #connections = new Slots(CONNECTIONS);
  /** A look of a predecessor's that still hangs: its successor waits for its end. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** Sizes of output files at the last launch. */
  readonly #outputs = new Map<string, number>();

  constructor(private readonly parts: CheckerParts) {}

  launching({ name, health, outputFile }: DaemonSpec): void {
    if (outputFile === undefined || !health.some(({ method }) => method.kind === 'log')) return;
    this.#outputs.set(name, sizeOf(outputFile));
  }

  prepare(spec: DaemonSpec, check: HealthCheck, process: ProcessIdentity, begin: number): HealthLook {
    const { clock, notifications, underSystemd } = this.parts;
    if (check.method.kind === 'watchdog' && !underSystemd) return new WatchdogLook(spec, check, process, begin, clock, notifications);
    const look = this.#method(spec, check, check.method, process);
    let ended = false;
    return {
      look: async () => {
        try {
          return await this.#alone(`${spec.name} ${check.name}`, () => (ended ? gone() : look()));
        } catch (error) {
          // What fails so is ours: a full disk, no descriptor left. A daemon is not restarted for that.
          return { healthy: undefined, reason: `not looked at: ${error instanceof Error ? error.message : String(error)}` };
        }
      },
      putOff: () => busyFor(notifications, spec.name, clock),
      end: () => {
        ended = true;
      },
    };
  }

  #method(spec: DaemonSpec, check: HealthCheck, method: CheckMethod, main: ProcessIdentity): Look {
    const { clock, processes, underSystemd } = this.parts;
    const { timeout } = check;
    switch (method.kind) {
      case 'tcp':
        return () => this.#connections.run(() => tryConnect({ host: method.host, port: method.port }, `${method.host}:${method.port}`, timeout, clock));
      case 'port':
        return () => Promise.resolve(portLook(method));
      case 'unix':
        return () => this.#connections.run(() => tryConnect({ path: method.path }, method.path, timeout, clock));
      case 'http':
        return () => this.#connections.run(() => httpLook(method, timeout, clock));
      case 'exec': {
        const variables = { WATCHKEEPER_CHECK: check.name, WATCHKEEPER_CHECKED: spec.name, MAINPID: String(main.pid) };
        return () => this.#programs.run(() => execLook(spec, method.argv, timeout, variables, this.parts));
      }
      case 'pid-file':
        return () => Promise.resolve(pidFileLook(spec, main, processes));
      case 'memory':
        return () => Promise.resolve(memoryLook(method, main, processes));
      case 'cpu': {
        const usage = new CpuUsage(method, main, processes, clock);
        return () => Promise.resolve(usage.look());
      }
      case 'log':
        return underSystemd ? leftToSystemd("its output is in systemd's journal") : this.#output(spec, method.absent);
      case 'watchdog':
        return leftToSystemd('WatchdogSec= of its unit');
    }
  }

  #output({ name, outputFile }: DaemonSpec, absent: string): Look {
    if (outputFile === undefined) return leftToSystemd('it has no outputFile');
    // Of a daemon that was found running nobody knows where its output begins.
    const search = new OutputSearch(outputFile, absent, this.#outputs.get(name) ?? sizeOf(outputFile));
    return () => search.look();
  }

  async #alone(key: string, look: Look): Promise<LookResult> {
    while (this.#underWay.has(key)) await this.#underWay.get(key);
    const running = look();
    this.#underWay.set(key, running.catch(() => undefined));
    try {
      return await running;
    } finally {
      this.#underWay.delete(key);
    }
  }
}

function leftToSystemd(why: string): Look {
  return () => Promise.resolve({ healthy: undefined, reason: `not looked at: ${why}` });
}

function gone(): Promise<LookResult> {
  return Promise.resolve({ healthy: undefined, reason: 'nobody waits for it any more' });
}
