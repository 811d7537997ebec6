/**
 * systemctl as a program: absolute path, argv, LC_ALL=C, no pager, no questions,
 * a deadline for every call. As root it speaks to systemd's private socket, so it
 * works without dbus-daemon.
 */
import { describeExit } from '../../core/exit-status.js';
import type { Runner, RunResult } from '../../ports/runner.js';
import { ORDER_PROPERTIES, type UnitOrder } from './unit-order.js';
import { jobVerdicts, type JobVerdict } from './vocabulary.js';
import { parseFiles, parseLines, parseOrder, parseShow, words } from './show-output.js';
import { FILE_PROPERTIES, PROPERTIES, type UnitFacts, type UnitFiles } from './unit-facts.js';

export const SYSTEMCTL = '/usr/bin/systemctl';

/** systemctl(1) takes `*`, `?` and `[` for patterns; no unit of ours may be one. */
const UNIT_NAME = /^[A-Za-z0-9:_.@\\-]{1,255}$/;
/** A runner keeps 64 KiB of output; a unit's properties take 1 to 2 of them. */
const UNITS_PER_SHOW = 16;
/** Of paths only, with some drop-ins each. */
const FILES_PER_SHOW = 64;
const SHOW_TIMEOUT = 10_000;

/** systemd gave no answer that makes sense: nothing is known. */
export class SystemdSilent extends Error {
  override readonly name = 'SystemdSilent';
}

/** What systemd told of some units, in the order in which they were asked for. */
export class UnitTable {
  constructor(readonly all: readonly UnitFacts[]) {}

  /** @throws SystemdSilent for a unit that was not asked for */
  of(unit: string): UnitFacts {
    const facts = this.all.find((candidate) => candidate.unit === unit);
    if (facts === undefined) throw new SystemdSilent(`nothing is known of ${unit}`);
    return facts;
  }
}

export type UnitPulse = Pick<UnitFacts, 'loadState' | 'activeState' | 'subState' | 'job'>;

/** Which of its runs was the last, besides. */
export type UnitRun = UnitPulse & Pick<UnitFacts, 'invocation'>;

/** What systemd goes by when it starts a service. */
export interface StartTraits {
  /** Its files have changed since systemd read them, as far as it knows. */
  readonly needsReload: boolean;
  readonly dropIns: readonly string[];
  /** Type= */
  readonly type: string;
}

export interface ActResult {
  readonly ok: boolean;
  readonly timedOut: boolean;
  readonly stderr: string;
  /** Of those units whose jobs did not end as they should, as far as it is told. */
  readonly verdicts: ReadonlyMap<string, JobVerdict>;
}

export interface Job {
  readonly unit: string;
  readonly type: string;
  readonly state: string;
}

export class Systemctl {
  readonly #runner: Runner;
  readonly #program: string;

  constructor(runner: Runner, program: string = SYSTEMCTL) {
    this.#runner = runner;
    this.#program = program;
  }

