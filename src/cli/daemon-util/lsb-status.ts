/** What an init script answers to `status`: the lines of `status`, and the exit status that the LSB wants. */
import { WatchkeeperError } from '../../core/errors.js';
import { LSB_UNKNOWN, lsbStatus, lsbStatusOfAll, type LsbSubject } from '../../core/lsb.js';
import { statusLine } from '../../core/status-line.js';
import { statusesOf } from './check-commands.js';
import type { Handler, Reply, Session } from './command.js';
import { daemonNamed } from './selection.js';

export const lsbStatusCommand: Handler = async (session, [name]) => {
  try {
    return await report(session, name);
  } catch (error) {
    if (!(error instanceof WatchkeeperError)) throw error;
    session.err(`daemon-util: ${error.message}`);
    return { exitStatus: LSB_UNKNOWN, json: { error: { code: error.code, message: error.message } } };
  }
};

async function report(session: Session, name: string | undefined): Promise<Reply> {
  const { means } = session;
  const catalogue = await means.catalogue();
  const specs = name === undefined ? catalogue.daemons : [await daemonNamed(session, name)];
  const { statuses } = await statusesOf(session, specs.map((spec) => spec.name));
  for (const status of statuses) session.out(statusLine(status));
  const subjects = specs.flatMap((spec, index): LsbSubject[] => {
    const status = statuses[index];
    if (status === undefined) return [];
    const heldBack = spec.conditions.some((condition) => !means.isMet(condition));
    return [{ spec, status, heldBack, pidFile: spec.pidFile !== undefined && means.pathExists(spec.pidFile) }];
  });
  const [only] = subjects;
  const exitStatus = name !== undefined && only !== undefined ? lsbStatus(only) : lsbStatusOfAll(subjects, catalogue.group.notMasterExitStatus);
  return { exitStatus, json: { daemons: Object.fromEntries(statuses.map((each) => [each.name, each])) } };
}
