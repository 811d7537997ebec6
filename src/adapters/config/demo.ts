/**
 * What `npm start` runs: three little daemons of scripts/demo, unprivileged, in
 * a directory of the user's own. It is a configuration like any other, read by
 * the same loader.
 */
import * as fs from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import { ensureDirectory } from '../state/directories.js';
import type { LoadedConfiguration } from './configuration.js';
import { configurationFromText } from './load.js';
import type { Environment } from './location.js';

export interface DemoPlaces {
  /** Directory for all that the demo writes; see demoRuntimeBase. */
  readonly runtimeBase: string;
  /** Absolute path of the directory that holds clockd, greeterd and flakyd. */
  readonly programs: string;
}

/**
 * Makes the directory, or checks that it is ours alone: $XDG_RUNTIME_DIR/watchkeeper-demo,
 * or /tmp/watchkeeper-demo-UID where the user has no runtime directory.
 * scripts/daemon-util looks at the same two places.
 *
 * @throws WatchkeeperError STATE_UNWRITABLE
 */
export function demoRuntimeBase(environment: Environment): string {
  const uid = process.geteuid?.() ?? 0;
  const runtime = environment['XDG_RUNTIME_DIR'] ?? '';
  const base = isOwnDirectory(runtime, uid) ? join(runtime, 'watchkeeper-demo') : `/tmp/watchkeeper-demo-${uid}`;
  ensureDirectory(base, 0o700);
  // Where the daemons' output goes; without a watcher nobody else makes it.
  ensureDirectory(join(base, 'log'), 0o700);
  return base;
}

/** After `su` or `sudo` the variable may name another user's directory, or one that is gone. */
function isOwnDirectory(path: string, uid: number): boolean {
  if (!isAbsolute(path)) return false;
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid;
}

export function demoConfiguration(places: DemoPlaces, environment: Environment = {}): LoadedConfiguration {
  return configurationFromText('the built-in demo', demoText(places), environment);
}

/** While this file exists, flakyd crashes. */
export function demoCrashFile(runtimeBase: string): string {
  return join(runtimeBase, 'crash-flakyd');
}

function demoText({ runtimeBase, programs }: DemoPlaces): string {
  // JSON's strings are YAML's too.
  const at = (name: string): string => JSON.stringify(join(runtimeBase, name));
  const program = (name: string): string => JSON.stringify(join(programs, name));
  const crash = demoCrashFile(runtimeBase);
  // Their first line asks env for node, which need not be in the PATH that daemons get.
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':');
  return `
paths: {runtime: ${at('run')}, state: ${at('state')}, log: ${at('log')}}
hooksDirectory: ${at('hooks.d')}
serviceManager: auto
lockTimeout: 15s
heartbeatInterval: 2s
output: {maxBytes: 1MiB, files: 1}
group:
  name: demo
  description: Three little daemons to play with
  roles:
    node: {description: All of them}
defaults:
  roles: [node]
  startTimeout: 10s
  stopTimeout: 5s
  environment: {PATH: ${JSON.stringify(path)}}
  # Quick, so that there is something to see: a real daemon is given more time.
  restart: {baseDelay: 500ms, maxDelay: 5s, stableAfter: 5s, intensity: 5, period: 30s, slowRetryDelay: 10s}
daemons:
  clockd:
    description: tells the time at a UNIX socket
    executable: ${program('clockd')}
    arguments: [${at('clockd.sock')}]
    pidFile: ${at('clockd.pid')}
    readiness: {kind: unix, path: ${at('clockd.sock')}}
  greeterd:
    description: greets with the time that it asks clockd for
    executable: ${program('greeterd')}
    arguments: [${at('clockd.sock')}]
    pidFile: ${at('greeterd.pid')}
    requires: [clockd]
  flakyd:
    description: ${JSON.stringify(`crashes while there is ${crash}`)}
    executable: ${program('flakyd')}
    arguments: [${JSON.stringify(crash)}]
    pidFile: ${at('flakyd.pid')}
`;
}
