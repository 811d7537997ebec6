/**
 * What `validate-all` of agents looks at beyond names. Level 0 is about the
 * parameters alone, which are the same on all nodes; level 10 about this node.
 */
import type { DaemonSpec, HealthCheck } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { OCF, OCF_OK, type OcfAnswer, type OcfStatus } from '../core/ocf.js';
import type { OcfCall } from '../core/ocf-call.js';
import { quoted } from '../core/printable.js';
import type { AgentSite } from './cluster-site.js';
import type { Host } from './host.js';

interface Fault {
  readonly status: OcfStatus;
  readonly reason: string;
}

/** An operator's programs. @param parameters that name one each */
export async function hookFault(call: OcfCall, parameters: readonly string[], { trust }: { readonly trust: ReturnType<Host['trust']> }): Promise<OcfAnswer | undefined> {
  const given = parameters.flatMap((name) => {
    const path = call.parameter(name);
    return path === undefined ? [] : [{ name, path }];
  });
  const relative = given.find(({ path }) => !path.startsWith('/'));
  if (relative !== undefined) return { status: OCF.configured, reason: `${relative.name}: ${quoted(relative.path)} is no absolute path` };
  if (call.level < 10) return undefined;
  for (const { name, path } of given) {
    const fault = await programFault(name, path, trust);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Level 10: whether these daemons could be started here.
 *
 * @param further programs that the agent needs, and what they are
 * @returns the first fault's status, with all of them in words
 */
export async function daemonsFault(call: OcfCall, { host, means }: Pick<AgentSite, 'host' | 'means'>, specs: readonly DaemonSpec[], further: readonly { readonly what: string; readonly path: string }[] = []): Promise<OcfAnswer> {
  if (call.level < 10) return OCF_OK;
  const { catalogue } = await host.configuration();
  const isSystemds = (await means.detection()).kind === 'systemd';
  const trust = host.trust();
  const setup = catalogue.group.setup;
  const programs = [...(setup === undefined ? [] : [{ what: 'setup program', path: setup.executable }]), ...further];
  const faults: (Fault | undefined)[] = [];
  for (const spec of specs) faults.push(...(await daemonFaults(spec, host, isSystemds)));
  for (const { what, path } of programs) faults.push(await programFault(what, path, trust));
  if (isSystemds) faults.push(...(await unitFaults(host, specs)));
  faults.push(await watcherFault(host));
  const found = faults.filter((fault) => fault !== undefined);
  const [first] = found;
  return first === undefined ? OCF_OK : { status: first.status, reason: [...new Set(found.map(({ reason }) => reason))].join('; ') };
}

async function daemonFaults(spec: DaemonSpec, host: Host, isSystemds: boolean): Promise<readonly (Fault | undefined)[]> {
  const { missingAccount } = await import('../adapters/sysv/start-needs.js');
  const { accounts } = await host.directParts('built-in');
  const account = missingAccount(spec, accounts);
  const programs = [spec.readiness, ...spec.health.map(({ method }: HealthCheck) => method)].flatMap((check) => (check.kind === 'exec' ? [check.argv[0]] : []));
  return [
    // Who could have replaced a unit's program is for those who wrote the unit.
    await programFault(spec.name, spec.executable, isSystemds ? undefined : host.trust()),
    account === undefined ? undefined : { status: OCF.installed, reason: `${spec.name}: there is no ${account.kind} ${account.name}` },
    ...(await Promise.all(programs.map((path) => programFault(`${spec.name}: a check`, path, host.trust())))),
  ];
}

async function programFault(what: string, path: string, trust: ReturnType<Host['trust']> | undefined): Promise<Fault | undefined> {
  const { executableProblem } = await import('../adapters/sysv/start-needs.js');
  const problem = executableProblem(path, trust);
  if (problem === undefined) return undefined;
  return { status: problem.kind === 'missing' ? OCF.installed : OCF.permission, reason: `${what}: ${problem.reason}` };
}

async function unitFaults(host: Host, specs: readonly DaemonSpec[]): Promise<readonly Fault[]> {
  const [{ readUnits }, { Systemctl }, runner] = await Promise.all([import('../adapters/systemd/drift-inspector.js'), import('../adapters/systemd/systemctl.js'), host.runner()]);
  const units = await readUnits(new Systemctl(runner), specs);
  return specs.flatMap(({ name, unit }, index) => {
    const load = units[index]?.load;
    if (load === undefined || load === 'loaded') return [];
    return [{ status: OCF.installed, reason: `${name}: ${load === 'not-found' ? `systemd has no unit ${unit}` : `${unit} is ${load}`}` }];
  });
}

/** None is no fault: the agents do without. One that has control and does not answer hinders each start and stop. */
async function watcherFault(host: Host): Promise<Fault | undefined> {
  try {
    await host.watcher((await host.configuration()).settings.controlTimeout);
    return undefined;
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    return { status: error.code === 'STATE_UNWRITABLE' ? OCF.permission : OCF.generic, reason: error.message };
  }
}
