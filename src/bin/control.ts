/** Who carries out a request, for both programs: the watcher that runs, or this process. */
import { existsSync } from 'node:fs';

import type { ChosenControl, ControlChoiceParts } from '../app/control-choice.js';
import type { Controller } from '../ports/controller.js';
import type { Log, LogFields } from '../ports/log.js';
import type { Detection, ServiceManager } from '../ports/service-manager.js';
import type { Host } from './host.js';

function noteProblems(note: (line: string) => void): Log {
  const told = (fields: LogFields, message: string): void => note(typeof fields['reason'] === 'string' ? `${message}: ${fields['reason']}` : message);
  return { debug: () => undefined, info: () => undefined, warn: told, error: told };
}

export class ControlMeans {
  #detection: Promise<Detection> | undefined;
  #watchers: Detection | undefined;

  /** @param note told of what an operator should know beside the answer */
  constructor(
    private readonly host: Host,
    private readonly note: (line: string) => void,
  ) {}

  detection(): Promise<Detection> {
    return (this.#detection ??= this.#detect());
  }

  /** Of who carries it out: the watcher's own, where it was found. */
  async reported(): Promise<Detection> {
    return this.#watchers ?? this.detection();
  }

  async manager(): Promise<ServiceManager> {
    return this.host.manager((await this.detection()).kind, true);
  }

  /** For changes; holds control until it is released. */
  async control(purpose: string): Promise<ChosenControl> {
    const { chooseControl } = await import('../app/control-choice.js');
    const chosen = await chooseControl({ ...(await this.#choice()), purpose });
    if (chosen.controller.via === 'direct') await this.host.makeOutputDirectory(this.note);
    return chosen;
  }

  /** This process, whoever has control: for what no watcher knows. */
  async direct(): Promise<ChosenControl> {
    return { controller: await this.#direct(), reason: 'no watcher knows it', release: () => undefined };
  }

  /** For questions; holds nothing. */
  async reader(): Promise<ChosenControl> {
    return (await import('../app/control-choice.js')).chooseReader(await this.#choice());
  }

  async #detect(): Promise<Detection> {
    const { catalogue, settings } = await this.host.configuration();
    const { detect } = await import('./service-manager.js');
    return detect({ catalogue, settings, runner: await this.host.runner() });
  }

  async #choice(): Promise<Omit<ControlChoiceParts, 'purpose'>> {
    const { settings } = await this.host.configuration();
    return {
      findWatcher: async () => {
        const watcher = await this.host.watcher(settings.controlTimeout);
        this.#watchers = watcher?.info.serviceManager;
        return watcher;
      },
      direct: () => this.#direct(),
      kind: async () => (await this.detection()).kind,
      locks: await this.host.locks(),
      clock: await this.host.clock(),
      timeout: settings.controlTimeout,
    };
  }

  async #direct(): Promise<Controller> {
    const configuration = await this.host.configuration();
    const { catalogue, settings } = configuration;
    if ((await this.detection()).kind === 'systemd') (await import('./unit-claim.js')).claimUnits(configuration, await this.host.clock(), process.env);
    const [{ DirectControl }, { desiredStateStore }, { clusterHoldStore }] = await Promise.all([
      import('../app/direct-control.js'),
      import('../adapters/state/desired-state.js'),
      import('../adapters/state/cluster-holds.js'),
    ]);
    const control = new DirectControl({
      catalogue,
      manager: await this.manager(),
      desired: desiredStateStore(settings.paths.state, this.note),
      holds: clusterHoldStore(settings.paths.state, this.note),
      locks: await this.host.locks(),
      clock: await this.host.clock(),
      runner: await this.host.runner(),
      bootId: (await this.host.self()).bootId,
      roles: async (names) => {
        const roles = await (await import('./compose-roles.js')).askRoles(configuration, this.host, names);
        return (role) => roles.answer(role);
      },
      lockTimeout: settings.lockTimeout,
    });
    if (configuration.hooks.length === 0 && !existsSync(settings.hooksDirectory)) return control;
    const { composeHooks } = await import('./compose-hooks.js');
    // Nobody is left to bound a hook once we have ended: it is waited for.
    return (await composeHooks(configuration, this.host, control, noteProblems(this.note), true)).controller;
  }
}
