/**
 * `node quick.cjs BUNDLE daemon-util ARGS…` is `node BUNDLE daemon-util ARGS…`,
 * in two thirds of the time: a bundle of its own with what it takes to understand the
 * call and to ask the watcher. The configuration is the one that was understood
 * last. Where it is not known any more, where no watcher answers, and for all
 * that only this machine can tell, it becomes the whole program, and has said
 * and done nothing until then.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ConfigurationCache } from '../adapters/config/cache.js';
import type { Configuration } from '../adapters/config/configuration.js';
import { configurationFile } from '../adapters/config/location.js';
import { askStatus, connectWatcher } from '../adapters/control-socket/client.js';
import { isMet } from '../adapters/host/start-condition.js';
import type { ChosenControl } from '../app/control-choice.js';
import type { Means, Options } from '../cli/daemon-util/command.js';
import { runDaemonUtil } from '../cli/daemon-util/run.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import { WatchkeeperError } from '../core/errors.js';
import type { Detection } from '../ports/service-manager.js';
import type { WatcherClient } from '../ports/watcher-client.js';
import { bundleMark } from './bundle-mark.js';
import { callersMeans } from './caller.js';
import { isDemo } from './demo-choice.js';
import { enter } from './entrance.js';
import { HeldOutput } from './held-output.js';

/** ms that a watcher gets for its first answer; the whole program asks it again, and waits as long as it is told to. */
const PATIENCE = 1000;

const FOUND = 'the watcher answers';

/** Only the whole program can do it. */
class NeedsWhole extends Error {}

const [bundle = '', program = '', ...argv] = process.argv.slice(2);
const output = new HeldOutput(() => enter(program, argv, () => work));
const work = runDaemonUtil(argv, output, means);
work.then(
  () => output.release(),
  (error: unknown) => {
    if (error instanceof NeedsWhole) becomeWhole();
    else output.release();
  },
);

function becomeWhole(): void {
  // It finds its arguments where we found ours.
  createRequire(import.meta.filename)(join(import.meta.dirname, 'code-cache.cjs'));
}

function whole(): never {
  throw new NeedsWhole();
}

function means(options: Options): Means {
  let configuration: Configuration | undefined;
  let client: Promise<WatcherClient> | undefined;
  let told: Detection | undefined;
  const configured = (): Configuration => (configuration ??= readConfiguration(options));
  const watcher = (): Promise<WatcherClient> => (client ??= findWatcher(configured()));
  const chosen = async (): Promise<ChosenControl> => ({ controller: await watcher(), reason: FOUND, release: () => undefined });
  /** The first question is the only one: who answers it is there. */
  const status = async (names: readonly string[]): Promise<readonly DaemonStatus[]> => {
    const { settings } = configured();
    const answer = await orWhole(askStatus(settings.paths.runtime, patienceOf(settings), names));
    told = answer.watcher?.serviceManager;
    return Object.entries(answer.daemons).map(([name, rest]) => ({ name, ...rest }));
  };
  const own: Omit<Means, keyof ReturnType<typeof callersMeans>> = {
    catalogue: () => Promise.resolve().then(() => configured().catalogue),
    detection: async () => told ?? (await watcher()).info.serviceManager,
    manager: whole,
    control: async () => {
      const control = await chosen();
      // From here on something is done, and told as it comes.
      output.release();
      return control;
    },
    reader: () => Promise.resolve({ controller: { via: 'watcher', status }, reason: FOUND, release: () => undefined }),
    pathExists: existsSync,
    isMet,
    account: whole,
    reloadSshKeys: whole,
  };
  return Object.assign(callersMeans(), own);
}

function readConfiguration({ config }: Options): Configuration {
  if (isDemo(config, process.env)) whole();
  return new ConfigurationCache(configurationFile(config, process.env), process.env, bundleMark(bundle)).read() ?? whole();
}

function findWatcher({ settings }: Configuration): Promise<WatcherClient> {
  return orWhole(connectWatcher(settings.paths.runtime, settings.controlTimeout, patienceOf(settings)));
}

function patienceOf({ controlTimeout }: Configuration['settings']): number {
  return Math.min(PATIENCE, controlTimeout);
}

/** Where nobody is there, or who is there does not answer as it should. */
async function orWhole<T>(answer: Promise<T | undefined>): Promise<T> {
  try {
    return (await answer) ?? whole();
  } catch (error) {
    if (error instanceof WatchkeeperError) whole();
    throw error;
  }
}
