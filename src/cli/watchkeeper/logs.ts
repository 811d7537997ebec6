/** `watchkeeper logs NAME` */
import { WatchkeeperError } from '../../core/errors.js';
import { escapeControl } from '../../core/escape.js';
import type { Handler } from './command.js';
import { lineCount } from './line-count.js';

const DEFAULT_LINES = 50;
const MAX_LINE = 10_000;

export const logs: Handler = async (call, session) => {
  const [name] = call.args;
  if (name === undefined) throw new WatchkeeperError('USAGE', 'cannot show logs', 'the name of a daemon is missing', 'watchkeeper help logs');
  const options = { lines: lineCount('show logs', call.value('lines'), DEFAULT_LINES), follow: call.flag('follow') };
  return session.means.logs(call.value('config'), name, options, {
    // What a daemon prints must not move the cursor of whoever reads it.
    line: (text) => session.out(escapeControl(text, MAX_LINE)),
    note: (text) => session.err(`watchkeeper: ${text}`),
  });
};
