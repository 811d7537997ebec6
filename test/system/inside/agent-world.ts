/** The agents, mostly `ocf:watchkeeper:unit`, called as Pacemaker calls them, and units to hold. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { systemctl } from './bench.js';

export const UNITS = '/run/systemd/system';
const RECORDS = '/run/watchkeeper/cluster-units';
const AGENTS = '/usr/lib/ocf/resource.d/watchkeeper';
const AGENT = `${AGENTS}/unit`;

export interface Answer {
  readonly status: number | null;
  /** The last one, as Pacemaker shows it. */
  readonly reason: string;
  readonly stderr: string;
  /** ms */
  readonly took: number;
}

export type Parameters = Readonly<Record<string, string>>;

export class AgentWorld {
  readonly directory = mkdtempSync('/run/agent-');
  readonly resource = `rsc-${randomBytes(4).toString('hex')}`;
  readonly #units = new Set<string>();

  /** @param text what stands in its [Service]; a name with another suffix: all of it */
  unit(text: string, name = `wk-${randomBytes(5).toString('hex')}.service`): string {
    this.#units.add(name);
    const whole = text.startsWith('[') ? text : `[Unit]\nDescription=of a test\n[Service]\n${text}\n`;
    writeFileSync(join(UNITS, name), whole);
    return name;
  }

  mask(name: string): void {
    this.#units.add(name);
    symlinkSync('/dev/null', join(UNITS, name));
  }

  /** Also one that a template made. */
  forget(name: string): void {
    this.#units.add(name);
  }

  /** A program for root. @param body of a shell program */
  program(name: string, body: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  environment(action: string, parameters: Parameters, meta: Parameters): Record<string, string> {
    const interval = action === 'monitor' ? '10000' : '0';
    const all: Record<string, string> = {
      PATH: '/sbin:/bin:/usr/sbin:/usr/bin', LC_ALL: 'C', OCF_ROOT: '/usr/lib/ocf', OCF_RESOURCE_INSTANCE: this.resource, OCF_RESOURCE_TYPE: 'unit', OCF_RESOURCE_PROVIDER: 'watchkeeper',
      OCF_RA_VERSION_MAJOR: '1', OCF_RA_VERSION_MINOR: '1', OCF_RESKEY_crm_feature_set: '3.16.2',
      OCF_RESKEY_CRM_meta_timeout: '60000', OCF_RESKEY_CRM_meta_interval: interval, OCF_RESKEY_CRM_meta_on_node: 'node1',
    };
    for (const [name, value] of Object.entries(parameters)) all[`OCF_RESKEY_${name}`] = value;
    for (const [name, value] of Object.entries(meta)) all[name.startsWith('OCF_') ? name : `OCF_RESKEY_CRM_meta_${name}`] = value;
    return all;
  }

  /** `probe` is a monitor with the interval 0. @param shell what runs it; by its first line, where it is missing */
  call(action: string, parameters: Parameters, meta: Parameters = {}, shell: readonly string[] = [], agent = 'unit'): Answer {
    const [verb, more] = action === 'probe' ? ['monitor', { interval: '0' }] : [action, {}];
    const began = performance.now();
    const result = spawnSync('/usr/bin/env', [...shell, `${AGENTS}/${agent}`, verb], { env: { ...this.environment(verb, parameters, { ...more, ...meta }), OCF_RESOURCE_TYPE: agent }, cwd: '/', encoding: 'utf8', timeout: 120_000 });
    return { status: result.status, reason: reasonOf(result.stderr), stderr: result.stderr, took: performance.now() - began };
  }

  /** The same, beside others. */
  later(action: string, parameters: Parameters, meta: Parameters = {}): Promise<Answer> {
    const began = performance.now();
    const child = spawn(AGENT, [action], { env: this.environment(action, parameters, meta), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, reason: reasonOf(stderr), stderr, took: performance.now() - began }));
    });
  }

  dropIn(unit: string): string | undefined {
    const path = join(UNITS, `${unit}.d`, '50-watchkeeper.conf');
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  record(): string | undefined {
    const path = join(RECORDS, this.resource);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  property(unit: string, name: string): string {
    return systemctl('show', `--property=${name}`, '--value', unit).trim();
  }

  mainPid(unit: string): number {
    return Number(this.property(unit, 'MainPID'));
  }

  log(name: string): readonly string[] {
    const path = join(this.directory, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '') : [];
  }

  cleanup(): void {
    const units = [...this.#units];
    const quietly = (...args: string[]): unknown => spawnSync('/usr/bin/systemctl', args, { timeout: 120_000 });
    for (const unit of units) quietly('kill', '--signal=SIGKILL', unit);
    if (units.length > 0) quietly('stop', ...units);
    for (const unit of units) {
      rmSync(join(UNITS, unit), { force: true });
      rmSync(join(UNITS, `${unit}.d`), { recursive: true, force: true });
    }
    if (units.length > 0) quietly('reset-failed', ...units);
    systemctl('daemon-reload');
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(join(RECORDS, this.resource), { force: true });
  }
}

function reasonOf(stderr: string): string {
  const prefix = 'ocf-exit-reason:';
  return stderr.split('\n').filter((line) => line.startsWith(prefix)).at(-1)?.slice(prefix.length) ?? '';
}

/** Pids in the unit's control group, as the kernel tells. */
export function members(group: string): readonly number[] {
  const directory = join('/sys/fs/cgroup', group);
  if (!existsSync(directory)) return [];
  const own = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number);
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...own, ...below.flatMap(({ name }) => members(join(group, name)))];
}
