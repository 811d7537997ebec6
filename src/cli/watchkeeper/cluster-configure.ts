/** `watchkeeper cluster configure NAME…`: prints what crm or pcs is to do; with `--apply` has it done. */
import type { Catalogue } from '../../core/catalogue.js';
import { crmCommands, daemonResource, pcsCommands, roleResource, type ClusterResource } from '../../core/cluster-commands.js';
import { differences } from '../../core/cluster-resource.js';
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import type { ClusterConfiguration, ClusterShell } from '../../ports/cluster-configuration.js';
import type { Handler, Session } from './command.js';

const NODE_ROLE = 'node';
const COMMANDS: Readonly<Record<ClusterShell, (resource: ClusterResource) => readonly string[]>> = { crm: crmCommands, pcs: pcsCommands };

export const clusterConfigure: Handler = async (call, session) => {
  const { catalogue, settings } = await session.means.configuration(call.value('config'));
  if (call.args.length === 0) throw usage('the name of a daemon, or of the role that one node holds, is missing', 'watchkeeper help cluster configure');
  const resources = [...new Set(call.args)].map((name) => resourceOf(catalogue, name));
  const asked = call.value('with');
  if (asked !== undefined && asked !== 'crm' && asked !== 'pcs') throw usage(`${quoted(asked)} is neither crm nor pcs`, '--with crm or --with pcs');
  if (call.flag('apply')) return apply(resources, asked, await session.means.clusterConfiguration(settings.paths.runtime), session);
  const shells: readonly ClusterShell[] = asked === undefined ? ['crm', 'pcs'] : [asked];
  for (const resource of resources) for (const shell of shells) for (const line of COMMANDS[shell](resource)) session.out(line);
  return 0;
};

/** Exit status 0: all is as it should be now; 1: there is something else of that name, and nothing was changed. */
async function apply(resources: readonly ClusterResource[], asked: ClusterShell | undefined, cluster: ClusterConfiguration, session: Session): Promise<number> {
  const shell = chosen(cluster.shells(), asked);
  const missing: ClusterResource[] = [];
  let conflicts = 0;
  for (const resource of resources) {
    const xml = await cluster.primitive(resource.id);
    const found = xml === undefined ? [] : differences(resource, xml);
    if (xml === undefined) missing.push(resource);
    else if (found.length === 0) session.out(`${resource.id}: is configured so already`);
    else {
      conflicts += 1;
      for (const difference of found) session.err(`${resource.id}: the cluster has another resource of this name: ${difference}`);
    }
  }
  if (conflicts > 0) {
    session.err(`nothing was changed; look with ${shell === 'crm' ? 'crm configure show' : 'pcs resource config'}, and change or delete what is there by hand`);
    return 1;
  }
  if (missing.length === 0) return 0;
  const lines = missing.flatMap((resource) => COMMANDS[shell](resource));
  for (const line of lines) session.out(line);
  await cluster.apply(shell, lines.map((line) => line.split(' ').slice(1)));
  for (const { id } of missing) session.out(`${id}: configured`);
  return 0;
}

function chosen(shells: readonly ClusterShell[], asked: ClusterShell | undefined): ClusterShell {
  const [first, second] = shells;
  if (asked !== undefined) {
    if (!shells.includes(asked)) throw usage(`${asked} is not installed`, first === undefined ? 'installing crmsh or pcs' : `--with ${first}`);
    return asked;
  }
  if (first === undefined) throw usage('neither crm nor pcs is installed', 'installing crmsh or pcs');
  if (second !== undefined) throw usage('both crm and pcs are installed', '--with crm or --with pcs');
  return first;
}

function resourceOf(catalogue: Catalogue, name: string): ClusterResource {
  const spec = catalogue.daemons.find((daemon) => daemon.name === name);
  if (spec !== undefined) return daemonResource(spec);
  if (name !== NODE_ROLE && catalogue.group.roles.some((role) => role.name === name)) {
    const having = (role: string) => catalogue.daemons.filter(({ roles }) => roles.includes(role));
    return roleResource(catalogue.group.name, name, having(NODE_ROLE), having(name));
  }
  throw new WatchkeeperError('UNKNOWN_DAEMON', 'cannot configure', `${quoted(name)} is neither a daemon of the catalogue nor a role that one node holds`, 'watchkeeper status');
}

function usage(why: string, hint: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot configure', why, hint);
}
