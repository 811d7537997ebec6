/** One daemon in one line for people: "web: running (pid 123, up 5 s, 0 restarts)". */
import type { DaemonStatus } from './daemon-status.js';
import { formatDuration } from './duration.js';

export function statusLine(status: DaemonStatus): string {
  const facts: string[] = [];
  if (status.pid !== null) facts.push(`pid ${status.pid}`);
  if (status.uptime !== null) facts.push(`up ${formatDuration(status.uptime)}`);
  if (status.nextTry !== null) facts.push(`next try in ${formatDuration(status.nextTry)}`);
  const up = status.observed === 'running';
  if (up || status.restarts > 0) facts.push(`${status.restarts} ${status.restarts === 1 ? 'restart' : 'restarts'}`);
  // What is as it is wanted needs no explanation; what is not, does.
  if (up ? status.desired === 'down' : status.desired === 'up' && status.observed === 'stopped') facts.push(`wanted ${status.desired}`);
  const inBrackets = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  const why = up || status.reason === '' ? '' : `: ${status.reason}`;
  return `${status.name}: ${status.observed}${inBrackets}${why}`;
}
