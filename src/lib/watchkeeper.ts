/**
 * Watchkeeper as a library, for bootstrap and failover code: what daemon-util
 * does, typed, with one-shot arguments as lists, deadlines, and outcomes as
 * values. docs/library.md tells more, examples/failover.ts shows it.
 */
import { basename } from 'node:path';

import { ControlMeans } from '../bin/control.js';
import { Host } from '../bin/host.js';
import { type Catalogue, daemonsOfRole, requireDaemon } from '../core/catalogue.js';
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { orderForStart } from '../core/order.js';
import type { Controller, NamedOutcome } from '../ports/controller.js';
import { asFailure, groupOutcome, onlyOutcome, refusedGroup } from './answers.js';
import { patiently } from './patience.js';
import type { DaemonOutcome, GroupOutcome, GroupStartOptions, Patience, StartOptions, StatusAnswer, StopOptions, Watchkeeper, WatchkeeperOptions } from './types.js';

export type * from './types.js';
export type { DaemonStatus, StatusState } from '../core/daemon-status.js';
export type { ErrorCodeName } from '../core/errors.js';
export type { FailureCode } from '../core/outcome.js';

/** Of this process, from all that were opened. */
let calls = 0;

/** The role that startMaster() and stopMaster() mean. */
const MASTER_ROLE = 'master';

/** The daemons of this node. Does nothing yet: configuration and service manager are looked at by each call. */
export function openWatchkeeper(options: WatchkeeperOptions = {}): Watchkeeper {
  return new LocalNode(options);
}

/** What a call does with those daemons that it means. */
type Deed = (controller: Controller, names: readonly string[], by: string) => Promise<readonly NamedOutcome[]>;
type Choice = (catalogue: Catalogue) => readonly DaemonSpec[];

class LocalNode implements Watchkeeper {
  constructor(private readonly options: WatchkeeperOptions) {}

  async start(name: string, options: StartOptions = {}): Promise<DaemonOutcome> {
    return onlyOutcome(await this.#change(options, one(name), this.#starting('start', { [name]: options.arguments ?? [] }), false));
  }

  async stop(name: string, options: StopOptions = {}): Promise<DaemonOutcome> {
    return onlyOutcome(await this.#change(options, one(name), this.#stopping(options.hold ?? false), false));
  }

  async restart(name: string, options: StartOptions = {}): Promise<DaemonOutcome> {
    return onlyOutcome(await this.#change(options, one(name), this.#starting('restart', { [name]: options.arguments ?? [] }), false));
  }

  startMaster(options: GroupStartOptions = {}): Promise<GroupOutcome> {
    return this.#change(options, (catalogue) => ofRole(catalogue).filter(({ onDemand }) => !onDemand), this.#starting('start', options.arguments ?? {}), false);
  }

  stopMaster(options: Patience = {}): Promise<GroupOutcome> {
    return this.#change(options, (catalogue) => ofRole(catalogue).toReversed(), this.#stopping(false), true);
  }

  startAll(options: GroupStartOptions = {}): Promise<GroupOutcome> {
    return this.#change(options, ({ daemons }) => ordered(daemons.filter(({ onDemand }) => !onDemand)), this.#starting('start', options.arguments ?? {}), true);
  }

  stopAll(options: Patience = {}): Promise<GroupOutcome> {
    return this.#change(options, ({ daemons }) => ordered(daemons).toReversed(), this.#stopping(false), true);
  }

  status(names: readonly string[] = [], options: Patience = {}): Promise<StatusAnswer> {
    const look = async (): Promise<StatusAnswer> => {
      try {
        const { host, control } = this.#means();
        const { catalogue } = await host.configuration();
        const wanted = names.length === 0 ? catalogue.daemons : names.map((name) => requireDaemon(catalogue, name));
        const { controller, release } = await control.reader();
        try {
          return { kind: 'ok', daemons: await controller.status(wanted.map(({ name }) => name)) };
        } finally {
          release();
        }
      } catch (error) {
        return asFailure(error);
      }
    };
    return patiently(options, look, (failure): StatusAnswer => failure);
  }

  #change(patience: Patience, choose: Choice, deed: Deed, notMasterIsFine: boolean): Promise<GroupOutcome> {
    const by = this.#by();
    const change = async (): Promise<GroupOutcome> => {
      try {
        const { host, control } = this.#means();
        const names = choose((await host.configuration()).catalogue).map(({ name }) => name);
        const { controller, release } = await control.control(by);
        try {
          return groupOutcome(names, await deed(controller, names, by), notMasterIsFine);
        } finally {
          release();
        }
      } catch (error) {
        return refusedGroup(asFailure(error));
      }
    };
    return patiently(patience, change, refusedGroup);
  }

  #starting(action: 'start' | 'restart', given: Readonly<Record<string, readonly string[]>>): Deed {
    return (controller, names, by) => {
      const strange = Object.keys(given).find((name) => !names.includes(name));
      if (strange !== undefined) throw new WatchkeeperError('USAGE', `cannot ${action}`, `arguments are given for ${strange}, which is not among ${names.join(', ')}`, '');
      return controller[action]({ names, by, oneShotArguments: given });
    };
  }

  #stopping(hold: boolean): Deed {
    return (controller, names, by) => controller.stop({ names, by, ...(hold ? { hold } : {}) });
  }

  #means(): { host: Host; control: ControlMeans } {
    const host = new Host(this.options.config, process.env);
    return { host, control: new ControlMeans(host, this.options.note ?? (() => undefined)) };
  }

  /** Another one for each call: by it the watcher knows a request's own doings from what was there before. */
  #by(): string {
    const who = this.options.by ?? basename(process.argv[1] ?? 'a program');
    calls += 1;
    return `${who} (uid ${process.getuid?.() ?? '?'}, pid ${process.pid}, call ${calls})`;
  }
}

function one(name: string): Choice {
  return (catalogue) => [requireDaemon(catalogue, name)];
}

/** @throws WatchkeeperError USAGE if nothing has the role */
function ofRole(catalogue: Catalogue): readonly DaemonSpec[] {
  const daemons = ordered(daemonsOfRole(catalogue, MASTER_ROLE));
  if (daemons.length > 0) return daemons;
  throw new WatchkeeperError('USAGE', 'cannot act', `no daemon of ${catalogue.group.name} has the role ${MASTER_ROLE}`, 'roles of the daemons in the configuration');
}

/** The configuration refused cycles when it was read. */
function ordered(daemons: readonly DaemonSpec[]): readonly DaemonSpec[] {
  const order = orderForStart(daemons);
  return order.ok ? order.sequence : daemons;
}
