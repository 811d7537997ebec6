/** The links of the chain from "is it wanted" to "does it answer", of one daemon. Pure. */
import { describeExit } from './exit-status.js';
import type { DaemonFacts, MachineFacts } from './doctor-facts.js';
import type { Finding, FindingCode } from './doctor-codes.js';
import { quoted } from './printable.js';
import { describeHolder } from './refusal.js';
import { PAUSE_FILE_ID } from './pause.js';
import { formatInstant } from './instant.js';
import { NOT_MASTER, roleDenied, saysNotMaster } from './outcome.js';
import { describeUnmet } from './start-condition.js';
import { unitFaults, unmaskCommand, type UnitFault } from './unit-drift.js';
import { readHeader } from './unit-header.js';

/** undefined: this link holds. */
export type Step = (facts: DaemonFacts, machine: MachineFacts) => Finding | undefined;

function finding(facts: DaemonFacts, code: FindingCode, what: string, command: string | null, look: string | null = null): Finding {
  return { code, daemon: facts.spec.name, what, look, command };
}

const start = (facts: DaemonFacts): string => `daemon-util start ${facts.spec.name}`;
const logs = (facts: DaemonFacts): string => `watchkeeper logs ${facts.spec.name}`;

export const wanted: Step = (facts) => {
  const { desired, reason } = facts.status;
  return desired === 'up' ? undefined : finding(facts, 'wanted-down', `it is wanted down${reason === '' ? '' : `: ${reason}`}`, start(facts));
};

export const paused: Step = (facts) => {
  const [lease] = [...facts.pauses].sort((a, b) => b.until - a.until);
  if (lease === undefined) return undefined;
  const command = lease.id === PAUSE_FILE_ID ? `rm ${lease.owner}` : `watchkeeper resume --all-owners --id ${lease.id}`;
  return finding(facts, 'paused', `paused by ${lease.owner} until ${formatInstant(lease.until)}: ${lease.reason}`, command, 'watchkeeper pauses');
};

export const cluster: Step = (facts) =>
  facts.status.owner === 'cluster' ? finding(facts, 'held-by-cluster', facts.status.reason === '' ? 'the cluster restarts it' : facts.status.reason, null, `watchkeeper cluster status ${facts.spec.name}`) : undefined;

export const role: Step = (facts, { roles, catalogue }) => {
  const { spec, status } = facts;
  const known = spec.roles.map((name) => roles.find((each) => each.name === name && each.since !== null));
  // One without a source is anybody's.
  if (known.length > 0 && known.every((each) => each !== undefined) && !known.some((each) => each.held === true)) {
    const open = known.find((each) => each.held === null);
    if (open === undefined) return finding(facts, 'not-master', known.map(({ name, reason }) => roleDenied(name, reason)).join('; '), null, 'watchkeeper status');
    const argv = catalogue.group.roles.find(({ name }) => name === open.name)?.source?.argv ?? [];
    return finding(facts, 'role-unknown', `whether this node is ${open.name} is not known: ${open.reason}`, null, argv.join(' '));
  }
  const { lastExit } = status;
  const saidSo = lastExit?.kind === 'exited' && lastExit.status === catalogue.group.notMasterExitStatus;
  if (!saidSo && !saysNotMaster(status.reason)) return undefined;
  return finding(facts, 'not-master', `it says so itself: ${saidSo ? `${NOT_MASTER}: it ${describeExit(lastExit)}` : status.reason}`, null, logs(facts));
};

export const condition: Step = (facts) => {
  const { unmet } = facts;
  if (unmet === undefined) return undefined;
  const remove = unmet.kind === 'path-missing' ? `rm ${unmet.path} && ` : '';
  return finding(facts, 'condition-unmet', `${describeUnmet(unmet)}; start it once that is otherwise`, `${remove}${start(facts)}`, `ls -ld ${unmet.path}`);
};

/** Of its unit, what stands in the way, or is not as it should be. */
export const unit: Step = (facts, { catalogue }) => {
  if (facts.unit === undefined) return undefined;
  const fault = unitFaults(facts.spec, catalogue, facts.unit).find(({ code }) => code !== 'unit-overridden');
  return fault && finding(facts, fault.code, fault.what, unitCommand(facts, fault), fault.code === 'unit-drift' ? 'watchkeeper units diff' : `systemctl status ${facts.spec.unit}`);
};

export const dropIns: Step = (facts, { catalogue }) => {
  if (facts.unit === undefined) return undefined;
  const found = unitFaults(facts.spec, catalogue, facts.unit).find(({ code }) => code === 'unit-overridden');
  return found && finding(facts, found.code, found.what, null, `systemctl cat ${facts.spec.unit}`);
};

function unitCommand({ spec, unit: onDisk }: DaemonFacts, { code, edited }: UnitFault): string | null {
  switch (code) {
    case 'unit-not-found':
      return 'watchkeeper units install';
    case 'unit-masked':
      return unmaskCommand(spec.unit, onDisk ?? {});
    case 'unit-not-reloaded':
      return 'systemctl daemon-reload';
    case 'unit-drift':
      return edited === true ? 'watchkeeper units install --force' : 'watchkeeper units install';
    case 'unit-broken':
      // Somebody else's is theirs to mend.
      return onDisk?.fragment?.text !== undefined && readHeader(onDisk.fragment.text) !== undefined ? 'watchkeeper units install --force' : null;
    case 'unit-overridden':
      return null;
  }
}

