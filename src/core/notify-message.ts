/**
 * What a daemon says by sd_notify(3), read from the bytes of one datagram. They
 * come from whoever may write to the socket: bounded, and taken for data.
 */
import type { DaemonSpec } from './daemon.js';
import { escapeControl } from './escape.js';

export interface NotifyMessage {
  readonly ready: boolean;
  readonly reloading: boolean;
  readonly stopping: boolean;
  /** `trigger`: it asks to be taken for hung at once. */
  readonly watchdog: 'ping' | 'trigger' | undefined;
  /** ms, from WATCHDOG_USEC */
  readonly watchdogInterval: number | undefined;
  readonly status: string | undefined;
  /** A claim: to be proven before it is believed. */
  readonly mainPid: number | undefined;
  /** ms, from EXTEND_TIMEOUT_USEC */
  readonly extendTimeout: number | undefined;
}

export const SILENCE: NotifyMessage = {
  ready: false,
  reloading: false,
  stopping: false,
  watchdog: undefined,
  watchdogInterval: undefined,
  status: undefined,
  mainPid: undefined,
  extendTimeout: undefined,
};

/** PIPE_BUF, as systemd has it. */
export const MAX_MESSAGE = 4096;
const MAX_STATUS = 256;
const MAX_LINES = 64;
/** A day; what is longer is no sensible time-out. */
const LONGEST = 86_400_000;
/** ms after which a start or a stop is not extended any more, however often it is asked for. */
export const LONGEST_EXTENSION = 3_600_000;
const MAX_PID = 4 * 1024 * 1024;

/** undefined: none of ours, or malformed. Assignments that we do not know (FDSTORE=, BARRIER=, X_…) say nothing. */
export function parseNotifyMessage(text: string): NotifyMessage | undefined {
  if (text.length > MAX_MESSAGE) return undefined;
  let message: NotifyMessage | undefined;
  for (const line of text.split('\n', MAX_LINES)) {
    const equals = line.indexOf('=');
    const said = equals > 0 ? assignment(line.slice(0, equals), line.slice(equals + 1)) : undefined;
    if (said !== undefined) message = { ...(message ?? SILENCE), ...said };
  }
  return message;
}

function assignment(key: string, value: string): Partial<NotifyMessage> | undefined {
  switch (key) {
    case 'READY':
      return value === '1' ? { ready: true } : undefined;
    case 'RELOADING':
      return value === '1' ? { reloading: true } : undefined;
    case 'STOPPING':
      return value === '1' ? { stopping: true } : undefined;
    case 'WATCHDOG':
      return value === '1' ? { watchdog: 'ping' } : value === 'trigger' ? { watchdog: 'trigger' } : undefined;
    case 'STATUS':
      return { status: escapeControl(value, MAX_STATUS) };
    case 'WATCHDOG_USEC':
      return some('watchdogInterval', milliseconds(value));
    case 'EXTEND_TIMEOUT_USEC':
      return some('extendTimeout', milliseconds(value));
    case 'MAINPID':
      return some('mainPid', whole(value, MAX_PID));
    default:
      return undefined;
  }
}

function some<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> | undefined {
  return value === undefined ? undefined : ({ [key]: value } as Partial<Record<K, number>>);
}

function milliseconds(value: string): number | undefined {
  const microseconds = whole(value, Number.MAX_SAFE_INTEGER);
  return microseconds === undefined ? undefined : Math.min(LONGEST, Math.max(1, Math.round(microseconds / 1000)));
}

function whole(value: string, most: number): number | undefined {
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : NaN;
  return number > 0 && number <= most ? number : undefined;
}

/** Whether somebody has to listen to this daemon. */
export function usesNotifications(spec: DaemonSpec): boolean {
  return spec.readiness.kind === 'notify' || watchdogOf(spec) !== undefined;
}

/** ms that the daemon may be silent for; undefined: it has no watchdog. */
export function watchdogOf(spec: DaemonSpec): number | undefined {
  return spec.health.find(({ method }) => method.kind === 'watchdog')?.interval;
}
