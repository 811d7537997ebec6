/**
 * /run/systemd/system/UNIT.d/50-watchkeeper.conf, while the cluster holds a
 * unit. At the end of the node systemd stops units in the reverse of their
 * order, so `Before=pacemaker.service` lets Pacemaker stop the resource before
 * systemd kills it. Once Pacemaker has a job itself, it must be gone before the
 * unit is stopped: with it, the stop would be ordered after Pacemaker's own,
 * which waits for it.
 */
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import type { ClusterOverride } from '../../ports/cluster-override.js';
import { writeAtomic } from '../state/atomic-file.js';
import { errorCode, unwritable } from '../state/unwritable.js';
import { SystemdSilent, type Systemctl } from './systemctl.js';

const RUNTIME_UNITS = '/run/systemd/system';
const NAME = '50-watchkeeper.conf';
/** What it is called while it is set aside: systemd reads only what ends in .conf. */
const ASIDE = '50-watchkeeper.off';
const RELOAD_TIMEOUT = 20_000;
/** What its `Before=` names. */
const CLUSTER = ['pacemaker.service', 'pacemaker_remote.service'];

export class ClusterDropIn implements ClusterOverride {
  constructor(
    private readonly systemctl: Pick<Systemctl, 'reloadManager' | 'showFiles' | 'showOne' | 'pulse' | 'isLoaded'>,
    private readonly units = RUNTIME_UNITS,
  ) {}

  async put(unit: string, resource: string, reading?: 'by-caller'): Promise<void> {
    const path = this.#pathOf(unit);
    const text = dropIn(unit, resource);
    if (readText(path) !== text) {
      try {
        fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      } catch (cause) {
        throw unwritable(`cannot make ${dirname(path)}`, this.units, cause);
      }
      if (readText(this.#asideOf(unit)) === text) fs.renameSync(this.#asideOf(unit), path);
      else writeAtomic(path, text, { durable: false, mode: 0o644 });
    }
    if (reading === 'by-caller') return;
    // Also if it was there: whoever wrote it may have died before systemd read it.
    await this.#settle(unit, (dropIns) => dropIns.includes(path));
  }

  async remove(unit: string): Promise<void> {
    const path = this.#pathOf(unit);
    removed(path, () => fs.unlinkSync(path));
    this.clear(unit);
    await this.#settle(unit, (dropIns) => !dropIns.includes(path));
  }

  /**
   * As remove(), but the directory stays: at the first unit that is loaded after
   * one of its directories has changed, systemd lists all of them again (5 to
   * 15 ms in our containers, more where there are more units), and the unit to be
   * started next is such a one.
   */
  async setAside(unit: string): Promise<void> {
    const path = this.#pathOf(unit);
    removed(path, () => fs.renameSync(path, this.#asideOf(unit)));
    await this.#settle(unit, (dropIns) => !dropIns.includes(path));
  }

  aside(): readonly string[] {
    return this.#unitsWith(ASIDE);
  }

  /** Nothing of what was set aside is left. @throws WatchkeeperError STATE_UNWRITABLE */
  clear(unit: string): void {
    const path = this.#asideOf(unit);
    removed(path, () => fs.unlinkSync(path));
    // Others may have drop-ins there, too.
    removed(dirname(path), () => fs.rmdirSync(dirname(path)), ['ENOTEMPTY', 'EEXIST']);
  }

  async hindersStop(): Promise<boolean> {
    try {
      const looks = await Promise.all(CLUSTER.map(async (unit) => (await this.systemctl.pulse(unit)) ?? this.systemctl.showOne(unit)));
      return looks.some(({ job }) => job !== 0);
    } catch (error) {
      // It might.
      if (error instanceof SystemdSilent) return true;
      throw error;
    }
  }

  async isRead(unit: string): Promise<boolean> {
    return (await this.systemctl.isLoaded(unit)) ?? true;
  }

  present(): readonly string[] {
    return this.#unitsWith(NAME);
  }

  #unitsWith(file: string): readonly string[] {
    const directories = fs.existsSync(this.units) ? fs.readdirSync(this.units) : [];
    return directories.filter((name) => name.endsWith('.d') && fs.existsSync(join(this.units, name, file))).map((name) => name.slice(0, -2));
  }

  isThere(unit: string, resource: string): boolean {
    return readText(this.#pathOf(unit)) === dropIn(unit, resource);
  }

  #pathOf(unit: string): string {
    return join(this.units, `${unit}.d`, NAME);
  }

  #asideOf(unit: string): string {
    return join(this.units, `${unit}.d`, ASIDE);
  }

  /**
   * A unit that is down and that no loaded one names is not in systemd's memory,
   * and is read when it is asked for: then there is no need to read all units again.
   */
  async #settle(unit: string, isRight: (dropIns: readonly string[]) => boolean): Promise<void> {
    try {
      const [files] = await this.systemctl.showFiles([unit]);
      if (files !== undefined && isRight(files.dropIns) && !files.needsReload) return;
    } catch (error) {
      if (!(error instanceof SystemdSilent)) throw error;
    }
    const { ok, stderr } = await this.systemctl.reloadManager(RELOAD_TIMEOUT);
    if (!ok) throw new WatchkeeperError('INTERNAL', `cannot tell systemd of the drop-in of ${unit}`, stderr.trim(), 'systemctl daemon-reload');
  }
}

/** Does not mind that it is not there, or what else is allowed. */
function removed(path: string, action: () => void, allowed: readonly string[] = []): void {
  try {
    action();
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR', ...allowed].includes(errorCode(cause) ?? '')) throw unwritable(`cannot remove ${path}`, dirname(path), cause);
  }
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function isClusterDropIn(path: string): boolean {
  return basename(path) === NAME && dirname(dirname(path)) === RUNTIME_UNITS;
}

/** Whether the cluster's drop-in lies over this unit. */
export function hasDropIn(unit: string): boolean {
  return fs.existsSync(pathOfDropIn(unit));
}

/** Whether systemd would start this unit without the cluster's drop-in, though it is there. @param read the drop-ins that systemd has read */
export function lacksDropIn(unit: string, read: readonly string[]): boolean {
  return hasDropIn(unit) && !read.includes(pathOfDropIn(unit));
}

function pathOfDropIn(unit: string): string {
  return join(RUNTIME_UNITS, `${unit}.d`, NAME);
}

/** @param resource a name of the cluster's (core/cluster-hold.ts): nothing in it means anything to systemd */
export function dropIn(unit: string, resource: string): string {
  return [
    '# Written by Watchkeeper while the cluster holds this unit; removed when it is stopped.',
    '[Unit]',
    `Description=Cluster controlled ${unit.replaceAll('%', '%%')} (resource ${resource})`,
    `Before=${CLUSTER.join(' ')}`,
    ...(unit.endsWith('.service') ? ['', '[Service]', 'Restart=no'] : []),
    '',
  ].join('\n');
}
