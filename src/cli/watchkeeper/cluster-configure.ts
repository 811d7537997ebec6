/** `watchkeeper cluster configure NAME…`: prints, and changes nothing. */
import type { Catalogue } from '../../core/catalogue.js';
import { crmCommands, daemonResource, pcsCommands, roleResource, type ClusterResource } from '../../core/cluster-commands.js';
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import type { Handler } from './command.js';

const NODE_ROLE = 'node';

export const clusterConfigure: Handler = async (call, session) => {
  const { catalogue } = await session.means.configuration(call.value('config'));
  if (call.args.length === 0) throw new WatchkeeperError('USAGE', 'cannot configure', 'the name of a daemon, or of the role that one node holds, is missing', 'watchkeeper help cluster configure');
  for (const resource of call.args.map((name) => resourceOf(catalogue, name))) {
    for (const line of [...crmCommands(resource), ...pcsCommands(resource)]) session.out(line);
  }
  return 0;
};

function resourceOf(catalogue: Catalogue, name: string): ClusterResource {
  const spec = catalogue.daemons.find((daemon) => daemon.name === name);
  if (spec !== undefined) return daemonResource(spec);
  if (name !== NODE_ROLE && catalogue.group.roles.some((role) => role.name === name)) {
    const having = (role: string) => catalogue.daemons.filter(({ roles }) => roles.includes(role));
    return roleResource(catalogue.group.name, name, having(NODE_ROLE), having(name));
  }
  throw new WatchkeeperError('UNKNOWN_DAEMON', 'cannot configure', `${quoted(name)} is neither a daemon of the catalogue nor a role that one node holds`, 'watchkeeper status');
}
