/** Who carries out a request, for both programs: the watcher that runs, or this process. */
import type { ChosenControl, ControlChoiceParts } from '../app/control-choice.js';
import type { Controller } from '../ports/controller.js';
import type { Detection, ServiceManager } from '../ports/service-manager.js';
import type { Host } from './host.js';

export class ControlMeans {
  #detection: Promise<Detection> | undefined;

  /** @param note told of what an operator should know beside the answer */
  constructor(
    private readonly host: Host,
    private readonly note: (line: string) => void,
  ) {}

  detection(): Promise<Detection> {
    return (this.#detection ??= this.#detect());
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
      findWatcher: () => this.host.watcher(settings.controlTimeout),
      direct: () => this.#direct(),
      kind: async () => (await this.detection()).kind,
      locks: await this.host.locks(),
      clock: await this.host.clock(),
      timeout: settings.controlTimeout,
    };
  }

  async #direct(): Promise<Controller> {
    const { catalogue, settings } = await this.host.configuration();
    const [{ DirectControl }, { desiredStateStore }] = await Promise.all([
      import('../app/direct-control.js'),
      import('../adapters/state/desired-state.js'),
    ]);
    return new DirectControl({
      catalogue,
      manager: await this.manager(),
      desired: desiredStateStore(settings.paths.state, this.note),
      locks: await this.host.locks(),
      clock: await this.host.clock(),
      runner: await this.host.runner(),
      bootId: (await this.host.self()).bootId,
      lockTimeout: settings.lockTimeout,
    });
  }
}
