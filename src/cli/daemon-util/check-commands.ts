/** Commands that look and judge (check…), or look and report (status, pid). */
import type { Catalogue } from '../../core/catalogue.js';
import { isUp, type DaemonStatus } from '../../core/daemon-status.js';
import type { StartCondition } from '../../core/daemon.js';
import { describeUnmet } from '../../core/start-condition.js';
import { WatchkeeperError } from '../../core/errors.js';
import { NOT_MASTER } from '../../core/outcome.js';
import { quoted } from '../../core/printable.js';
import { statusLine } from '../../core/status-line.js';
import { DONE } from './command.js';
import type { Handler, Session } from './command.js';
import { NOT_MASTER_EXIT_STATUS } from './outcomes.js';
import { daemonNamed, startList } from './selection.js';

export const check: Handler = async (session, [name = '']) => {
  const status = await statusOf(session, name);
  session.detail(statusLine(status));
  return { exitStatus: isUp(status.observed) ? 0 : 1, json: { daemon: status } };
};

export const pid: Handler = async (session, [name = '']) => {
  const status = await statusOf(session, name);
  if (status.pid === null) {
    session.err(`daemon-util: ${name} has no process: ${statusLine(status)}`);
    return { exitStatus: 1, json: { pid: null, daemon: status } };
  }
  session.out(String(status.pid));
  return { exitStatus: 0, json: { pid: status.pid } };
};

export const status: Handler = async (session, [name]) => {
  const catalogue = await session.means.catalogue();
  const names = name === undefined ? catalogue.daemons.map((daemon) => daemon.name) : [(await daemonNamed(session, name)).name];
  const { statuses, via } = await statusesOf(session, names);
  for (const each of statuses) session.out(statusLine(each));
  const { kind, reason } = await session.means.detection();
  return {
    exitStatus: 0,
    json: { via, serviceManager: { kind, reason }, daemons: Object.fromEntries(statuses.map((each) => [each.name, each])) },
  };
};

export async function statusOf(session: Session, name: string): Promise<DaemonStatus> {
  const daemon = await daemonNamed(session, name);
  const [only] = (await statusesOf(session, [daemon.name])).statuses;
  if (only === undefined) throw new Error(`no status for ${daemon.name}`);
  return only;
}

/** @param names of daemons of the catalogue */
export async function statusesOf(session: Session, names: readonly string[]): Promise<{ statuses: readonly DaemonStatus[]; via: string }> {
  const { controller, reason, release } = await session.means.reader();
  try {
    await describeMeans(session, controller.via, reason);
    return { statuses: await controller.status(names), via: controller.via };
  } finally {
    release();
  }
}

/** For --verbose; the detection is only made if somebody wants to know it. */
export async function describeMeans(session: Session, via: 'watcher' | 'direct', reason: string): Promise<void> {
  if (!session.options.verbose) return;
  const detection = await session.means.detection();
  session.detail(`service manager: ${detection.kind} (${detection.reason})`);
  session.detail(`${via === 'watcher' ? 'via the watcher' : 'directly'} (${reason})`);
}

/**
 * The original looks for the cluster's certificate, whose absence means that
 * this node was never set up. Our catalogue says the same by conditions: where
 * each daemon that start-all would start is held back, the node is not set up.
 */
export const checkConfig: Handler = async (session) => {
  const catalogue = await session.means.catalogue();
  const missing = heldBackBy(catalogue, (condition) => session.means.isMet(condition));
  if (missing === undefined) return DONE;
  const text = missing.kind === 'path-exists' ? `Missing configuration file ${missing.path}` : `Every start is forbidden: ${describeUnmet(missing)}`;
  session.err(text);
  return { exitStatus: 1, json: { reason: text } };
};

/** The condition that holds the first daemon back, if something holds back every one of them. */
function heldBackBy(catalogue: Catalogue, isMet: (condition: StartCondition) => boolean): StartCondition | undefined {
  const unmet = startList(catalogue).map((daemon) => daemon.conditions.find((condition) => !isMet(condition)));
  return unmet.every((condition) => condition !== undefined) ? unmet[0] : undefined;
}

export const checkExitCode: Handler = (session, [code = '']) => {
  if (!/^[0-9]{1,3}$/.test(code)) {
    throw new WatchkeeperError('USAGE', 'cannot judge the exit code', `${quoted(code)} is not a number from 0 to 255`, 'daemon-util help check-exitcode');
  }
  const status = Number(code);
  if (status === 0) return Promise.resolve(DONE);
  const meaning = status === NOT_MASTER_EXIT_STATUS ? NOT_MASTER : `exit code ${code}`;
  session.out(meaning);
  return Promise.resolve({ exitStatus: status === NOT_MASTER_EXIT_STATUS ? 0 : 1, json: { meaning } });
};
