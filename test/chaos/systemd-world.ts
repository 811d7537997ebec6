/** A machine whose process 1 is systemd, which runs the daemons as units; the installed watcher observes. In a container of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { procProcess } from '../support/proc.js';
import { monotonic, pause } from './clock.js';
import { lastJobOf, type LastJob } from './left-behind.js';
import { typed } from './operator.js';
import { OrderFile } from './orders.js';
import type { FaultKind } from './plan.js';
import { Respawn } from './respawn.js';
import { signalIfThere } from './signal.js';
import { filesLeft, mountReadOnlyTwin, mountSmall, run, Site } from './site.js';
import { hitSystemd, installGenerator } from './systemd-faults.js';
import type { Answer, Verb, World } from './world.js';

const FAULT_POINTS = fileURLToPath(new URL('fixtures/fault-points.cjs', import.meta.url));
const BUNDLE = '/usr/lib/watchkeeper/watchkeeper.cjs';
const CONFIG = '/etc/watchkeeper/watchkeeper.yaml';
const WATCHER = 'watchkeeper.service';
const TARGET = 'chaos.target';
const SYSTEMCTL = '/usr/bin/systemctl';
const JOURNALCTL = '/usr/bin/journalctl';

export class SystemdWorld implements World {
  readonly kind = 'systemd';
  readonly formats = ['desired', 'tasks', 'pauses.json', 'state', 'watcher'];
  readonly site: Site;
  readonly orders: OrderFile;
  readonly lastPid: string;
  /** While it is there no watcher begins. */
  readonly #hold: string;
  readonly #absence = new Respawn(0, () => rmSync(this.#hold, { force: true }));
  #stopped = false;
  #special: Promise<unknown> = Promise.resolve();

  /** @param directory on a file system that no fault hits */
  constructor(directory: string, daemons: number, isBusy: boolean) {
    const paths = { state: '/var/lib/watchkeeper', runtime: '/run/watchkeeper', log: '/var/log/watchkeeper' };
    for (const path of [paths.state, paths.runtime]) {
      mkdirSync(path, { recursive: true });
      mountSmall(path, '3m');
      mountReadOnlyTwin(path);
    }
    // /proc/sys of the container's own /proc is read-only.
    const proc = join(directory, 'proc');
    mkdirSync(proc);
    run('/usr/bin/mount', '-t', 'proc', 'proc', proc);
    this.lastPid = join(proc, 'sys/kernel/ns_last_pid');
    this.site = new Site(directory, paths, join(directory, 'observations'), daemons);
    this.orders = new OrderFile(join(directory, 'orders'));
    this.#hold = join(directory, 'hold');
    writeFileSync(CONFIG, JSON.stringify({ group: { name: 'chaos', target: TARGET }, heartbeatInterval: isBusy ? '1s' : '30s', daemons: this.site.daemons(), tasks: isBusy ? this.site.tasks() : {} }));
    run('/usr/sbin/watchkeeper', 'units', 'install');
    const dropIn = `/run/systemd/system/${WATCHER}.d`;
    mkdirSync(dropIn, { recursive: true });
    // The front's own line, with our fault points before it, which write to our log from within the sandbox.
    writeFileSync(join(dropIn, 'chaos.conf'), `[Service]\nEnvironment=CHAOS_ORDERS=${this.orders.path} CHAOS_LOG=${this.site.observations}\nReadWritePaths=${directory}\nExecStart=\nExecStart=/usr/bin/node --require ${FAULT_POINTS} ${BUNDLE} watchkeeper run\nRestartSec=100ms\nExecStartPre=/bin/sh -c 'while test -e ${this.#hold}; do sleep 0.05; done'\n`);
    installGenerator();
    run(SYSTEMCTL, 'daemon-reload');
    run(SYSTEMCTL, 'start', WATCHER);
  }

  watcher(): number | undefined {
    const pid = Number(spawnSync(SYSTEMCTL, ['show', '--property=MainPID', '--value', WATCHER], { encoding: 'utf8', timeout: 30_000 }).stdout);
    return pid > 0 ? pid : undefined;
  }

  async killWatcher(absent: number): Promise<void> {
    if (absent > 0) {
      writeFileSync(this.#hold, '');
      this.#absence.hold(absent);
      this.#absence.ended();
    }
    const pid = this.watcher();
    if (pid === undefined) return;
    signalIfThere(pid, 'SIGKILL');
    for (let patience = 100; procProcess(pid) !== undefined && patience > 0; patience -= 1) await pause(5);
  }

  ask(verb: Verb, name: string): Promise<Answer> {
    return typed('/usr/sbin/daemon-util', [verb, name]);
  }

  askAndDie(): Promise<Answer> {
    throw new Error('this is no fault of this world');
  }

  pauseOrResume(what: 'pause' | 'resume', name: string): Promise<Answer> {
    return typed('/usr/sbin/watchkeeper', [what, name]);
  }

  endAbsence(): void {
    this.#absence.release();
  }

  /** One after the other: what has changed is each one's own. */
  special(kind: FaultKind, choice: number): Promise<string | undefined> {
    const turn = this.#special.then(() => hitSystemd(kind, choice));
    this.#special = turn.catch(() => undefined);
    return turn;
  }

  lastJob(name: string): LastJob | undefined {
    const unit = `${name}.service`;
    const shown = spawnSync(SYSTEMCTL, ['show', '--property=ActiveState,Job', unit], { encoding: 'utf8', timeout: 30_000 }).stdout;
    if (!/^ActiveState=inactive$/m.test(shown) || /^Job=[1-9]/m.test(shown)) return undefined;
    const types = ['start', 'stop', 'restart'].map((type) => `JOB_TYPE=${type}`);
    const told = spawnSync(JOURNALCTL, ['--output=json', '--output-fields=JOB_TYPE,JOB_RESULT', '--lines=20', `UNIT=${unit}`, ...types], { encoding: 'utf8', timeout: 30_000 }).stdout;
    return lastJobOf(told);
  }

  async takeDown(): Promise<void> {
    this.endAbsence();
    // What the last one of the storm left is swept up by the one after it.
    spawnSync(SYSTEMCTL, ['restart', WATCHER], { timeout: 60_000 });
    const until = monotonic() + 60_000;
    while (!this.#stopped && monotonic() < until) {
      this.#stopped = spawnSync(SYSTEMCTL, ['stop', WATCHER], { timeout: 60_000 }).status === 0;
      if (!this.#stopped) await pause(500);
    }
  }

  leftovers(): readonly string[] {
    const failed = spawnSync(SYSTEMCTL, ['list-units', '--all', '--plain', '--no-legend', '--state=active,activating,deactivating', ...this.site.names.map((name) => `${name}.service`)], { encoding: 'utf8', timeout: 30_000 }).stdout;
    const own = new Set([this.site.paths.state, this.site.paths.runtime]);
    const doubled = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '').filter((point, index, all) => own.has(point) && all.indexOf(point) !== index);
    return [...filesLeft([this.site.paths.state, this.site.paths.runtime]), ...failed.split('\n').filter((line) => line !== '').map((line) => `unit ${line}`), ...doubled.map((point) => `mount ${point}`)];
  }
}
