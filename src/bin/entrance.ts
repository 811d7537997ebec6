/**
 * What both bundles do around a program: here alone the exit status is set, and
 * what nobody caught is told.
 */
import { WatchkeeperError } from '../core/errors.js';
import { escapeControl } from '../core/escape.js';

const EXIT_INTERNAL = 70;
const EXIT_UNWRITTEN = 1;
/** As a shell tells it: 128 + SIGPIPE. */
const EXIT_BROKEN_PIPE = 141;
const MAX_MESSAGE = 2000;
/** ms that a program that has failed gets to print the rest. */
const MOST_AFTERWARDS = 1000;

const MAX_REASON = 500;
/** OCF_ERR_GENERIC. */
const EXIT_AGENT = 1;

/** What nobody caught: an expected refusal, or a bug of ours. */
function report(program: string, argv: readonly string[], error: unknown): number {
  if (error instanceof WatchkeeperError) {
    for (const line of `${program}: ${error.message}`.split('\n')) process.stderr.write(`${escapeControl(line, MAX_MESSAGE)}\n`);
    return error.exitStatus;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // Pacemaker knows only OCF's exit statuses, and shows such a line alone.
  if (program === 'watchkeeper' && argv[0] === 'cluster' && argv[1] === 'agent') {
    process.stderr.write(`ocf-exit-reason:internal error, please report it: ${escapeControl(message, MAX_REASON)}\n`);
    return EXIT_AGENT;
  }
  process.stderr.write(`${program}: internal error: ${escapeControl(message, MAX_MESSAGE)}\n`);
  // `watchkeeper` has no such option.
  const tellsWhere = argv.includes('--verbose') || program === 'watchkeeper';
  if (tellsWhere && error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  process.stderr.write(`${program}: ${tellsWhere ? '' : 'the same with --verbose tells where; '}it is a bug, please report it\n`);
  return EXIT_INTERNAL;
}

/**
 * A reader that goes away (`daemon-util start-all | head`) must not end what is
 * half done, so a broken pipe only ends what does nothing but print on and on.
 * Any other failure to print is one: a caller would take half a list for a whole.
 */
function watchOutput(program: string, argv: readonly string[]): { readonly failed: boolean } {
  const output = { failed: false };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      if (program === 'watchkeeper' && argv[0] !== 'run') process.exit(EXIT_BROKEN_PIPE);
      return;
    }
    if (output.failed) return;
    output.failed = true;
    process.stderr.write(`${program}: cannot write the output: ${error.code ?? error.message}\n`);
    process.exitCode = EXIT_UNWRITTEN;
  });
  // There is nobody left to tell.
  process.stderr.on('error', () => undefined);
  return output;
}

/**
 * What a watcher had begun before it failed would keep the process for ever: it
 * would have control, and serve nobody. Where nothing keeps it, it ends at once.
 */
function end(status: number): void {
  process.exitCode = status;
  if (status !== 0) setTimeout(() => process.exit(), MOST_AFTERWARDS).unref();
}

/** Runs a program to its end. @param run gives the exit status */
export function enter(program: string, argv: readonly string[], run: () => Promise<number>): void {
  const output = watchOutput(program, argv);
  process.once('uncaughtException', (error) => {
    process.exit(report(program, argv, error));
  });
  run().then(
    (status) => end(output.failed && status === 0 ? EXIT_UNWRITTEN : status),
    (error: unknown) => end(report(program, argv, error)),
  );
}
