/**
 * What `scripts/ask-watcher` hands to the watcher for an agent: texts that each
 * end with a NUL, which no variable can hold: the version, the agent, the
 * action, then the variables of OCF that the cluster has set, as `NAME=VALUE`.
 */
export const AGENTS = ['daemon', 'role', 'unit'] as const;
/** Those of agents that are worth a watcher; the rest is for people and rare. */
export const DESK_ACTIONS = ['start', 'stop', 'monitor', 'promote', 'demote'] as const;

export type AgentName = (typeof AGENTS)[number];
export type DeskAction = (typeof DESK_ACTIONS)[number];

export interface AgentRequest {
  readonly agent: AgentName;
  readonly action: DeskAction;
  readonly environment: Readonly<Record<string, string>>;
}

const VERSION = '1';
const MAX_VARIABLES = 1000;
const VARIABLE = /^OCF_[A-Za-z0-9_]{1,200}$/;

/** @returns the request, or what is wrong with it */
export function parseAgentRequest(text: string): AgentRequest | string {
  const fields = text.split('\0');
  if (fields.pop() !== '') return 'it does not end with a NUL';
  const [version, agentName, actionName, ...variables] = fields;
  if (version !== VERSION) return `its version is not ${VERSION}`;
  const agent = AGENTS.find((known) => known === agentName);
  if (agent === undefined) return `there is no agent of that name; there is: ${AGENTS.join(', ')}`;
  const action = DESK_ACTIONS.find((known) => known === actionName);
  if (action === undefined) return `the watcher does not do that for an agent; it does: ${DESK_ACTIONS.join(', ')}`;
  if (variables.length > MAX_VARIABLES) return `it has more than ${MAX_VARIABLES} variables`;
  const environment = new Map<string, string>();
  for (const variable of variables) {
    const name = variable.slice(0, Math.max(0, variable.indexOf('=')));
    if (!VARIABLE.test(name)) return 'it has something else than variables of OCF';
    if (environment.has(name)) return `it has ${name} twice`;
    environment.set(name, variable.slice(name.length + 1));
  }
  return { agent, action, environment: Object.fromEntries(environment) };
}
