/** `watchkeeper config check` and `watchkeeper config show` */
import { configCheck, configShow } from '../config-commands.js';
import type { Handler } from './command.js';

export const check: Handler = (call, session) => configCheck(() => session.means.configuration(call.value('config')), session);

export const show: Handler = (call, session) => configShow(() => session.means.configuration(call.value('config')), session, { json: call.flag('json') });
