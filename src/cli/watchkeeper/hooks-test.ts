/** `watchkeeper hooks test EVENT NAME` */
import type { HookResult } from '../../app/hook-lane.js';
import { formatDuration } from '../../core/duration.js';
import { WatchkeeperError } from '../../core/errors.js';
import { HOOK_EVENTS, isHookEvent } from '../../core/hook.js';
import { jsonLine, quoted } from '../../core/printable.js';
import type { Handler } from './command.js';

export const hooksTest: Handler = async (call, session) => {
  const [event = '', subject] = call.args;
  if (!isHookEvent(event)) throw usage(`${quoted(event)} is no event; there are ${HOOK_EVENTS.join(', ')}`);
  if (subject === undefined) throw usage(`the name of a ${event.startsWith('role-') ? 'role' : 'daemon'} is missing`);
  const results = await session.means.testHooks(call.value('config'), event, subject);
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, event: results[0]?.event ?? null, hooks: results.map(told) }));
  else if (results.length === 0) session.out(`no hook is told of ${event} of ${subject}`);
  else for (const result of results) for (const line of lines(result)) session.out(line);
  return results.every(({ kind }) => kind === 'ok') ? 0 : 1;
};

function told({ hook, kind, reason, took, output }: HookResult): object {
  return { name: hook.name, argv: hook.argv, result: kind, reason, took: Math.round(took), output };
}

function lines({ hook, kind, reason, took, output }: HookResult): readonly string[] {
  const ran = kind === 'refused' ? '' : ` (${formatDuration(took)})`;
  return [`${hook.name}: ${kind}${reason === '' ? '' : `: ${reason}`}${ran}`, ...output.map((line) => `  ${line}`)];
}

function usage(why: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot test hooks', why, 'watchkeeper help hooks test');
}
