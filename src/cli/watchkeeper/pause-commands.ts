/** `watchkeeper pause`, `resume` and `pauses` */
import { requireDaemon } from '../../core/catalogue.js';
import { formatDuration, parseDuration } from '../../core/duration.js';
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import { isActive, PAUSE_FILE_ID, resumed, type PauseLease } from '../../core/pause.js';
import { jsonLine, quoted } from '../../core/printable.js';
import type { Call, Handler, Session } from './command.js';

const DEFAULT_TIME = 3_600_000;
const LONGEST_TIME = 30 * 86_400_000;
const MAX_TEXT = 200;

export const pause: Handler = async (call, session) => {
  const now = session.means.now();
  const daemons = await known(call, session);
  const lease: PauseLease = {
    id: `${now.toString(36)}-${Math.floor(Math.random() * 0x100000).toString(36)}`,
    owner: text(call, 'owner') ?? session.means.owner,
    reason: text(call, 'reason') ?? 'no reason given',
    daemons: daemons.length === 0 ? undefined : daemons,
    since: now,
    until: now + duration(call.value('for')),
  };
  await session.means.pauses(call.value('config'), (leases) => [...leases.filter((other) => isActive(other, now)), lease]);
  await poke(call, session);
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, pause: lease }));
  else session.out(describe(lease, now));
  return 0;
};

export const resume: Handler = async (call, session) => {
  const now = session.means.now();
  const owner = call.flag('all-owners') ? undefined : (text(call, 'owner') ?? session.means.owner);
  const wish = { owner, id: call.value('id'), daemons: await known(call, session) };
  let ended: readonly PauseLease[] = [];
  const left = await session.means.pauses(call.value('config'), (leases) => {
    const result = resumed(leases.filter((lease) => isActive(lease, now)), wish);
    ended = result.ended;
    return result.left;
  });
  await poke(call, session);
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, ended }));
  else if (ended.length === 0) session.out(`there was no such pause of ${owner === undefined ? 'anybody' : quoted(owner)}; watchkeeper pauses lists them`);
  else for (const lease of ended) session.out(`ended: ${describe(lease, now)}`);
  for (const lease of left.filter((one) => one.id === PAUSE_FILE_ID && isActive(one, now))) {
    session.err(`${describe(lease, now)}; a resume leaves that alone, try rm ${lease.owner}`);
  }
  return 0;
};

export const pauses: Handler = async (call, session) => {
  const now = session.means.now();
  const active = (await session.means.pauses(call.value('config'))).filter((lease) => isActive(lease, now));
  if (call.flag('json')) session.out(jsonLine({ schemaVersion: 1, pauses: active }));
  else if (active.length === 0) session.out('nothing is paused');
  else for (const lease of active) session.out(describe(lease, now));
  return 0;
};

async function known(call: Call, session: Session): Promise<readonly string[]> {
  if (call.args.length === 0) return [];
  const { catalogue } = await session.means.configuration(call.value('config'));
  return call.args.map((name) => requireDaemon(catalogue, name).name);
}

/** Without a watcher there is nobody to tell: the next one reads the pauses itself. */
async function poke(call: Call, session: Session): Promise<void> {
  await (await session.means.client(call.value('config')))?.refresh();
}

function duration(given: string | undefined): number {
  if (given === undefined) return DEFAULT_TIME;
  const time = parseDuration(given);
  if (time !== undefined && time > 0 && time <= LONGEST_TIME) return time;
  throw new WatchkeeperError('USAGE', 'cannot pause', `--for needs a time such as 30m or 2h, at most 30d, not ${quoted(given)}`, 'watchkeeper pause --for 1h');
}

function text(call: Call, option: string): string | undefined {
  const given = call.value(option);
  if (given === undefined || (given !== '' && given.length <= MAX_TEXT)) return given;
  throw new WatchkeeperError('USAGE', 'cannot pause or resume', `--${option} needs a text of 1 to ${MAX_TEXT} characters`, 'watchkeeper help pause');
}

function describe(lease: PauseLease, now: number): string {
  const what = lease.daemons?.join(', ') ?? 'all daemons';
  const words = `${lease.id}  ${what}: paused by ${lease.owner} for another ${formatDuration(lease.until - now)}: ${lease.reason}`;
  return escapeControl(words, 1000);
}
