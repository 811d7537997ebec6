/** `watchkeeper run` */
import type { Handler } from './command.js';

export const run: Handler = (call, { means }) =>
  means.run({
    config: call.value('config'),
    demo: call.flag('demo'),
    table: call.flag('table'),
    stopOnExit: call.flag('stop-on-exit'),
    container: call.flag('container'),
  });
