/**
 * How a daemon's command line is wrapped so that it runs with its user, groups
 * and capabilities. Every program of the chain execs the next one: the process
 * that is spawned is the one that becomes the daemon.
 */
import { existsSync } from 'node:fs';
import type { DaemonSpec } from '../../core/daemon.js';
import { asUser, SETPRIV, type UserCommand } from '../host/spawn-as.js';
import type { Accounts } from '../host/user.js';

export const START_STOP_DAEMON = '/usr/sbin/start-stop-daemon';

export interface ChainRequest {
  readonly spec: DaemonSpec;
  readonly arguments: readonly string[];
  /** Where the first program is to write its pid; it must not exist. */
  readonly pidPath: string;
  /** false: the daemon forks away, so the first process's pid is not its. */
  readonly makePidFile: boolean;
}

export interface StartChain {
  readonly kind: 'start-stop-daemon' | 'built-in';
  command(request: ChainRequest): UserCommand;
}

/** setpriv(1) alone, or nothing at all where the user stays the same. */
export class BuiltInChain implements StartChain {
  readonly kind = 'built-in';

  constructor(
    private readonly accounts: Accounts,
    private readonly setpriv: string = SETPRIV,
  ) {}

  command({ spec, arguments: words }: ChainRequest): UserCommand {
    return asUser([spec.executable, ...words], spec, this.accounts, this.setpriv);
  }
}

/**
 * start-stop-daemon(8) without `--background`. The pid file is ours alone, below
 * a directory of root's: dpkg ≥ 1.21 refuses those that a daemon owns.
 */
export class StartStopDaemonChain implements StartChain {
  readonly kind = 'start-stop-daemon';

  constructor(
    private readonly accounts: Accounts,
    private readonly program: string = START_STOP_DAEMON,
  ) {}

  command(request: ChainRequest): UserCommand {
    const { spec, arguments: words } = request;
    const inner = asUser([spec.executable, ...words], spec, this.accounts);
    if (!inner.ok) return inner;
    const changesUser = inner.argv[0] !== spec.executable || inner.credentials.uid !== undefined;
    // start-stop-daemon changes user and groups by itself, but can't keep capabilities.
    const bySetpriv = changesUser && spec.capabilities.length > 0 && existsSync(SETPRIV);
    const [startas, ...rest] = bySetpriv ? inner.argv : [spec.executable, ...words];
    const options = [
      '--start',
      '--pidfile',
      request.pidPath,
      ...(request.makePidFile ? ['--make-pidfile'] : []),
      '--chdir',
      spec.workingDirectory,
      ...(changesUser && !bySetpriv ? userOptions(spec) : []),
      '--startas',
      startas,
    ];
    return { ok: true, argv: [this.program, ...options, '--', ...rest], credentials: {} };
  }
}

function userOptions(spec: DaemonSpec): readonly string[] {
  if (spec.user === undefined) return spec.group === undefined ? [] : ['--group', spec.group];
  return ['--chuid', spec.group === undefined ? spec.user : `${spec.user}:${spec.group}`];
}
