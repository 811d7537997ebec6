/** `watchkeeper graph` */
import { jsonLine } from '../../core/printable.js';
import { orderForStart } from '../../core/order.js';
import { dotLines, startTree, treeLines } from '../../core/start-tree.js';
import type { Handler } from './command.js';

export const graph: Handler = async (call, session) => {
  const { catalogue } = await session.means.configuration(call.value('config'));
  const { daemons, group } = catalogue;
  if (call.flag('json')) {
    const order = orderForStart(daemons);
    const nodes = daemons.map(({ name, after, requires, restartWith, roles, onDemand }) => ({ name, after, requires, restartWith, roles, onDemand }));
    session.out(jsonLine({ schemaVersion: 1, group: group.name, waves: order.ok ? order.waves.map((wave) => wave.map(({ name }) => name)) : [], daemons: nodes }));
  } else for (const line of call.flag('dot') ? dotLines(group.name, daemons) : treeLines(startTree(daemons), session.means.terminal)) session.out(line);
  return 0;
};
