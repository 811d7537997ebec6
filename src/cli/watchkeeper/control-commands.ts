/** `watchkeeper stop`, `retry-now` and `reset` */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import type { ControlRequest, NamedOutcome, Progress } from '../../ports/controller.js';
import type { WatcherClient } from '../../ports/watcher-client.js';
import type { Call, Handler, Session } from './command.js';

const MAX_REASON = 1000;

export const stop: Handler = async (call, session) => {
  const names = some(call, 'stop');
  const { controller, release } = await session.means.control(call.value('config'), by('stop', session));
  try {
    const request = { names, by: by('stop', session), hold: call.flag('hold') };
    return verdict(await controller.stop(request, told(session)));
  } finally {
    release();
  }
};

export const retryNow: Handler = (call, session) => throughWatcher('retry-now', call, session, (client, request, progress) => client.retryNow(request, progress));

export const reset: Handler = (call, session) => throughWatcher('reset', call, session, (client, request, progress) => client.reset(request, progress));

async function throughWatcher(
  what: string,
  call: Call,
  session: Session,
  ask: (client: WatcherClient, request: ControlRequest, progress: Progress) => Promise<readonly NamedOutcome[]>,
): Promise<number> {
  const names = some(call, what);
  const client = await session.means.client(call.value('config'));
  if (client === undefined) {
    throw new WatchkeeperError('WATCHER_ABSENT', `cannot ${what}`, 'no watcher runs, so nothing is timed', `daemon-util start ${names.join(' ')}`);
  }
  return verdict(await ask(client, { names, by: by(what, session) }, told(session)));
}

function some(call: Call, what: string): readonly string[] {
  if (call.args.length > 0) return call.args;
  throw new WatchkeeperError('USAGE', `cannot ${what}`, 'no daemon is named', `watchkeeper help ${what}`);
}

function by(what: string, session: Session): string {
  return `watchkeeper ${what} (${session.means.caller})`;
}

function told(session: Session): Progress {
  return ({ name, outcome }) => {
    switch (outcome.kind) {
      case 'ok':
        session.out(`${name}: ${escapeControl(outcome.detail, MAX_REASON)}`);
        return;
      case 'skipped':
        session.out(`${name}: skipped: ${escapeControl(outcome.reason, MAX_REASON)}`);
        return;
      case 'failed':
        session.err(`${name}: ${escapeControl(outcome.reason, MAX_REASON)}; try ${outcome.next}`);
        return;
    }
  };
}

function verdict(outcomes: readonly NamedOutcome[]): number {
  return outcomes.some(({ outcome }) => outcome.kind === 'failed') ? 1 : 0;
}
