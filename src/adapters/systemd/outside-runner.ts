/** Runner of the site's programs for a watcher in a sandbox: with the same user, environment, input and deadlines, outside of it. */
import type { Runner, RunOptions, RunResult } from '../../ports/runner.js';
import { withKeptDeadline } from '../host/kept-deadline.js';
import { asUser, MINIMAL_ENVIRONMENT, SETPRIV } from '../host/spawn-as.js';
import type { Accounts } from '../host/user.js';
import { hasBegun, type Outside, outsideEnd, outsideTrouble, RUN_ENVIRONMENT } from './outside.js';
import type { Systemctl } from './systemctl.js';

/** ms for what systemd answers at once. */
const QUICK = 10_000;

export interface OutsideRunnerParts {
  readonly inner: Runner;
  readonly outside: Outside;
  readonly accounts: Accounts;
  readonly systemctl: Pick<Systemctl, 'killAll'>;
  /** Whether it runs them every few seconds (OutsideProgram). */
  readonly isFrequent: boolean;
}

export class OutsideRunner implements Runner {
  constructor(private readonly parts: OutsideRunnerParts) {}

  async run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
    const { inner, outside, accounts, systemctl, isFrequent } = this.parts;
    const { timeout, environment = MINIMAL_ENVIRONMENT, workingDirectory = '/', input, abort } = options;
    const command = asUser(argv, options, accounts);
    if (!command.ok) return notRun(command.reason);
    if (command.credentials.uid !== undefined) return notRun(`${SETPRIV} is missing`);
    const words = options.evenWithoutUs === true ? withKeptDeadline(command.argv, timeout) : command.argv;
    const prepared = outside.prepare({ argv: words, environment, workingDirectory, tellsPid: false, isFrequent, purpose: argv[0].split('/').at(-1) ?? '' });
    try {
      const { timedOut, stdout, stderr } = await inner.run(prepared.argv, { timeout, environment: RUN_ENVIRONMENT, ...(input === undefined ? {} : { input }), ...(abort === undefined ? {} : { abort }) });
      if (timedOut) {
        // Only systemd-run was ended.
        await systemctl.killAll(prepared.unit, QUICK);
        if (!hasBegun(stderr)) return { exit: { kind: 'unknown' }, timedOut: false, stdout, stderr: `systemd did not start it within ${timeout} ms` };
        return { exit: { kind: 'killed', signal: 'SIGKILL' }, timedOut, stdout, stderr: '' };
      }
      const end = outsideEnd(stderr);
      return { exit: end, timedOut, stdout, stderr: end.kind === 'unknown' ? outsideTrouble(stderr) : '' };
    } finally {
      prepared.clear();
    }
  }
}

function notRun(reason: string): RunResult {
  return { exit: { kind: 'exited', status: 127 }, timedOut: false, stdout: '', stderr: reason };
}
