/** Units of systemd for `ocf:watchkeeper:unit`: witnesses, which tell by themselves when they lived and how they ended. */
import { copyFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { waitFor } from '../containers/wait.js';
import type { Node } from './cluster.js';
import { PATIENCE, PROGRAMS, type ClusterWorld } from './world.js';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
const FILES = '/etc/systemd/system';
const DROP_IN = '50-watchkeeper.conf';

/** What of it differs from a witness's usual unit; `masked`, `missing`: on these nodes. */
export interface UnitOfWorld {
  /** Whole lines of its file. */
  readonly unit?: readonly string[];
  readonly service?: readonly string[];
  /** Of a template. */
  readonly instances?: readonly string[];
  readonly masked?: readonly string[];
  readonly missing?: readonly string[];
}

/** One life of a witness. */
export interface Life {
  readonly node: string;
  /** As it is known inside. */
  readonly pid: number;
  /** The file that it writes. */
  readonly file: string;
}

/** Of a unit that has ended. */
export interface End {
  /** s of the clock that all nodes share. */
  readonly at: number;
  readonly result: string;
  readonly dropIn: string;
  readonly pacemaker: string;
}

/** @param node as the cluster names it */
export function prepareUnits(root: string, node: string, units: Readonly<Record<string, UnitOfWorld>>): void {
  mkdirSync(join(root, PROGRAMS), { recursive: true });
  for (const name of ['ended', 'move', 'writes-on']) {
    copyFileSync(new URL(name, FIXTURES), join(root, PROGRAMS, name));
    chmodSync(join(root, PROGRAMS, name), 0o755);
  }
  for (const [name, { unit = [], service = [], instances = [], masked = [], missing = [] }] of Object.entries(units)) {
    for (const each of instances.length === 0 ? [name] : instances.map((instance) => `${name}${instance}`)) mkdirSync(join(root, 'srv', each), { recursive: true });
    const path = join(root, FILES, `${name}.service`);
    if (masked.includes(node)) symlinkSync('/dev/null', path);
    else if (!missing.includes(node)) writeFileSync(path, ['[Unit]', ...unit, '[Service]', `ExecStart=${PROGRAMS}/witness dir=/srv/%p${instances.length === 0 ? '' : '@%i'}`, `ExecStopPost=${PROGRAMS}/ended /srv/%p${instances.length === 0 ? '' : '@%i'} %n`, ...service, ''].join('\n'));
  }
}

export class Units {
  constructor(private readonly world: ClusterWorld) {}

  /** All lives of it that go on. */
  living(unit: string): readonly Life[] {
    return this.world.nodes.flatMap((node) => livesOn(node, unit).filter(({ pid, file }) => isWitness(node, pid, file)));
  }

  /** The one life that goes on. @throws if there are more, or none */
  only(unit: string): Life {
    const [life, ...others] = this.living(unit);
    if (life === undefined || others.length > 0) throw new Error(`${unit} lives ${others.length + (life === undefined ? 0 : 1)} times`);
    return life;
  }

  /** Where it runs alone, with nothing under way, as the cluster and the witness say. */
  async settled(resource: string, unit: string): Promise<Node> {
    let on: string | undefined;
    await this.world.cluster.until(`${resource} to run on one node`, PATIENCE, (state) => (on = state.runsOn(resource)) !== undefined && this.living(unit).map(({ node }) => node).join(' ') === on);
    return this.world.cluster.node(on ?? '');
  }

  /** Another life of it, after this. @param act ends the present one */
  async restarted(unit: string, act: () => void | Promise<void>): Promise<Life> {
    const before = new Set(this.#lives(unit).map(({ file }) => file));
    await act();
    return waitFor(`another life of ${unit}`, PATIENCE, () => this.#lives(unit).find(({ file }) => !before.has(file)));
  }

  kill(life: Life, signal: NodeJS.Signals): void {
    this.world.kill(this.world.cluster.node(life.node), life.pid, signal);
  }

  /** Its drop-in; undefined: there is none. @param name with its suffix */
  dropIn(node: Node, name: string): { readonly text: string; readonly mode: number } | undefined {
    const path = `/proc/${node.leader}/root/run/systemd/system/${name}.d/${DROP_IN}`;
    if (!existsSync(path)) return undefined;
    return { text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 };
  }

  /** Nothing of a hold is left of it. The watcher waits a moment whether the cluster takes it up again. @param name without its suffix */
  async released(node: Node, name: string): Promise<void> {
    await waitFor(`no drop-in of ${name} to be left`, PATIENCE, () => this.dropIn(node, `${name}.service`) === undefined);
  }

  /** How it has ended on this node, also when it is off. */
  ends(node: Node, unit: string): readonly End[] {
    return linesOf(node, unit, 'ends').map((line) => {
      const [at = '', result = '', dropIn = '', pacemaker = ''] = line.split(' ');
      return { at: Number(at), result, dropIn, pacemaker };
    });
  }

  moves(node: Node, unit: string): readonly string[] {
    return linesOf(node, unit, 'moves');
  }

  #lives(unit: string): readonly Life[] {
    return this.world.nodes.flatMap((node) => livesOn(node, unit));
  }
}

function livesOn(node: Node, unit: string): readonly Life[] {
  const files = readdirSync(join(node.root, 'srv', unit)).filter((name) => name.startsWith('life-'));
  return files.map((name) => ({ node: node.node, pid: Number(name.split('-')[1]), file: `${node.node} ${name}` }));
}

/** A process with its number may be another one: the witness says when it began. */
function isWitness(node: Node, pid: number, file: string): boolean {
  try {
    const [began] = readFileSync(`/proc/${node.leader}/root/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(19) ?? [];
    return Math.abs(Number(began) * 10 - Number(file.split('-').at(-1))) < 5000;
  } catch {
    return false; // there is none
  }
}

function linesOf(node: Node, unit: string, name: string): readonly string[] {
  const path = join(node.root, 'srv', unit, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '') : [];
}
