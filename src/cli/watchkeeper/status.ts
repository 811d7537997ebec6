/** `watchkeeper status` */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { formatDuration } from '../../core/duration.js';
import { escapeControl } from '../../core/escape.js';
import type { RoleStatus } from '../../core/role.js';
import { WatchkeeperError } from '../../core/errors.js';
import { jsonLine } from '../../core/printable.js';
import type { StatusAnswer } from '../../ports/watcher-client.js';
import type { Call, Handler, Session } from './command.js';
import { pauseLines, statusTable, warningLines, type TableStyle } from './status-table.js';

const MAX_ROLE_LINE = 400;

export const status: Handler = async (call, session) => {
  if (call.flag('watch')) return watch(call, session);
  const [name] = call.args;
  if (call.args.length === 1 && name !== undefined) return one(name, call, session);
  const answer = await ask(call, session);
  if (call.flag('json')) session.out(jsonLine(answer));
  else for (const line of overview(answer, { colour: session.means.terminal.colour, width: session.means.terminal.columns }, session.means.now())) session.out(line);
  return 0;
};

async function ask(call: Call, session: Session): Promise<StatusAnswer> {
  const config = call.value('config');
  const client = await session.means.client(config);
  return client === undefined ? session.means.ownStatus(config, call.args) : client.statusAnswer(call.args);
}

async function one(name: string, call: Call, session: Session): Promise<number> {
  const { answer, details } = await session.means.details(call.value('config'), name);
  if (call.flag('json')) {
    session.out(jsonLine({ ...answer, details: { [name]: details } }));
    return 0;
  }
  const { detailLines } = await import('./status-details.js');
  for (const daemon of daemonsOf(answer)) for (const line of detailLines(daemon, details, answer, session.means)) session.out(line);
  return 0;
}

/** Until Ctrl-C. */
async function watch(call: Call, session: Session): Promise<number> {
  if (!session.means.terminal.isTerminal) throw new WatchkeeperError('USAGE', 'cannot watch', 'stdout is no terminal', 'watchkeeper status --json, or watchkeeper events --follow --json');
  const { watchStatus } = await import('./status-watch.js');
  return watchStatus(() => ask(call, session), session.means);
}

export function overview(answer: StatusAnswer, style: TableStyle, now: number): readonly string[] {
  const daemons = daemonsOf(answer);
  return [...titleLines(answer, style, now), ...statusTable(daemons, style), ...pauseLines(daemons, style), ...warningLines(daemons, style)];
}

/** The headline and the roles, cut to the terminal. @param now ms since the epoch */
export function titleLines(answer: StatusAnswer, { width }: TableStyle, now: number): readonly string[] {
  // Without a watcher nobody knows since when a role is held.
  const lines = [headline(answer), ...roleLines(answer.roles, answer.watcher === null ? undefined : now)];
  return width === undefined ? lines : lines.map((line) => line.slice(0, width));
}

export function daemonsOf(answer: StatusAnswer): readonly DaemonStatus[] {
  return Object.entries(answer.daemons).map(([name, rest]) => ({ name, ...rest }));
}

/** Who restarts here, through what, and why. */
export function headline({ watcher, serviceManager }: StatusAnswer): string {
  if (watcher === null) {
    const by = serviceManager === undefined ? '' : ` (${serviceManager.kind}: ${serviceManager.reason})`;
    return serviceManager?.kind === 'systemd'
      ? `no watcher runs: systemd restarts by itself, nobody else looks${by}`
      : `no watcher runs: nothing is restarted by us; this is what can be seen now${by}`;
  }
  const { pid, group, restartOwner, serviceManager: manager, staleConfiguration, waitsForRestart } = watcher;
  const waiting = waitsForRestart.length > 0 ? `; the new ${waitsForRestart.join(', ')} will be in force when the watcher is restarted` : '';
  const stale = staleConfiguration ? '; the configuration on the disk is newer: watchkeeper reload' : waiting;
  return `${group}: watcher pid ${pid}, restart owner ${restartOwner}, ${manager.kind}: ${manager.reason}${stale}`;
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
