/**
 * Launcher without systemd: spawns a daemon in a session of its own, as our
 * child, with its output in a file, and writes down who it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, statSync } from 'node:fs';
import type { DaemonSpec, GroupSpec } from '../../core/daemon.js';
import { WatchkeeperError } from '../../core/errors.js';
import type { ExitStatus } from '../../core/exit-status.js';
import { failed, type Outcome } from '../../core/outcome.js';
import { explainRefusal, type RefusalRule } from '../../core/refusal.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Child, Explanation, Launch, Launcher, LaunchRequest } from '../../ports/launcher.js';
import type { ProcessMarkers } from '../../ports/process-markers.js';
import type { DaemonGroups } from '../host/daemon-groups.js';
import { addressHolders } from '../host/address-holders.js';
import { errorCode } from '../host/error-code.js';
import { shield } from '../host/inherited-descriptors.js';
import { bootId, readStat } from '../host/proc.js';
import type { Accounts } from '../host/user.js';
import type { HostClaims } from './claims.js';
import { daemonEnvironment } from './environment.js';
import { lastOutput, openOutput, outputSince } from './output-file.js';
import { writePidFile } from './pid-file.js';
import type { StartChain } from './start-chain.js';
import { survivors } from './survivors.js';

/** What daemons of systemd get (UMask= of systemd.exec(5)). */
const UMASK = 0o022;

export interface DaemonChild extends Child {
  explain(exit: ExitStatus): Explanation;
}

export type DaemonLaunch = { readonly ok: true; readonly child: DaemonChild } | Extract<Launch, { ok: false }>;

type Failure = Extract<Outcome, { kind: 'failed' }>;

export class DaemonLauncher implements Launcher {
  constructor(
    private readonly chain: StartChain,
    private readonly claims: HostClaims,
    private readonly accounts: Accounts,
    private readonly markers: ProcessMarkers,
    private readonly groups: DaemonGroups,
    private readonly group: Pick<GroupSpec, 'refusals'>,
  ) {}

  get kind(): StartChain['kind'] {
    return this.chain.kind;
  }

  /** What is spawned is the daemon. */
  launch(request: LaunchRequest): DaemonLaunch {
    const launch = this.#spawn(request, true);
    if (!launch.ok) return launch;
    const { process: main } = launch.child;
    this.#claim(request.spec, main);
    this.groups.place(request.spec.name, main);
    const { pidFile, pidFileWriter } = request.spec;
    const refusal = pidFile === undefined || pidFileWriter === 'daemon' ? undefined : writePidFile(pidFile, main.pid);
    if (refusal === undefined) return launch;
    process.kill(main.pid, 'SIGKILL'); // our own child, not waited for yet: the pid is its
    return refuse('permission', refusal, `ls -ld on the directory of ${pidFile ?? ''}`);
  }

  /** What is spawned forks the daemon away and ends: nothing is claimed yet. */
  launchForking(request: LaunchRequest): DaemonLaunch {
    const launch = this.#spawn(request, false);
    if (launch.ok) this.groups.place(request.spec.name, launch.child.process);
    return launch;
  }

  #claim(spec: DaemonSpec, main: ProcessIdentity): void {
    try {
      this.claims.write(spec.name, main);
    } catch (error) {
      // The disk got full after begin(): what begin() left lets the marker find it.
      if (!(error instanceof WatchkeeperError)) throw error;
    }
  }

  #spawn({ spec, arguments: words, environment }: LaunchRequest, stays: boolean): DaemonLaunch {
    const pidPath = this.claims.pidPath(spec.name);
    const command = this.chain.command({ spec, arguments: words, pidPath, makePidFile: stays });
    if (!command.ok) return refuse(command.code, command.reason, `getent passwd ${spec.user ?? ''}`);
    const unusable = directoryProblem(spec.workingDirectory);
    if (unusable !== undefined) return refuse('not-installed', unusable, `mkdir -p ${spec.workingDirectory}`);
    try {
      this.claims.begin(spec.name);
    } catch (error) {
      if (!(error instanceof WatchkeeperError)) throw error;
      return refuse('permission', error.message, error.hint);
    }
    const output = spec.outputFile === undefined ? undefined : openOutput(spec.outputFile);
    if (output?.ok === false) return refuse('permission', output.reason, `ls -la ${spec.outputFile ?? ''}`);
    try {
      const stdio = shield(['ignore', output?.fd ?? 'ignore', output?.fd ?? 'ignore']);
      return follow({ spec, offset: output?.offset ?? 0, markers: this.markers, refusals: this.group.refusals ?? [] }, () =>
        spawn(command.argv[0], command.argv.slice(1), {
          ...command.credentials,
          detached: true,
          shell: false,
          cwd: spec.workingDirectory,
          env: { ...daemonEnvironment(spec, environment, this.accounts) },
          stdio,
        }),
      );
    } finally {
      if (output?.ok === true) closeSync(output.fd);
    }
  }
}

interface Followed {
  readonly spec: DaemonSpec;
  /** Where its output begins in its file. */
  readonly offset: number;
  readonly markers: ProcessMarkers;
  readonly refusals: readonly RefusalRule[];
}

function follow(followed: Followed, start: () => ChildProcess): DaemonLaunch {
  const { spec } = followed;
  let child: ChildProcess;
  const ours = process.umask(UMASK);
  try {
    child = start();
  } catch (error) {
    return refuse('failed', `cannot spawn ${spec.executable}: ${errorCode(error) ?? String(error)}`, 'watchkeeper doctor');
  } finally {
    process.umask(ours);
  }
  child.on('error', () => undefined); // told below: without a process there is no pid
  const { pid } = child;
  const stat = pid === undefined ? undefined : readStat(pid);
  if (pid === undefined || stat === undefined) {
    const why = existsSync(child.spawnfile) ? 'no more processes or file descriptors, or not permitted' : `${child.spawnfile} is missing`;
    return refuse('failed', `cannot spawn ${spec.executable}: ${why}`, 'ulimit -u; ulimit -n');
  }
  child.unref(); // a daemon does not keep us alive
  const main: ProcessIdentity = { pid, startTicks: stat.startTicks, bootId: bootId() };
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (status, signal) => resolve(signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal }));
  });
  return { ok: true, child: { process: main, exited, explain: (exit) => explanation(followed, exit, main) } };
}

function explanation({ spec, offset, markers, refusals }: Followed, exit: ExitStatus, main: ProcessIdentity): Explanation {
  const output = outputSince(spec.outputFile, offset);
  const refusal = explainRefusal({ output, rules: refusals, holders: () => addressHolders(spec) });
  const why = refusal === undefined ? '' : `; ${refusal.reason}`;
  return { detail: `${why}${forkedAway(spec, exit, main, markers)}${lastOutput(output)}`, refusal };
}

/** An end with status 0 that leaves processes behind is a daemon that put itself into the background. */
function forkedAway(spec: DaemonSpec, exit: ExitStatus, main: ProcessIdentity, markers: ProcessMarkers): string {
  if (exit.kind !== 'exited' || exit.status !== 0) return '';
  const [first] = survivors(spec, main, markers);
  if (first === undefined) return '';
  return `; it forked away and lives on as pid ${first.pid}, although the key background of ${spec.name} says '${spec.background}'`;
}

function directoryProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `the working directory ${path} is not a directory`;
  } catch (error) {
    return `the working directory ${path} cannot be used: ${errorCode(error) ?? String(error)}`;
  }
}

function refuse(code: Failure['code'], reason: string, next: string): Extract<Launch, { ok: false }> {
  return { ok: false, outcome: failed(code, reason, next) };
}
