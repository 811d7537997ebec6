/** What the checks of a daemon must be beyond the types of their keys; part of catalogue-check.ts. */
import type { CheckMethod } from './check-method.js';
import type { DaemonSpec, ReadinessCheck } from './daemon.js';
import { isValidName } from './daemon.js';
import { isPlainPath } from './plain-values.js';
import { quoted } from './printable.js';

type Report = (path: readonly string[], message: string) => void;

/** sun_path of unix(7), without its NUL. */
const MAX_SOCKET_PATH = 107;

export function checkHealth(daemon: DaemonSpec, report: Report): void {
  const at = (...keys: string[]): string[] => ['daemons', daemon.name, ...keys];
  checkMethod(daemon, daemon.readiness, at('readiness'), report);
  if (daemon.readiness.kind === 'notify') checkListening(daemon, at('readiness'), report);
  for (const { name, kind, method } of daemon.health) {
    const here = at('health', name);
    if (!isValidName(name)) report(at('health'), `${quoted(name)} is no valid name of a check: letters, digits, '.', '_' and '-'`);
    checkMethod(daemon, method, here, report);
    if (method.kind !== 'watchdog') continue;
    if (kind !== 'liveness') report(here, 'a watchdog tells whether the daemon hangs; kind: liveness is needed');
    checkListening(daemon, here, report);
  }
  if (daemon.health.filter(({ method }) => method.kind === 'watchdog').length > 1) report(at('health'), 'a daemon has one watchdog at most, as it is told one WATCHDOG_USEC');
}

function checkMethod(daemon: DaemonSpec, method: CheckMethod | ReadinessCheck, at: readonly string[], report: Report): void {
  switch (method.kind) {
    case 'exec':
      if (!isPlainPath(method.argv[0])) report([...at, 'argv'], `${quoted(method.argv[0])} can't be run: an absolute path without '..' is needed`);
      if (method.argv.some((word) => word.includes('\0'))) report([...at, 'argv'], 'an argument holds a NUL byte, which no argument can');
      return;
    case 'unix':
      checkSocket(method.path, [...at, 'path'], report);
      return;
    case 'http':
      if (method.socket !== undefined) checkSocket(method.socket, [...at, 'socket'], report);
      return;
    case 'pid-file':
      if (daemon.pidFile === undefined) report([...at, 'kind'], 'a check by pid file needs pidFile');
      return;
    case 'log':
      if (daemon.outputFile === undefined) report(at, 'a check of the output needs outputFile');
      return;
    default:
      return;
  }
}

function checkSocket(path: string, at: readonly string[], report: Report): void {
  if (!isPlainPath(path)) report(at, `${quoted(path)} can't be used: an absolute path without '..', control characters or a trailing '/' is needed`);
  if (new TextEncoder().encode(path).length > MAX_SOCKET_PATH) report(at, `the path of a socket has at most ${MAX_SOCKET_PATH} bytes`);
}

/** One that can't be our child is started by a program that hands no NOTIFY_SOCKET on. */
function checkListening({ background }: DaemonSpec, at: readonly string[], report: Report): void {
  if (background === 'always-forks') report(at, "a daemon that always forks away can't be listened to; background: daemonizes or stays is needed");
}
