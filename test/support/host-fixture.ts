/** Contract fixture for the service managers that need no systemd, on the machine at hand. */
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleDirect, type DirectOptions, type DirectParts } from '../../src/adapters/sysv/assemble.js';
import { HostClock } from '../../src/adapters/host/clock.js';
import type { DaemonSpec, GroupSpec } from '../../src/core/daemon.js';
import type { ContractFixture } from '../contract/service-manager.js';
import { removeGroups } from './control-groups.js';
import { Cleanups } from './eventually.js';
import { makeTestDaemon, type Behaviour, type TestDaemon } from './test-daemon.js';

export const DAEMON_PROGRAM = fileURLToPath(new URL('../fixtures/daemon', import.meta.url));

export const TEST_GROUP: GroupSpec = {
  name: 'test',
  description: 'test',
  target: undefined,
  roles: [],
  setup: undefined,
  directories: [],
  environmentFile: undefined,
  notMasterExitStatus: 11,
};

/** A directory of the test's own that other users may pass, with a short path. */
export function makeDirectory(cleanups: Cleanups): string {
  const directory = mkdtempSync(join(tmpdir(), 'wk-'));
  chmodSync(directory, 0o755);
  cleanups.add(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface HostFixture extends ContractFixture {
  readonly parts: DirectParts;
  readonly runtime: string;
  readonly directory: string;
  testDaemon(behaviour?: Behaviour, overrides?: Partial<DaemonSpec>): TestDaemon & { kill(): void };
}

export function makeHostFixture(kind: DirectOptions['kind'], group: GroupSpec = TEST_GROUP, options: Pick<DirectOptions, 'controlGroups'> = {}): HostFixture {
  const cleanups = new Cleanups();
  const directory = makeDirectory(cleanups);
  const open = makeDirectory(cleanups);
  const runtime = join(directory, 'run');
  cleanups.add(() => removeGroups(runtime));
  const clock = new HostClock();
  const trust = { owners: [statSync(DAEMON_PROGRAM).uid, process.geteuid?.() ?? 0], sticky: true };
  const parts = assembleDirect({ kind, group, paths: { runtime }, clock, trust, ...options });
  const testDaemon = (behaviour: Behaviour = {}, overrides: Partial<DaemonSpec> = {}): TestDaemon & { kill(): void } => {
    const daemon = makeTestDaemon({ program: DAEMON_PROGRAM, directory: open, behaviour, overrides });
    cleanups.add(() => daemon.destroy());
    return { ...daemon, kill: () => daemon.mains().forEach((pid) => process.kill(pid, 'SIGKILL')) };
  };
  return {
    manager: parts.manager,
    parts,
    runtime,
    directory: open,
    missingPath: join(directory, 'missing'),
    now: () => clock.monotonic(),
    testDaemon,
    daemon: (behaviour, overrides) => Promise.resolve(testDaemon(behaviour, overrides)),
    cleanup: () => cleanups.run(),
  };
}
