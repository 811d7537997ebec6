/** `watchkeeper status` */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { jsonLine } from '../../core/printable.js';
import type { StatusAnswer } from '../../ports/watcher-client.js';
import type { Handler } from './command.js';
import { statusTable, warningLines } from './status-table.js';

export const status: Handler = async (call, session) => {
  const config = call.value('config');
  const client = await session.means.client(config);
  const answer = client === undefined ? await session.means.ownStatus(config, call.args) : await client.statusAnswer(call.args);
  if (call.flag('json')) session.out(jsonLine(answer));
  else {
    session.out(headline(answer));
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
