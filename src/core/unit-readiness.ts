/**
 * Readiness in a unit: systemd knows of a daemon only that it was executed, and
 * After= would mean no more. scripts/await-readiness, as ExecStartPost=, lets the
 * unit's start last until the daemon is ready. Pure.
 */
import type { DaemonSpec } from './daemon.js';

/** Below the directory of helpers; a unit's ExecStartPost= is known by it. */
export const READINESS_HELPER = 'await-readiness';

/**
 * The helper's words for what it waits for; undefined: the unit needs none
 * (systemd hears READY=1 itself), or it cannot look (http and exec are more than
 * a shell can do without a program for each look).
 */
export function awaitedReadiness({ readiness, pidFile, pidFileWriter }: DaemonSpec): readonly string[] | undefined {
  switch (readiness.kind) {
    case 'settled':
      return ['settled', String(Math.ceil(readiness.settle))];
    case 'port':
      return ['port', readiness.protocol, String(readiness.port)];
    case 'tcp':
      return ['port', 'tcp', String(readiness.port)];
    case 'unix':
      return ['unix', readiness.path];
    case 'pid-file':
      return pidFile === undefined || pidFileWriter === 'manager' ? undefined : ['pid-file', pidFile];
    case 'notify':
    case 'http':
    case 'exec':
      return undefined;
  }
}
