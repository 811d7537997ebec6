/**
 * Network namespaces that outlive a container's boots, and what lies between
 * them. Nothing of the host's own network is touched.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const TIMEOUT = 10_000;
/** Enough of a name for the kernel, and never seen: both ends are renamed as they are moved. */
const DEVICE = 'eth0';

function must(argv: readonly [string, ...string[]]): void {
  const [program, ...args] = argv;
  const result = spawnSync(program, args, { timeout: TIMEOUT, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${argv.join(' ')} failed: ${result.stderr || String(result.error ?? result.signal)}`);
}

function ip(namespace: string, ...words: readonly string[]): void {
  must(['/usr/bin/nsenter', `--net=${namespace}`, '--', '/usr/sbin/ip', ...words]);
}

/** @param file is made; the namespace lives until it is unmounted */
export function makeNetworkNamespace(file: string): void {
  writeFileSync(file, '', { flag: 'wx' });
  must(['/usr/bin/unshare', `--net=${file}`, '--', '/bin/true']);
  ip(file, 'link', 'set', 'lo', 'up');
}

/** eth0 with this address, and nobody at its other end. */
export function loneDevice(namespace: string, address: string): void {
  ip(namespace, 'link', 'add', DEVICE, 'type', 'bridge');
  raise(namespace, address);
}

/** eth0 of the one and eth0 of the other, with a wire between them. */
export function wire(one: readonly [namespace: string, address: string], other: readonly [namespace: string, address: string]): void {
  ip(one[0], 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', other[0]);
  raise(...one);
  raise(...other);
}

function raise(namespace: string, address: string): void {
  ip(namespace, 'address', 'add', address, 'dev', DEVICE);
  ip(namespace, 'link', 'set', DEVICE, 'up');
}

/** A bridge in a network namespace of its own, with a port for each of several. */
export interface Hub {
  /** @param port of at most 15 characters */
  attach(port: string, namespace: string, address: string): void;
  /** Pulls the plug, at the hub's end, or puts it back. */
  plug(port: string, on: boolean): void;
}

const BRIDGE = 'hub';

/** @param file as of makeNetworkNamespace */
export function makeHub(file: string): Hub {
  makeNetworkNamespace(file);
  ip(file, 'link', 'add', BRIDGE, 'type', 'bridge');
  ip(file, 'link', 'set', BRIDGE, 'up');
  return {
    attach: (port, namespace, address) => {
      ip(file, 'link', 'add', port, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', namespace);
      ip(file, 'link', 'set', port, 'master', BRIDGE, 'up');
      raise(namespace, address);
    },
    plug: (port, on) => ip(file, 'link', 'set', port, on ? 'up' : 'down'),
  };
}
