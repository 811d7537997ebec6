/** Units on this machine, or below the root of another that is being built. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import { describeExit } from '../../core/exit-status.js';
import { type Found, type Installed, installedState } from '../../core/unit-install.js';
import { readHeader } from '../../core/unit-header.js';
import type { UnitFilePath } from '../../core/unit-set.js';
import type { Runner, RunResult } from '../../ports/runner.js';
import type { UnitFileSet, UnitInstaller } from '../../ports/unit-installer.js';
import { writeAtomic } from '../state/atomic-file.js';
import { ensureDirectory } from '../state/directories.js';
import { SYSTEMCTL } from './systemctl.js';

/** Where administrators' files are, and where packages put theirs, which the former hide. */
const OWN = 'etc';
const PACKAGED = 'usr/lib';
const ANALYZE = '/usr/bin/systemd-analyze';
const DIFF = '/usr/bin/diff';
const RUNS_SYSTEMD = '/run/systemd/system';
/** No unit that we generate comes near. */
const MAX_SIZE = 256 * 1024;
const TIMEOUT = 60_000;
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };

export class HostUnitInstaller implements UnitInstaller {
  /** @param root `/`, or where a system is being built */
  constructor(
    private readonly root: string,
    private readonly runner: Runner,
  ) {}

  async version(): Promise<number | undefined> {
    if (!fs.existsSync(SYSTEMCTL)) return undefined;
    const { stdout } = await this.#run([SYSTEMCTL, '--version']);
    const [, number] = /^systemd (\d{1,5})\b/.exec(stdout) ?? [];
    return number === undefined ? undefined : Number(number);
  }

  look(set: UnitFileSet): readonly Installed[] {
    return [...set].map(([file, wanted]) => {
      const path = join(this.root, OWN, file);
      return { file, path, state: installedState(wanted, find(path), find(join(this.root, PACKAGED, file))) };
    });
  }

  leftOver(set: UnitFileSet): readonly string[] {
    const directories = new Set([...set.keys()].map((file) => join(this.root, OWN, dirname(file))));
    const wanted = new Set([...set.keys()].map((file) => join(this.root, OWN, file)));
    return [...directories]
      .flatMap((directory) => list(directory).map((name) => join(directory, name)))
      .filter((path) => !wanted.has(path))
      .filter((path) => {
        const found = find(path);
        return found?.kind === 'file' && readHeader(found.text) !== undefined;
      });
  }

  write(file: UnitFilePath, text: string): void {
    writeUnit(join(this.root, OWN, file), text);
  }

  writeBelow(directory: string, set: UnitFileSet): void {
    for (const [file, text] of set) writeUnit(join(directory, file), text);
  }

  async difference(file: UnitFilePath, text: string): Promise<string> {
    const places = [OWN, PACKAGED].map((base) => join(this.root, base, file));
    const before = places.find((path) => find(path) !== undefined) ?? '/dev/null';
    const result = await this.runner.run([DIFF, '-u', `--label=${before}`, '--label=generated', '--', before, '-'], { timeout: TIMEOUT, environment: ENVIRONMENT, input: text });
    return result.exit.kind === 'exited' && result.exit.status <= 1 ? result.stdout : `${before} differs; cannot show how: ${reasonOf(result)}\n`;
  }

  async reload(): Promise<string | undefined> {
    if (this.root !== '/' || !fs.existsSync(RUNS_SYSTEMD)) return undefined;
    const result = await this.#run([SYSTEMCTL, '--system', '--no-ask-password', 'daemon-reload']);
    return succeeded(result) ? undefined : reasonOf(result);
  }

  async verify(set: UnitFileSet): Promise<readonly string[]> {
    const directory = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-units-'));
    try {
      const units = [...set].filter(([file]) => file.startsWith('systemd/system/'));
      for (const [file, text] of units) fs.writeFileSync(join(directory, basename(file)), text, { flag: 'wx' });
      // A colon at the end: after ours, those of this machine.
      const environment = { ...ENVIRONMENT, SYSTEMD_UNIT_PATH: `${directory}:` };
      const paths = units.map(([file]) => join(directory, basename(file)));
      const result = await this.runner.run([ANALYZE, 'verify', '--man=no', '--', ...paths], { timeout: TIMEOUT, environment });
      const complaints = result.stderr.split('\n').map((line) => line.replaceAll(`${directory}/`, '')).filter((line) => line.trim() !== '');
      return complaints.length === 0 && !succeeded(result) ? [`${ANALYZE} ${describeExit(result.exit)}`] : complaints;
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }

  #run(argv: readonly [string, ...string[]]): Promise<RunResult> {
    return this.runner.run(argv, { timeout: TIMEOUT, environment: ENVIRONMENT });
  }
}

function writeUnit(path: string, text: string): void {
  ensureDirectory(dirname(path), 0o755);
  writeAtomic(path, text, { durable: true, mode: 0o644 });
}

function succeeded({ exit, timedOut }: RunResult): boolean {
  return !timedOut && exit.kind === 'exited' && exit.status === 0;
}

function reasonOf(result: RunResult): string {
  const said = result.stderr.trim();
  return said === '' ? (result.timedOut ? `no answer within ${TIMEOUT} ms` : describeExit(result.exit)) : said;
}

function find(path: string): Found | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return fs.readlinkSync(path) === '/dev/null' ? { kind: 'masked' } : { kind: 'strange' };
  if (!stat.isFile() || stat.size > MAX_SIZE) return { kind: 'strange' };
  try {
    return { kind: 'file', text: fs.readFileSync(path, 'utf8') };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function list(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(directory, error);
  }
}

function unreadable(path: string, cause: unknown): WatchkeeperError {
  return new WatchkeeperError('UNITS_REFUSED', `cannot read ${path}`, (cause as Error).message, 'the same as root', { cause });
}
