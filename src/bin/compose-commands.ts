/** Commands of daemon-util in the watcher: the same code as Node's own way, with what the watcher has at hand. */
import { existsSync } from 'node:fs';

import { staleReason, type Configuration } from '../adapters/config/configuration.js';
import { isMet } from '../adapters/host/start-condition.js';
import type { ChosenControl } from '../app/control-choice.js';
import type { Means } from '../cli/daemon-util/command.js';
import type { Output } from '../cli/daemon-util/run.js';
import type { HandedCommand } from '../core/handed-command.js';
import { asciiOnly, wantsUtf8 } from '../core/printable.js';
import type { CommandDesk, TakenCommand } from '../ports/command-desk.js';
import type { Controller } from '../ports/controller.js';
import type { Detection } from '../ports/service-manager.js';
import type { Host } from './host.js';
import { version } from './version.js';

export interface CommandsAtHand {
  readonly host: Pick<Host, 'means'>;
  /** In force now. */
  readonly configuration: () => Configuration;
  readonly detection: Detection;
  readonly controller: Controller;
}

export function composeCommands({ host, configuration, detection, controller }: CommandsAtHand): CommandDesk {
  const chosen: ChosenControl = { controller, reason: 'this is the watcher', release: () => undefined };
  const notOurs = (): never => {
    throw new Error('the watcher takes no command that needs this');
  };
  const means = ({ environment, caller, asker }: HandedCommand): Means => ({
    version: version(),
    environment,
    caller,
    asker,
    screen: undefined,
    catalogue: () => Promise.resolve(configuration().catalogue),
    detection: () => Promise.resolve(detection),
    manager: notOurs,
    control: () => Promise.resolve(chosen),
    reader: () => Promise.resolve(chosen),
    pathExists: existsSync,
    isMet,
    account: notOurs,
    reloadSshKeys: notOurs,
  });
  const run = (command: HandedCommand): TakenCommand => async (tell) => {
    const { runDaemonUtil } = await import('../cli/daemon-util/run.js');
    const fit = wantsUtf8(command.environment) ? (line: string) => line : asciiOnly;
    const output: Output = { stdout: (line) => tell('stdout', fit(line)), stderr: (line) => tell('stderr', fit(line)) };
    return runDaemonUtil(command.words, output, () => means(command));
  };

  /** Whether Node would go by the same configuration, and ask this watcher. */
  const knows = ({ environment }: HandedCommand): boolean => {
    const { WATCHKEEPER_CONFIG: option, ...others } = environment;
    const same = Object.entries(others).every(([name, value]) => !name.startsWith('WATCHKEEPER_') || process.env[name] === value);
    return same && host.means(option) && staleReason(configuration()) === undefined;
  };

  return {
    patience: () => configuration().settings.controlTimeout,
    take: async (command) => {
      if (!knows(command)) return undefined;
      if (command.words[0] !== 'check-config') return run(command);
      // Our sandbox may hide a file: that one is there is certain, that it is not is Node's to say.
      const status = await run(command)(() => undefined);
      return status === 0 ? () => Promise.resolve(0) : undefined;
    },
  };
}
