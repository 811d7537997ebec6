/**
 * What is wrong with the daemons, from facts. Of each the chain is walked from
 * "is it wanted" to "does it answer", and the first link that does not hold is
 * the finding: what comes after it may be wrong only because of it. Pure.
 */
import { isUp } from './daemon-status.js';
import type { Finding } from './doctor-codes.js';
import type { DaemonFacts, MachineFacts } from './doctor-facts.js';
import * as steps from './doctor-steps.js';
import { heldBackBy } from './held-back.js';
import { unmaskCommand } from './unit-drift.js';

const WATCHER_UNIT = 'watchkeeper.service';

/** Of one that is down. */
const DOWN: readonly steps.Step[] = [
  steps.wanted, steps.paused, steps.cluster, steps.role, steps.condition, steps.unit, steps.executable, steps.account,
  steps.directory, steps.environment, steps.address, steps.pidFile, steps.state,
];

/** Of one that runs: faults first, as what is intended hides none here. */
const UP: readonly steps.Step[] = [
  steps.unit, steps.halted, steps.pidFile, steps.answer, steps.health, steps.state, steps.unwanted, steps.paused, steps.dropIns,
];

/** Of the machine, then at most one of each daemon that was asked for. @param names in the catalogue's order */
export function diagnose(machine: MachineFacts, daemons: readonly DaemonFacts[], names: readonly string[]): readonly Finding[] {
  const byName = new Map(daemons.map((facts) => [facts.spec.name, facts]));
  const found = names.flatMap((name) => {
    const facts = byName.get(name);
    const first = facts === undefined ? undefined : examine(facts, machine, byName);
    return first === undefined ? [] : [first];
  });
  return [...machineFindings(machine), ...found];
}

function examine(facts: DaemonFacts, machine: MachineFacts, byName: ReadonlyMap<string, DaemonFacts>): Finding | undefined {
  const { observed } = facts.status;
  const running = isUp(observed) && observed !== 'starting';
  for (const step of running ? UP : DOWN) {
    // Only what nothing else explains is explained by those that it requires.
    const first = (step === steps.state && !running ? heldBack(facts, machine, byName) : undefined) ?? step(facts, machine);
    if (first !== undefined) return first;
  }
  return undefined;
}

function heldBack({ spec }: DaemonFacts, machine: MachineFacts, byName: ReadonlyMap<string, DaemonFacts>): Finding | undefined {
  const specs = new Map([...byName].map(([name, facts]) => [name, facts.spec]));
  const chain = heldBackBy(spec.name, specs, new Map([...byName].map(([name, facts]) => [name, facts.status])));
  const culprit = byName.get(chain.at(-1)?.name ?? '');
  if (culprit === undefined || culprit.spec.name === spec.name) return undefined;
  const cause = examine(culprit, machine, byName);
  const links = chain.map(({ name }) => name).join(', which waits for ');
  const what = `it waits for ${links}${cause === undefined ? '' : `: ${cause.code}: ${cause.what}`}`;
  return { code: 'held-back', daemon: spec.name, what, look: `watchkeeper doctor ${culprit.spec.name}`, command: cause?.command ?? null };
}

function machineFindings(machine: MachineFacts): readonly Finding[] {
  const { unwritable, silent, watcher, serviceManager } = machine;
  const found: Finding[] = [];
  const add = (code: Finding['code'], what: string, command: string | null, look: string | null = null): void => void found.push({ code, daemon: null, what, look, command });
  if (unwritable !== undefined) add('state-unwritable', unwritable.reason, null, `df -h ${unwritable.path}; ls -ld ${unwritable.path}`);
  if (machine.astray !== undefined) {
    const { looks, has } = machine.astray;
    const what = `${machine.initScript ?? 'the init script'} looks for the watcher in ${looks}, and paths.runtime is ${has}: what runs in the one is not there for the other; let WATCHKEEPER_PATHS_RUNTIME in /etc/default/watchkeeper be the same`;
    add('init-script-astray', what, null, 'cat /etc/default/watchkeeper');
  }
  if (silent !== undefined) add('watcher-silent', silent, restartWatcher(machine), machine.watcherPid === undefined ? null : `ps -fp ${machine.watcherPid}`);
  else if (watcher === null && serviceManager.kind === 'systemd') add('unwatched', 'no watcher runs: systemd restarts the daemons, but there are no health checks, tasks, hooks and history', startWatcher(machine));
  else if (watcher === null) add('watcher-absent', 'no watcher runs, so nobody restarts what dies', startWatcher(machine));
  else if (watcher.staleConfiguration) add('stale-configuration', `the configuration has changed since the watcher (pid ${watcher.pid}) loaded it`, 'watchkeeper reload', 'watchkeeper config check');
  else if (watcher.waitsForRestart.length > 0) add('restart-needed', `the watcher (pid ${watcher.pid}) goes by the old ${watcher.waitsForRestart.join(', ')} until it is restarted`, renewWatcher(machine));
  if (watcher !== null && machine.sandboxLeft !== undefined) add('sandbox-left', `the watcher (pid ${watcher.pid}) runs without the sandbox of ${WATCHER_UNIT}, which what it starts would inherit: ${machine.sandboxLeft}`, null, `systemctl cat ${WATCHER_UNIT}`);
  return found;
}

/** Killing a watcher that hangs is safe: the daemons run on, and the next one adopts them. */
function restartWatcher({ watcherUnit, initScript, watcherPid }: MachineFacts): string | null {
  const kill = watcherPid === undefined ? '' : `kill -KILL ${watcherPid}; `;
  if (watcherUnit?.load === 'loaded') return `${kill}systemctl restart ${WATCHER_UNIT}`;
  return `${kill}${initScript === undefined ? 'watchkeeper run' : `${initScript} start`}`;
}

/** One that is well; null: whoever runs it knows how. */
function renewWatcher({ watcherUnit, initScript }: MachineFacts): string | null {
  if (watcherUnit?.load === 'loaded') return `systemctl restart ${WATCHER_UNIT}`;
  return initScript === undefined ? null : `${initScript} restart`;
}

function startWatcher({ watcherUnit, initScript }: MachineFacts): string {
  if (watcherUnit?.load === 'masked') return `${unmaskCommand(WATCHER_UNIT, watcherUnit)} && systemctl enable --now ${WATCHER_UNIT}`;
  if (watcherUnit?.load === 'loaded') return `systemctl enable --now ${WATCHER_UNIT}`;
  return initScript === undefined ? 'watchkeeper run' : `${initScript} start`;
}

