/** Hooks of this machine: told by the watcher's news, and by whoever starts or stops a whole role. */
import type { Configuration } from '../adapters/config/configuration.js';
import { Hooks, type HooksConfiguration } from '../app/hooks.js';
import { NewsHooks } from '../app/news-hooks.js';
import { RoleEvents, withRoleEvents } from '../app/role-events.js';
import type { Controller, NamedOutcome } from '../ports/controller.js';
import type { NewsItem } from '../ports/journal.js';
import type { Log } from '../ports/log.js';
import type { Host } from './host.js';

export interface HookLife {
  /** Returns at once. */
  tell(item: NewsItem): void;
  /** The same controller, with events of roles around what it does. */
  readonly controller: Controller;
  /** After a start of all that the watcher itself began. */
  groupStarted(outcomes: readonly NamedOutcome[]): Promise<void>;
  /** @param limit ms that hooks are waited for at most */
  groupStopping(by: string, limit?: number): Promise<void>;
  readonly roles: Pick<RoleEvents, 'started' | 'stopping'>;
  reload(configuration: Configuration): void;
  /** @param patience ms for what is under way; then it is killed */
  finish(patience: number): Promise<void>;
}

/** @param waits whether a start is answered only after the hooks have run: for one who ends afterwards */
export async function composeHooks(configuration: Configuration, host: Host, inner: Controller, log: Log, waits: boolean): Promise<HookLife> {
  let { catalogue } = configuration;
  const [clock, runner, programs] = await Promise.all([host.clock(), host.siteRunner(), host.hookPrograms()]);
  const hooks = new Hooks({ clock, runner, programs, log }, wanted(configuration));
  const news = new NewsHooks(hooks, async (name) => (await inner.status([name]))[0]);
  const roles = new RoleEvents({ catalogue: () => catalogue, hooks, status: (names) => inner.status(names), clock });
  const all = (): readonly string[] => catalogue.daemons.map(({ name }) => name);
  return {
    tell: (item) => news.tell(item),
    controller: withRoleEvents(inner, roles, waits),
    groupStarted: (outcomes) => roles.started(all(), outcomes, 'the watcher'),
    groupStopping: (by, limit) => roles.stopping(all(), by, limit),
    roles,
    reload: (fresh) => {
      ({ catalogue } = fresh);
      hooks.configure(wanted(fresh));
    },
    finish: (patience) => hooks.finish(patience),
  };
}

function wanted({ hooks, settings }: Configuration): HooksConfiguration {
  return { hooks, directory: settings.hooksDirectory };
}
