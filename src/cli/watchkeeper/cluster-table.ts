/** The part of the closed table that is about Pacemaker. */
import type { Command } from './command.js';
import { JSON_OPTION } from './options.js';

export const CLUSTER: readonly Command[] = [
  {
    name: 'cluster agent',
    arguments: 'AGENT ACTION',
    most: 2,
    summary: "Carry out an action of an OCF agent, whose parameters are in the environment; ends with the agent's exit status",
    example: 'OCF_RESKEY_name=web watchkeeper cluster agent daemon monitor',
    options: [],
    hidden: true,
    load: async () => (await import('./cluster-agent.js')).clusterAgent,
  },
  {
    name: 'cluster status',
    arguments: '[NAME…]',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Show which daemons the cluster holds on this node, and where that and what the cluster itself says differ; exit 1 if they do',
    example: 'watchkeeper cluster status',
    options: [JSON_OPTION],
    load: async () => (await import('./cluster-status.js')).clusterStatus,
  },
  {
    name: 'cluster release',
    arguments: 'NAME…',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Give up the hold on daemons whose resource the cluster no longer has; starts and stops nothing',
    example: 'watchkeeper cluster release web',
    options: [{ name: 'force', summary: 'also where the cluster still has the resource, or cannot be asked' }],
    load: async () => (await import('./cluster-status.js')).clusterRelease,
  },
  {
    name: 'cluster configure',
    arguments: 'NAME…',
    most: Number.MAX_SAFE_INTEGER,
    summary: 'Print the commands of crm and of pcs that make a daemon, or the role that one node holds, a resource of Pacemaker; with --apply has it done',
    example: 'watchkeeper cluster configure web --apply',
    options: [
      { name: 'apply', summary: 'have one of them do it: on a copy that crm_verify looks at, then all of it in one step' },
      { name: 'with', value: 'crm|pcs', summary: 'by which of them, where both are installed' },
    ],
    load: async () => (await import('./cluster-configure.js')).clusterConfigure,
  },
];
