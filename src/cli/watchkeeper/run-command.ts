/** `watchkeeper run` */
import type { Handler } from './command.js';

export const run: Handler = (call, { means }) => {
  const demo = call.flag('demo');
  return means.run({
    config: call.value('config'),
    demo,
    table: means.terminal.isTerminal && (call.flag('table') || demo),
    stopOnExit: call.flag('stop-on-exit') || demo,
  });
};
