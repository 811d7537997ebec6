/** ocf:watchkeeper:role: the daemons of two roles of the catalogue as a promotable resource. */
import { ClusterRole, type RoleDaemons } from '../app/cluster-role.js';
import { daemonsOfRole, type Catalogue } from '../core/catalogue.js';
import { isValidName, type DaemonSpec } from '../core/daemon.js';
import { nothingThere, OCF, OCF_OK, startAnswer, type OcfAnswer } from '../core/ocf.js';
import { mastersObjection, uniqueCloneObjection } from '../core/ocf-clone.js';
import type { OcfCall } from '../core/ocf-call.js';
import { quoted } from '../core/printable.js';
import { daemonParts, holdsOf } from './cluster-agents.js';
import { recallHeld, type AgentSite, type AgentSites } from './cluster-site.js';

const ACTIONS: ReadonlySet<string> = new Set(['start', 'stop', 'promote', 'demote', 'notify', 'monitor', 'validate-all', 'reload', 'reload-agent']);
interface RoleNames {
  readonly node: string;
  readonly master: string;
}

const DEFAULTS = { node_role: 'node', master_role: 'master' } as const;

export async function roleAgent(action: string, call: OcfCall, sites: AgentSites): Promise<OcfAnswer> {
  if (!ACTIONS.has(action)) return { status: OCF.unimplemented, reason: `the agent role has no action ${quoted(action)}` };
  // Nothing that other nodes do changes what is done here.
  if (action === 'notify') return OCF_OK;
  const roles = { node: call.raw('node_role') ?? DEFAULTS.node_role, master: call.raw('master_role') ?? DEFAULTS.master_role };
  const wrong = [roles.node, roles.master].find((role) => !isValidName(role));
  if (wrong !== undefined) return nothingThere(action, call, { status: OCF.configured, reason: `${quoted(wrong)} is no name of a role` });
  const objection = uniqueCloneObjection(action, call, `the role ${roles.node}`) ?? mastersObjection(action, call);
  if (objection !== undefined) return { status: OCF.configured, reason: objection };
  const site = await sites.ofDaemons(action, call);
  const { host, note } = site;
  const { paths } = (await host.configuration()).settings;
  const { roleRecords } = await import('../adapters/state/role-records.js');
  const records = roleRecords(paths.runtime, note);
  const holds = await holdsOf(host, note);
  const recalled = await recallHeld(action, site, holds, (_name, resource) => resource === call.resource);
  const { catalogue } = await host.configuration();
  // What had the role when it was started is stopped, too.
  const further = action === 'stop' ? catalogue.daemons.filter(({ name }) => holds.read(name)?.resource === call.resource) : recalled;
  const daemons = daemonsOf(catalogue, roles, further, records.read(call.resource)?.master ?? []);
  if (daemons.node.length === 0) return nothingThere(action, call, site.problem ?? { status: OCF.installed, reason: `the catalogue of this node has no daemon of the role ${quoted(roles.node)}` });
  const [{ promotionScores }, runner, parts] = await Promise.all([import('../adapters/pacemaker/promotion-score.js'), host.runner(), daemonParts(site, call, recalled)]);
  const role = new ClusterRole(daemons, call, { ...parts, scores: promotionScores(runner), records });
  switch (action) {
    case 'start':
      return role.start();
    case 'stop':
      return role.stop();
    case 'promote':
      if (daemons.master.length === 0) return { status: OCF.installed, reason: `the catalogue of this node has no daemon of the role ${quoted(roles.master)}, so that there is nothing to promote` };
      return role.promote();
    case 'demote':
      return role.demote();
    case 'monitor':
      return role.monitor();
    case 'reload':
      return reload(site, [...daemons.node, ...daemons.master]);
    case 'validate-all':
      return validated(site, call, catalogue, roles, daemons);
    default:
      return OCF_OK;
  }
}

/** @param further ones that the resource holds, whatever their roles @param masters names of those of them that belong to the master role */
function daemonsOf(catalogue: Catalogue, roles: RoleNames, further: readonly DaemonSpec[], masters: readonly string[]): RoleDaemons {
  const node = daemonsOfRole(catalogue, roles.node);
  const master = daemonsOfRole(catalogue, roles.master).filter((spec) => !node.includes(spec));
  const others = further.filter((spec) => !node.includes(spec) && !master.includes(spec));
  const isMaster = ({ name }: DaemonSpec): boolean => masters.includes(name);
  return { node: [...node, ...others.filter((spec) => !isMaster(spec))], master: [...master, ...others.filter(isMaster)] };
}

/** As far as this node can tell; the master role may well have no daemon. */
async function validated(site: AgentSite, call: OcfCall, { group }: Catalogue, wanted: RoleNames, daemons: RoleDaemons): Promise<OcfAnswer> {
  if (wanted.node === wanted.master) return { status: OCF.configured, reason: `node_role and master_role are both ${wanted.node}, so that there would be nothing to promote` };
  const roles = [wanted.node, wanted.master].map((wantedName) => group.roles.find(({ name }) => name === wantedName));
  const sources = roles.flatMap((role) => (role?.source === undefined ? [] : [{ what: `who tells of the role ${role.name}`, path: role.source.argv[0] }]));
  return (await import('./cluster-validate.js')).daemonsFault(call, site, [...daemons.node, ...daemons.master], sources);
}

/** Of what runs; the rest reads its configuration when it starts. */
async function reload(site: AgentSite, specs: RoleDaemons['node']): Promise<OcfAnswer> {
  const manager = await site.means.manager();
  const observations = await manager.observe(specs);
  for (const [index, spec] of specs.entries()) {
    if (observations[index]?.state !== 'running') continue;
    const answer = startAnswer(await manager.reload(spec));
    if (answer.status !== OCF.success) return answer;
  }
  return OCF_OK;
}