export const executable: Step = (facts) => {
  const { executable: problem, spec } = facts;
  if (problem === undefined) return undefined;
  const path = spec.executable;
  switch (problem.kind) {
    case 'missing':
      return finding(facts, 'executable-missing', `${problem.reason}: install the package that it belongs to`, null, `ls -l ${path}`);
    case 'forbidden':
      return finding(facts, 'executable-forbidden', problem.reason, `chmod a+x ${path}`, `namei -l ${path}`);
    case 'untrusted':
      return finding(facts, 'executable-untrusted', `${problem.reason}: root does not run it`, `chown root ${path} && chmod go-w ${path}`, `namei -l ${path}`);
  }
};

export const account: Step = (facts) => {
  const { missingAccount } = facts;
  if (missingAccount === undefined) return undefined;
  const { kind, name } = missingAccount;
  return kind === 'user'
    ? finding(facts, 'user-missing', `there is no user ${quoted(name)}`, `useradd --system ${name}`, `getent passwd ${name}`)
    : finding(facts, 'group-missing', `there is no group ${quoted(name)}`, `groupadd --system ${name}`, `getent group ${name}`);
};

export const directory: Step = (facts) => {
  const { workingDirectory, user } = facts.spec;
  if (facts.hasWorkingDirectory) return undefined;
  return finding(facts, 'directory-missing', `${workingDirectory}, in which it is started, is not there`, `install -d ${user === undefined ? '' : `-o ${user} `}${workingDirectory}`);
};

export const environment: Step = (facts, { catalogue }) =>
  facts.environment === undefined ? undefined : finding(facts, 'environment-invalid', facts.environment, `\${EDITOR:-vi} ${catalogue.group.environmentFile ?? ''}`.trimEnd());

export const address: Step = (facts) => {
  const [holder] = facts.holders;
  if (holder === undefined) return undefined;
  const pid = holder.process?.pid;
  return finding(facts, 'port-taken', describeHolder(holder), pid === undefined ? null : `kill ${pid}`, pid === undefined ? 'ss -lntup' : `ps -fp ${pid}`);
};

export const pidFile: Step = (facts) =>
  facts.strayPidFile === undefined
    ? undefined
    : finding(facts, 'pid-file-foreign', `${facts.spec.pidFile ?? ''} is not its own: ${facts.strayPidFile}`, facts.status.pid === null ? start(facts) : `daemon-util restart ${facts.spec.name}`);

/** What its state says, where all that could be seen for itself is as it should be. */
export const state: Step = (facts) => {
  const { observed, reason, nextTry, pid, lastExit } = facts.status;
  const again = nextTry === null ? '' : `; next try in ${Math.ceil(nextTry / 1000)} s`;
  const { name } = facts.spec;
  switch (observed) {
    case 'backing-off':
      return finding(facts, 'backing-off', `${reason}${again}`, `watchkeeper retry-now ${name}`, logs(facts));
    case 'crash-loop':
      return finding(facts, 'crash-loop', `${reason}${again}`, `watchkeeper reset ${name}`, logs(facts));
    case 'given-up':
      return finding(facts, 'given-up', reason, start(facts), logs(facts));
    case 'failed':
      return finding(facts, facts.startLimit ? 'start-limit' : 'failed', reason, start(facts), logs(facts));
    case 'starting':
      // Under systemd it may be down, with its restart timed.
      if (pid === null && lastExit !== null) return finding(facts, 'backing-off', `${reason}${again}`, start(facts), logs(facts));
      return finding(facts, 'in-transition', `it is starting: ${reason}`, null, `watchkeeper status ${name}`);
    case 'stopping':
      return finding(facts, 'in-transition', `it is stopping: ${reason}`, null, `watchkeeper status ${name}`);
    case 'waiting':
    case 'stopped':
      return finding(facts, 'down', reason === '' ? 'it is stopped' : reason, start(facts), logs(facts));
    case 'running':
    case 'degraded':
      return undefined;
  }
};

export const unwanted: Step = (facts) =>
  facts.status.desired === 'down' ? finding(facts, 'runs-unwanted', `it runs as pid ${facts.status.pid ?? '?'}: started outside, so it is left alone`, `daemon-util stop ${facts.spec.name}`) : undefined;

export const halted: Step = (facts) => {
  const { pid } = facts.status;
  return facts.halted && pid !== null ? finding(facts, 'halted', `pid ${pid} is stopped by a signal (state T)`, `kill -CONT ${pid}`, `ps -fp ${pid}`) : undefined;
};

export const answer: Step = (facts) =>
  facts.answer?.ready === false ? finding(facts, 'not-answering', facts.answer.reason, `daemon-util restart ${facts.spec.name}`, logs(facts)) : undefined;

export const health: Step = (facts) => {
  const { observed, reason, health: checks = [] } = facts.status;
  const failing = checks.find(({ state: judged }) => judged === 'unhealthy');
  if (failing === undefined && observed !== 'degraded') return undefined;
  const what = failing === undefined ? reason : `${failing.name} (${failing.kind}, ${failing.by}): ${failing.last ?? 'it fails'}`;
  return finding(facts, 'unhealthy', what, `daemon-util restart ${facts.spec.name}`, `watchkeeper status ${facts.spec.name}`);
};
