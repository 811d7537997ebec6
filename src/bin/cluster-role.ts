/** ocf:watchkeeper:role: the daemons of two roles of the catalogue as a promotable resource. */
import { ClusterRole, type RoleDaemons } from '../app/cluster-role.js';
import { daemonsOfRole } from '../core/catalogue.js';
import { isValidName } from '../core/daemon.js';
import { OCF, OCF_OK, startAnswer, type OcfAnswer } from '../core/ocf.js';
import type { OcfCall } from '../core/ocf-call.js';
import { quoted } from '../core/printable.js';
import { daemonParts } from './cluster-agents.js';
import { ControlMeans } from './control.js';
import { Host } from './host.js';

type Environment = Readonly<Record<string, string | undefined>>;

const ACTIONS: ReadonlySet<string> = new Set(['start', 'stop', 'promote', 'demote', 'notify', 'monitor', 'validate-all', 'reload', 'reload-agent']);
const DEFAULTS = { node_role: 'node', master_role: 'master' } as const;

export async function roleAgent(action: string, call: OcfCall, environment: Environment, note: (line: string) => void): Promise<OcfAnswer> {
  if (!ACTIONS.has(action)) return { status: OCF.unimplemented, reason: `the agent role has no action ${quoted(action)}` };
  // Nothing that other nodes do changes what is done here.
  if (action === 'notify') return OCF_OK;
  const roles = { node: call.parameter('node_role') ?? DEFAULTS.node_role, master: call.parameter('master_role') ?? DEFAULTS.master_role };
  const wrong = [roles.node, roles.master].find((role) => !isValidName(role));
  const host = new Host(call.parameter('config'), environment);
  const { catalogue, settings } = await host.configuration();
  const node = wrong === undefined ? daemonsOfRole(catalogue, roles.node) : [];
  const daemons: RoleDaemons = { node, master: wrong === undefined ? daemonsOfRole(catalogue, roles.master).filter((spec) => !node.includes(spec)) : [] };
  if (node.length === 0) {
    if (action === 'stop') return OCF_OK;
    if (action === 'monitor' && call.isProbe) return { status: OCF.notRunning };
    if (wrong !== undefined) return { status: OCF.configured, reason: `${quoted(wrong)} is no name of a role` };
    return { status: OCF.installed, reason: `the catalogue of this node has no daemon of the role ${quoted(roles.node)}` };
  }
  const [{ promotionScores }, { roleRecords }, runner, parts] = await Promise.all([
    import('../adapters/pacemaker/promotion-score.js'),
    import('../adapters/state/role-records.js'),
    host.runner(),
    daemonParts(host, call, note),
  ]);
  const role = new ClusterRole(daemons, call, { ...parts, scores: promotionScores(runner), records: roleRecords(settings.paths.runtime, note), note });
  switch (action) {
    case 'start':
      return role.start();
    case 'stop':
      return role.stop();
    case 'promote':
      return role.promote();
    case 'demote':
      return role.demote();
    case 'monitor':
      return role.monitor();
    case 'reload':
      return reload(host, [...daemons.node, ...daemons.master], note);
    default:
      return OCF_OK;
  }
}

/** Of what runs; the rest reads its configuration when it starts. */
async function reload(host: Host, specs: RoleDaemons['node'], note: (line: string) => void): Promise<OcfAnswer> {
  const manager = await new ControlMeans(host, note).manager();
  const observations = await manager.observe(specs);
  for (const [index, spec] of specs.entries()) {
    if (observations[index]?.state !== 'running') continue;
    const answer = startAnswer(await manager.reload(spec));
    if (answer.status !== OCF.success) return answer;
  }
  return OCF_OK;
}