  /** @throws SystemdSilent */
  async show(units: readonly string[]): Promise<UnitTable> {
    const facts: UnitFacts[] = [];
    for (let from = 0; from < units.length; from += UNITS_PER_SHOW) {
      facts.push(...(await this.#showSome(units.slice(from, from + UNITS_PER_SHOW))));
    }
    return new UnitTable(facts);
  }

  /** @throws SystemdSilent */
  async showOne(unit: string): Promise<UnitFacts> {
    return (await this.show([unit])).of(unit);
  }

  /** Its state, where that is told in less time than all of it. undefined: it is not. */
  pulse(unit: string): Promise<UnitPulse | undefined> {
    checked([unit]);
    return Promise.resolve(undefined);
  }

  /** As pulse(). */
  lastRun(unit: string): Promise<UnitRun | undefined> {
    checked([unit]);
    return Promise.resolve(undefined);
  }

  /** undefined: it is not told, or it is no service. */
  startTraits(unit: string): Promise<StartTraits | undefined> {
    checked([unit]);
    return Promise.resolve(undefined);
  }

  /** Whether systemd has it in memory, as it has what is up, has failed, or is named by such a unit. undefined: it is not told. */
  isLoaded(unit: string): Promise<boolean | undefined> {
    checked([unit]);
    return Promise.resolve(undefined);
  }

  /** The facts of one unit, and further properties as text. @throws SystemdSilent */
  async showWith(unit: string, extra: readonly string[]): Promise<{ readonly facts: UnitFacts; readonly extra: ReadonlyMap<string, string> }> {
    const [block = ''] = await this.#blocks([unit], [...PROPERTIES, ...extra]);
    return { facts: parseShow(unit, block), extra: parseLines(block) };
  }

  /**
   * Where units were read from, in the order in which they are asked for.
   * @throws SystemdSilent
   */
  async showFiles(units: readonly string[]): Promise<readonly UnitFiles[]> {
    const files: UnitFiles[] = [];
    for (let from = 0; from < units.length; from += FILES_PER_SHOW) {
      files.push(...(await this.#blocks(units.slice(from, from + FILES_PER_SHOW), FILE_PROPERTIES)).map(parseFiles));
    }
    return files;
  }

  /** What the units say of their order, as they are asked for. @throws SystemdSilent */
  async showOrder(units: readonly string[]): Promise<readonly UnitOrder[]> {
    const orders: UnitOrder[] = [];
    for (let from = 0; from < units.length; from += UNITS_PER_SHOW) {
      orders.push(...(await this.#blocks(units.slice(from, from + UNITS_PER_SHOW), ORDER_PROPERTIES)).map(parseOrder));
    }
    return orders;
  }

  async #showSome(units: readonly string[]): Promise<readonly UnitFacts[]> {
    const blocks = await this.#blocks(units, PROPERTIES);
    return units.map((unit, index) => parseShow(unit, blocks[index] ?? ''));
  }

  async #blocks(units: readonly string[], properties: readonly string[]): Promise<readonly string[]> {
    const result = await this.#call(['show', `--property=${properties.join(',')}`, '--', ...checked(units)], SHOW_TIMEOUT);
    const blocks = result.stdout.split('\n\n').filter((block) => block.trim() !== '');
    if (result.timedOut || blocks.length !== units.length) {
      const why = result.timedOut ? `no answer within ${SHOW_TIMEOUT} ms` : `${describeExit(result.exit)}: ${result.stderr.trim()}`;
      throw new SystemdSilent(`systemctl show gave ${blocks.length} of ${units.length} units (${why})`);
    }
    return blocks;
  }

  /** start, stop, reload, reset-failed of units, waiting for their jobs; `abort` ends the waiting, not the jobs. */
  async act(verb: 'start' | 'stop' | 'reload' | 'reset-failed', units: readonly string[], timeout: number, abort?: AbortSignal): Promise<ActResult> {
    return summary(await this.#call([verb, '--', ...checked(units)], timeout, abort));
  }

  /** Nothing is left of a failure, nor of a count of starts; then as `start`. */
  async startAnew(units: readonly string[], timeout: number, abort?: AbortSignal): Promise<ActResult> {
    // It fails for units that systemd has not loaded yet, which have no count to clear either.
    await this.act('reset-failed', units, SHOW_TIMEOUT);
    return this.act('start', units, timeout, abort);
  }

  /** Asks for a start, and does not wait for its end. */
  async enqueueStart(unit: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['start', '--no-block', '--', ...checked([unit])], timeout));
  }

  /** Also takes the place of a start that is under way. */
  async enqueueStop(unit: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['stop', '--no-block', '--', ...checked([unit])], timeout));
  }

  /** Of a unit that is being started, too: whoever waits for its start then waits for the second one. */
  async enqueueRestart(unit: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['restart', '--no-block', '--', ...checked([unit])], timeout));
  }

  /** "restart", "stop" and so on; undefined: no job is queued or under way. @throws SystemdSilent */
  async jobType(unit: string): Promise<string | undefined> {
    const rows = (await this.#ask(['list-jobs', '--no-legend', '--', ...checked([unit])])).split('\n').map((line) => line.trim().split(/\s+/));
    return rows.find(([, of]) => of === unit)?.[2];
  }

  /** All jobs that are queued or under way. @throws SystemdSilent */
  async jobs(): Promise<readonly Job[]> {
    const rows = (await this.#ask(['list-jobs', '--no-legend'])).split('\n').map((line) => line.trim().split(/\s+/));
    return rows.flatMap(([, unit, type, state]) => (unit === undefined || type === undefined || state === undefined ? [] : [{ unit, type, state }]));
  }

  /** Units that are to be started before it. @throws SystemdSilent */
  async startsAfter(unit: string): Promise<readonly string[]> {
    return words((await this.#ask(['show', '--property=After', '--value', '--', ...checked([unit])])).trim());
  }

  /** Restart= of the unit. @throws SystemdSilent */
  async restartSetting(unit: string): Promise<string> {
    return (await this.#ask(['show', '--property=Restart', '--value', '--', ...checked([unit])])).trim();
  }

  async #ask(args: readonly string[]): Promise<string> {
    const result = await this.#call(args, SHOW_TIMEOUT);
    if (result.exit.kind === 'exited' && result.exit.status === 0) return result.stdout;
    throw new SystemdSilent(`systemctl ${args[0] ?? ''}: ${describeExit(result.exit)}: ${result.stderr.trim()}`);
  }

  /** Signals the unit's main process. */
  async kill(unit: string, signal: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['kill', `--signal=${signal}`, '--kill-who=main', '--', ...checked([unit])], timeout));
  }

  /** SIGKILL to the program of ExecStart=, ExecStop= and the like that is running. */
  async killControl(unit: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['kill', '--signal=SIGKILL', '--kill-who=control', '--', ...checked([unit])], timeout));
  }

  /** SIGKILL to every process of the unit. */
  async killAll(unit: string, timeout: number): Promise<ActResult> {
    return summary(await this.#call(['kill', '--signal=SIGKILL', '--kill-who=all', '--', ...checked([unit])], timeout));
  }

  /** Has systemd read its unit files again. */
  async reloadManager(timeout: number): Promise<ActResult> {
    return summary(await this.#call(['daemon-reload'], timeout));
  }

  #call(args: readonly string[], timeout: number, abort?: AbortSignal): Promise<RunResult> {
    return this.#runner.run([this.#program, '--system', '--no-pager', '--no-ask-password', ...args], {
      timeout,
      ...(abort === undefined ? {} : { abort }),
      environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
    });
  }
}

function summary(result: RunResult): ActResult {
  return { ok: result.exit.kind === 'exited' && result.exit.status === 0, timedOut: result.timedOut, stderr: result.stderr, verdicts: jobVerdicts(result.stderr) };
}

export function checked(units: readonly string[]): readonly string[] {
  const bad = units.find((unit) => !UNIT_NAME.test(unit));
  if (bad !== undefined) throw new Error(`not a unit's name: ${JSON.stringify(bad.slice(0, 80))}`);
  return units;
}
