/** `watchkeeper doctor` */
import { diagnose } from '../../core/doctor.js';
import { FINDINGS, isFault, type Finding } from '../../core/doctor-codes.js';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { jsonLine } from '../../core/printable.js';
import { statusLine } from '../../core/status-line.js';
import type { Examination, Handler, Session } from './command.js';
import { paints, type Paints } from './paint.js';

const MAX_TEXT = 1000;

export const doctor: Handler = async (call, session) => {
  const seen = await examined(session, call.value('config'), call.args);
  const findings = 'machine' in seen ? diagnose(seen.machine, seen.daemons, seen.names) : [seen.unreadable];
  const isWell = !findings.some(isFault);
  if (call.flag('json')) {
    session.out(jsonLine({ schemaVersion: 1, ok: isWell, findings: findings.map((finding) => ({ ...finding, kind: FINDINGS[finding.code].kind })) }));
  } else {
    const paint = paints(session.means.terminal.colour);
    for (const finding of findings) for (const line of lines(finding, paint)) session.out(line);
    if (isWell && 'machine' in seen) for (const line of wellLines(seen, findings)) session.out(line);
  }
  if (!('machine' in seen)) return seen.exitStatus;
  return isWell ? 0 : 1;
};

interface Unreadable {
  readonly unreadable: Finding;
  readonly exitStatus: number;
}

async function examined({ means }: Session, config: string | undefined, names: readonly string[]): Promise<Examination | Unreadable> {
  try {
    return await means.examine(config, names);
  } catch (error) {
    if (!(error instanceof WatchkeeperError) || (error.code !== 'CONFIG_INVALID' && error.code !== 'CONFIG_UNREADABLE')) throw error;
    const what = error.message.split('\n').join('; ');
    return { unreadable: { code: 'configuration-invalid', daemon: null, what, look: 'watchkeeper config check', command: null }, exitStatus: error.exitStatus };
  }
}

/** What would only fail again while its cause is there. */
const FAILS_AGAIN: ReadonlySet<Finding['code']> = new Set(['crash-loop', 'given-up', 'failed', 'start-limit']);

function lines(finding: Finding, paint: Paints): readonly string[] {
  const { code, daemon, what, look, command } = finding;
  const coloured = isFault(finding) ? paint.red(code) : paint.yellow(code);
  return [
    `${daemon === null ? '' : `${paint.bold(daemon)}: `}${coloured}: ${escapeControl(what, MAX_TEXT)}`,
    ...(look === null ? [] : [`  to see more: ${escapeControl(look, MAX_TEXT)}`]),
    ...(command === null ? [] : [`  ${FAILS_AGAIN.has(code) ? 'once the cause is gone' : isFault(finding) ? 'to mend it' : 'to change it'}: ${escapeControl(command, MAX_TEXT)}`]),
  ];
}

function wellLines({ machine, daemons, names }: Examination, findings: readonly Finding[]): readonly string[] {
  const fine = daemons.filter(({ spec }) => names.includes(spec.name) && !findings.some(({ daemon }) => daemon === spec.name));
  const [only] = fine;
  if (names.length === 1 && only !== undefined) return [escapeControl(`nothing is wrong: ${statusLine(only.status)}`, MAX_TEXT)];
  const count = `${fine.length} of ${names.length} ${names.length === 1 ? 'daemon' : 'daemons'}`;
  return [`nothing is wrong: ${count} up and answering (${machine.serviceManager.kind}: ${machine.serviceManager.reason})`];
}
