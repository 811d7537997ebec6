/** `watchkeeper hooks test`: runs hooks in this process, with an event that says it is a test. */
import type { HookResult } from '../app/hook-lane.js';
import { requireDaemon } from '../core/catalogue.js';
import { WatchkeeperError } from '../core/errors.js';
import type { HookEvent, HookEventKind } from '../core/hook.js';
import { quoted } from '../core/printable.js';
import type { Host } from './host.js';

/**
 * One after the other, without a rate limit.
 * @param subject name of a daemon, or of a role for the events of roles
 * @throws WatchkeeperError UNKNOWN_DAEMON, USAGE, CONFIG_INVALID
 */
export async function testHooks(host: Host, kind: HookEventKind, subject: string): Promise<readonly HookResult[]> {
  const { catalogue, hooks: configured, settings } = await host.configuration();
  const [{ Hooks }, { runHook }, clock, runner, programs] = await Promise.all([
    import('../app/hooks.js'),
    import('../app/hook-lane.js'),
    host.clock(),
    host.runner(),
    host.hookPrograms(),
  ]);
  const ofRole = kind === 'role-start' || kind === 'role-stop';
  if (!ofRole) requireDaemon(catalogue, subject);
  else if (!catalogue.group.roles.some(({ name }) => name === subject)) {
    const roles = catalogue.group.roles.map(({ name }) => name).join(', ');
    throw new WatchkeeperError('USAGE', 'cannot test hooks', `there is no role ${quoted(subject)}`, roles === '' ? 'declaring one under group.roles' : `one of: ${roles}`);
  }
  const event: HookEvent = {
    event: kind,
    news: kind,
    id: null,
    at: clock.wall(),
    daemon: ofRole ? null : subject,
    role: ofRole ? subject : null,
    members: ofRole ? catalogue.daemons.filter(({ roles, onDemand }) => roles.includes(subject) && !onDemand).map(({ name }) => name) : [],
    reason: 'a test by watchkeeper hooks test; nothing has happened',
    pid: null,
    restarts: null,
    nextTryMs: null,
    observed: null,
    desired: null,
    test: true,
  };
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const parts = { clock, runner, programs };
  const results: HookResult[] = [];
  for (const hook of new Hooks({ ...parts, log: silent }, { hooks: configured, directory: settings.hooksDirectory }).select(event)) {
    results.push(await runHook(hook, event, undefined, parts));
  }
  return results;
}
