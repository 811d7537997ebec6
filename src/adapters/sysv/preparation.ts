/** StartPreparation where no systemd asks these questions. */
import type { DaemonSpec, GroupSpec } from '../../core/daemon.js';
import { failed, skipped, type Outcome } from '../../core/outcome.js';
import { describeUnmet } from '../../core/start-condition.js';
import type { Clock } from '../../ports/clock.js';
import type { Prepared, StartPreparation } from '../../ports/start-preparation.js';
import { openDirectoryOf } from '../host/safe-directory.js';
import { firstUnmet } from '../host/start-condition.js';
import type { Accounts } from '../host/user.js';
import { readEnvironmentFile, variableArguments } from './environment.js';
import type { Finder } from './find.js';
import { removePidFile } from './pid-file.js';
import { executableProblem, missingAccount } from './start-needs.js';
import type { Stopper } from './stopper.js';
import type { Trust } from './trusted-path.js';

type Refusal = Exclude<Prepared, { kind: 'ready' }>;

export class HostPreparation implements StartPreparation {
  constructor(
    private readonly group: GroupSpec,
    private readonly accounts: Accounts,
    private readonly finder: Finder,
    private readonly stopper: Stopper,
    private readonly trust: Trust,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  prepare(spec: DaemonSpec): Prepared {
    const refusal = unmetCondition(spec) ?? this.#executable(spec) ?? this.#account(spec) ?? this.#ground(spec);
    if (refusal !== undefined) return refusal;
    const file = this.group.environmentFile;
    const read = file === undefined ? { ok: true as const, variables: new Map<string, string>() } : readEnvironmentFile(file);
    if (!read.ok) return refuse('failed', read.reason, `editing ${file ?? ''}`);
    const words = variableArguments(spec, read.variables);
    if (!words.ok) return refuse('failed', `${file ?? ''}: ${words.reason}`, `editing ${file ?? ''}`);
    return {
      kind: 'ready',
      variableArguments: words.words,
      environment: { ...Object.fromEntries(read.variables), ...spec.environment },
    };
  }

  #executable({ executable }: DaemonSpec): Refusal | undefined {
    const problem = executableProblem(executable, this.trust);
    switch (problem?.kind) {
      case undefined:
        return undefined;
      case 'missing':
        return refuse('not-installed', problem.reason, `installing the package that ${executable} belongs to`);
      case 'forbidden':
        return refuse('permission', problem.reason, `namei -l ${executable}`);
      case 'untrusted':
        return refuse('permission', `root does not run it: ${problem.reason}`, `namei -l ${executable}`);
    }
  }

  #account(spec: DaemonSpec): Refusal | undefined {
    const missing = missingAccount(spec, this.accounts);
    if (missing === undefined) return undefined;
    return refuse('not-installed', `there is no ${missing.kind} ${missing.name}`, `getent ${missing.kind === 'user' ? 'passwd' : 'group'} ${missing.name}`);
  }

  /** Clears away what an earlier life of the daemon left, so that it can't get in the way. */
  #ground(spec: DaemonSpec): Refusal | undefined {
    const found = this.finder.findSoon(spec, this.clock.monotonic());
    if (found.kind === 'running') return { kind: 'running', process: found.process, reason: found.reason };
    if (found.last !== undefined) this.stopper.killLeftovers(spec, found.last);
    if (spec.pidFile === undefined) return undefined;
    const problem = removePidFile(spec.pidFile);
    if (problem !== undefined) return refuse('permission', `the old pid file ${problem}`, `ls -ld ${spec.pidFile}`);
    if (spec.pidFileWriter === 'daemon') return undefined;
    const directory = openDirectoryOf(spec.pidFile);
    if (directory.ok) {
      directory.directory.close();
      return undefined;
    }
    return refuse('permission', `the pid file ${spec.pidFile} cannot be written: ${directory.reason}`, `making its directory`);
  }
}

export function unmetCondition(spec: DaemonSpec): Refusal | undefined {
  const unmet = firstUnmet(spec.conditions);
  return unmet && skippedBecause(describeUnmet(unmet));
}

function skippedBecause(reason: string): Refusal {
  return { ...skipped(reason), kind: 'skipped', reason };
}

function refuse(code: Extract<Outcome, { kind: 'failed' }>['code'], reason: string, next: string): Extract<Refusal, { kind: 'failed' }> {
  return { ...failed(code, reason, next), kind: 'failed', code, reason, next };
}
