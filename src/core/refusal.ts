/**
 * Why a daemon refused to start, from what it said in this very start: the
 * catalogue's fixed texts, and the one that every program has for an address
 * that somebody else holds. (That a node is not the master, a daemon says by its
 * exit status; an unmet condition is seen before the start.)
 */
import type { DaemonSpec } from './daemon.js';
import { quoted } from './printable.js';

/** Each is a FailureCode, too. */
export const REFUSAL_CODES = ['not-configured', 'no-quorum', 'wrong-user', 'address-taken'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** One row of the catalogue: a text in a daemon's output, and what it means to an operator. */
export interface RefusalRule {
  readonly code: RefusalCode;
  /** A fixed text, not a pattern (docs/security.md). */
  readonly output: string;
  readonly reason: string;
  /** Without the leading "try". */
  readonly next: string;
}

export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly next: string;
}

/** A failure that is one, as a service manager tells it. */
export function asRefusal({ code, reason, next }: { readonly code: string; readonly reason: string; readonly next: string }): Refusal | undefined {
  const known = REFUSAL_CODES.find((each) => each === code);
  return known === undefined ? undefined : { code: known, reason, next };
}

/** Where a daemon listens, as far as its catalogue entry tells. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'port'; readonly protocol: 'tcp' | 'udp'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface AddressHolder {
  readonly address: Address;
  /** undefined: somebody listens there, but whose process it is can't be seen. */
  readonly process: { readonly pid: number; readonly name: string } | undefined;
}

export interface RefusalEvidence {
  /** Lines of this start only. */
  readonly output: string;
  readonly rules: readonly RefusalRule[];
  /** Asked only where an address is said to be taken. */
  readonly holders: () => readonly AddressHolder[];
}

/** EADDRINUSE as libc says it, and as Node does. */
const ADDRESS_IN_USE = ['Address already in use', 'EADDRINUSE'];

/**
 * What it said last counts, as what it said before did not end it; of the same
 * place, the first rule.
 *
 * @returns undefined: nothing that is known
 */
export function explainRefusal({ output, rules, holders }: RefusalEvidence): Refusal | undefined {
  let last = Math.max(...ADDRESS_IN_USE.map((text) => output.lastIndexOf(text)));
  let refusal = last === -1 ? undefined : (): Refusal => addressTaken(holders());
  for (const { code, output: text, reason, next } of rules.toReversed()) {
    const at = output.lastIndexOf(text);
    if (at === -1 || at < last) continue;
    last = at;
    refusal = () => ({ code, reason, next });
  }
  return refusal?.();
}

function addressTaken([holder]: readonly AddressHolder[]): Refusal {
  if (holder === undefined) {
    return { code: 'address-taken', reason: 'an address that it wants to listen on is taken', next: 'ss -lntup, which shows who listens where' };
  }
  const reason = describeHolder(holder);
  if (holder.process === undefined) return { code: 'address-taken', reason, next: 'ss -lntup as root, which shows by whom' };
  const { pid } = holder.process;
  return { code: 'address-taken', reason, next: `ps -fp ${pid}, and stopping it, or another address for one of the two` };
}

export function describeHolder({ address, process }: AddressHolder): string {
  const by = process === undefined ? '' : ` by pid ${process.pid} (${quoted(process.name)})`;
  return `${describeAddress(address)} is taken${by}`;
}

export function describeAddress(address: Address): string {
  if (address.kind === 'unix') return `the socket ${address.path}`;
  if (address.kind === 'port') return `the ${address.protocol} port ${address.port}`;
  return `the address ${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The addresses of its readiness and health checks. */
export function addressesOf(spec: DaemonSpec): readonly Address[] {
  const methods = [spec.readiness, ...spec.health.map(({ method }) => method)];
  const found = new Map<string, Address>();
  for (const method of methods) {
    const address = addressOf(method);
    if (address !== undefined) found.set(describeAddress(address), address);
  }
  return [...found.values()];
}

function addressOf(method: DaemonSpec['readiness'] | DaemonSpec['health'][number]['method']): Address | undefined {
  switch (method.kind) {
    case 'tcp':
      return { kind: 'tcp', host: method.host, port: method.port };
    case 'port':
      return { kind: 'port', protocol: method.protocol, port: method.port };
    case 'unix':
      return { kind: 'unix', path: method.path };
    case 'http':
      return method.socket === undefined ? ofUrl(method.url) : { kind: 'unix', path: method.socket };
    case 'settled':
    case 'pid-file':
    case 'notify':
    case 'exec':
    case 'watchdog':
    case 'memory':
    case 'cpu':
    case 'log':
      return undefined;
  }
}

function ofUrl(text: string): Address {
  const [, scheme, authority = ''] = /^(https?):\/\/([^/?#]*)/.exec(text) ?? [];
  const [, host = '', port] = /^(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? [];
  const fallback = scheme === 'https' ? 443 : 80;
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? fallback : Number(port) };
}
