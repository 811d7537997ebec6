/** The schedules of a configuration, judged by node-cron: loaded only where there are any. */
import { escapeControl } from '../../core/escape.js';
import { quoted } from '../../core/printable.js';
import type { LoadedConfiguration } from '../config/configuration.js';
import { Problems } from '../config/problems.js';
import { NodeCron } from './node-cron.js';

/** @throws WatchkeeperError CONFIG_INVALID */
export function checkSchedules(configuration: LoadedConfiguration): void {
  const cron = new NodeCron();
  const problems = new Problems();
  for (const { name, schedule } of configuration.tasks) {
    if (schedule === undefined) continue;
    const problem = cron.problem(schedule);
    if (problem === undefined) continue;
    const key = `tasks.${name}.schedule`;
    const hint = /^@reboot$/i.test(schedule.trim()) ? "; write 'at: boot' instead of a schedule" : '';
    problems.add({ file: configuration.origin(key), line: undefined }, key, `${quoted(schedule)} is no cron expression: ${escapeControl(problem, 300)}${hint}`);
  }
  problems.throwIfAny();
}
