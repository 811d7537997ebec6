/** `watchkeeper status` */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { formatDuration } from '../../core/duration.js';
import { escapeControl } from '../../core/escape.js';
import type { RoleStatus } from '../../core/role.js';
import { jsonLine } from '../../core/printable.js';
import type { StatusAnswer } from '../../ports/watcher-client.js';
import type { Handler } from './command.js';
import { statusTable, warningLines } from './status-table.js';

const MAX_ROLE_LINE = 400;

export const status: Handler = async (call, session) => {
  const config = call.value('config');
  const client = await session.means.client(config);
  const answer = client === undefined ? await session.means.ownStatus(config, call.args) : await client.statusAnswer(call.args);
  if (call.flag('json')) session.out(jsonLine(answer));
  else {
    session.out(headline(answer));
    for (const line of roleLines(answer.roles, answer.watcher === null ? undefined : session.means.now())) session.out(line);
    const style = { colour: session.means.terminal.colour };
    for (const line of [...statusTable(daemonsOf(answer), style), ...warningLines(daemonsOf(answer), style)]) session.out(line);
  }
  return 0;
};

export function daemonsOf(answer: StatusAnswer): readonly DaemonStatus[] {
  return Object.entries(answer.daemons).map(([name, rest]) => ({ name, ...rest }));
}

/** Who restarts here, through what, and why. */
export function headline({ watcher }: StatusAnswer): string {
  if (watcher === null) return 'no watcher runs: nothing is restarted by us; this is what can be seen now';
  const { pid, group, restartOwner, serviceManager, staleConfiguration } = watcher;
  const stale = staleConfiguration ? '; the configuration on the disk is newer: watchkeeper reload' : '';
  return `${group}: watcher pid ${pid}, restart owner ${restartOwner}, ${serviceManager.kind}: ${serviceManager.reason}${stale}`;
}

/** One line for each role that somebody can tell of. @param now undefined: nobody knows since when */
export function roleLines(roles: readonly RoleStatus[], now: number | undefined): readonly string[] {
  return roles.flatMap(({ name, held, reason, since }) => {
    if (since === null) return [];
    const answer = held === null ? 'not known' : held ? 'held' : 'not held';
    const how = now === undefined ? '' : ` for ${formatDuration(Math.max(0, Math.floor((now - since) / 1000)) * 1000)}`;
    return [escapeControl(`role ${name}: ${answer}${how}: ${reason}`, MAX_ROLE_LINE)];
  });
}
