/**
 * sd_notify(3) through the optional native package sd-notify, or the program
 * systemd-notify where that package could not be built: 0.2 ms against a spawn.
 */
import { createRequire } from 'node:module';

import type { Announcer } from '../../ports/announcer.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { Runner } from '../../ports/runner.js';

const PROGRAM = '/usr/bin/systemd-notify';
const TIMEOUT = 2000;

type Send = (state: string) => void;

interface SdNotify {
  sendState(state: string): void;
}

export interface AnnouncerParts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
}

export function announcer(parts: AnnouncerParts): Announcer {
  const socket = parts.environment['NOTIFY_SOCKET'];
  const send: Send = socket === undefined || socket === '' ? () => undefined : (native(parts.log) ?? spawned(parts, socket));
  return {
    watchdogInterval: watchdogInterval(parts.environment, parts.pid),
    ready: (status) => send(`READY=1\nSTATUS=${oneLine(status)}`),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    // systemd compares MONOTONIC_USEC with its own clock to tell this reload from an earlier one.
    reloading: () => send(`RELOADING=1\nMONOTONIC_USEC=${Math.round(parts.clock.monotonic() * 1000)}`),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
  };
}

/** ms; a third of what systemd allows, so that one late turn is forgiven. */
export function watchdogInterval(environment: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const usec = Number(environment['WATCHDOG_USEC'] ?? 'NaN');
  const meant = environment['WATCHDOG_PID'];
  if (!Number.isFinite(usec) || usec <= 0 || (meant !== undefined && meant !== String(pid))) return undefined;
  return Math.max(1, Math.floor(usec / 1000 / 3));
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 500);
}

/** undefined: the package or its addon is not there, which is fine. */
function native(log: Log): Send | undefined {
  try {
    const module = createRequire(import.meta.url)('sd-notify') as SdNotify;
    return (state) => {
      module.sendState(state);
    };
  } catch (error) {
    log.debug({ error: String(error) }, 'the native sd-notify is not usable; systemd-notify is used');
    return undefined;
  }
}

/** One at a time, so that READY can't overtake what came before it. */
function spawned(parts: AnnouncerParts, socket: string): Send {
  let queue: Promise<void> = Promise.resolve();
  let complained = false;
  return (state) => {
    queue = queue.then(async () => {
      const result = await parts.runner.run([PROGRAM, `--pid=${parts.pid}`, ...state.split('\n')], {
        timeout: TIMEOUT,
        environment: { NOTIFY_SOCKET: socket },
      });
      if (result.exit.kind === 'exited' && result.exit.status === 0) return;
      if (!complained) parts.log.warn({ stderr: result.stderr.slice(0, 200), program: PROGRAM }, 'cannot notify the service manager');
      complained = true;
    });
  };
}
