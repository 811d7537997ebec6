/** What the cluster tells an agent: all of it in the environment, none of it trusted. */
import { isClusterName } from './cluster-hold.js';
import { WatchkeeperError } from './errors.js';
import { knowsDegraded } from './ocf.js';
import { quoted } from './printable.js';

export interface OcfCall {
  readonly resource: string;
  /** undefined: the cluster did not say, as no version of Pacemaker does since 1.1.19. */
  readonly node: string | undefined;
  /** ms that this action may take; then its whole process group is killed. */
  readonly timeout: number;
  /** A look before anything was started here, or by hand; not the recurring monitor. */
  readonly isProbe: boolean;
  /** 0, 10 or 20: an unknown level means the next lower one. */
  readonly level: 0 | 10 | 20;
  readonly knowsDegraded: boolean;
  /** undefined: not given, or empty, which XML can't tell apart. @throws WatchkeeperError USAGE for what no parameter can be */
  parameter(name: string): string | undefined;
  /** The same, however hostile it is. */
  raw(name: string): string | undefined;
  /** What the cluster says of the resource besides its parameters: `clone`, `globally_unique`, `migrate_target` … */
  meta(name: string): string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Pacemaker's own default-action-timeout. */
const DEFAULT_TIMEOUT = 20_000;
const MAX_PARAMETER = 4096;

/** @throws WatchkeeperError USAGE */
export function ocfCall(environment: Environment): OcfCall {
  const meta = (name: string): string | undefined => nonEmpty(environment[`OCF_RESKEY_CRM_meta_${name}`]);
  const resource = nonEmpty(environment['OCF_RESOURCE_INSTANCE']) ?? 'unnamed';
  const node = meta('on_node');
  for (const [what, text] of [['OCF_RESOURCE_INSTANCE', resource], ['OCF_RESKEY_CRM_meta_on_node', node]] as const) {
    if (text !== undefined && !isClusterName(text)) throw usage(`${what} is ${quoted(text)}, which is no name of a cluster`);
  }
  return {
    resource,
    node,
    timeout: wholeNumber(meta('timeout')) ?? DEFAULT_TIMEOUT,
    isProbe: (wholeNumber(meta('interval')) ?? 0) === 0,
    level: levelOf(wholeNumber(environment['OCF_CHECK_LEVEL']) ?? 0),
    knowsDegraded: knowsDegraded(environment['OCF_RESKEY_crm_feature_set']),
    raw: (name) => nonEmpty(environment[`OCF_RESKEY_${name}`]),
    meta,
    parameter: (name) => {
      const value = nonEmpty(environment[`OCF_RESKEY_${name}`]);
      if (value !== undefined && (value.length > MAX_PARAMETER || /[\0-\x1f\x7f]/.test(value))) throw usage(`parameter ${name} is ${quoted(value)}: control characters, or longer than ${MAX_PARAMETER}`);
      return value;
    },
  };
}

function levelOf(level: number): OcfCall['level'] {
  if (level >= 20) return 20;
  return level >= 10 ? 10 : 0;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function usage(why: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot act for the cluster', why, "the resource's definition: crm configure show, pcs resource config");
}
