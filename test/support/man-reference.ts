/** The blocks of the manual pages (docs/man) that tables and schemas have. */
import { DAEMON_SCHEMA } from '../../src/adapters/config/daemon-schema.js';
import { GROUP_SCHEMA } from '../../src/adapters/config/group-schema.js';
import { HOOK_SCHEMA } from '../../src/adapters/config/hook-schema.js';
import type { FlatSchema } from '../../src/adapters/config/schema.js';
import { environmentVariable, SETTINGS_SCHEMA } from '../../src/adapters/config/settings-schema.js';
import { TASK_SCHEMA } from '../../src/adapters/config/task-schema.js';
import { usage } from '../../src/cli/daemon-util/help.js';
import { COMMANDS as DAEMON_UTIL_COMMANDS, OPTIONS } from '../../src/cli/daemon-util/table.js';
import type { OptionSpec } from '../../src/cli/watchkeeper/command.js';
import { COMMON_OPTIONS } from '../../src/cli/watchkeeper/options.js';
import { SHOWN_COMMANDS } from '../../src/cli/watchkeeper/table.js';
import { agents, type AgentMetadata } from './agent-metadata.js';
import { defaultText } from './configuration-reference.js';

/** By page, then by the word after `; ` at the begin of the block. */
export function manualBlocks(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return {
    'daemon-util.8.scd': {
      commands: [...DAEMON_UTIL_COMMANDS.values()].map((command) => entry(call(usage(command)), [sentence(command.summary), example(command.example)])).join('\n'),
      options: OPTIONS.map(({ name, summary }) => entry(call(name), [sentence(summary)])).join('\n'),
    },
    'watchkeeper.8.scd': {
      commands: SHOWN_COMMANDS
        .map(({ name, arguments: words, summary, example: text, options }) => entry(call(`${name} ${words}`.trim(), name.length), [sentence(summary), ...options.map(option), example(text)]))
        .join('\n'),
      options: COMMON_OPTIONS.map((each) => entry(optionCall(each), [sentence(each.summary)])).join('\n'),
    },
    'watchkeeper.yaml.5.scd': {
      settings: keys(SETTINGS_SCHEMA, '', true),
      group: keys(GROUP_SCHEMA, 'group.', false),
      daemons: keys(DAEMON_SCHEMA, '', false),
      hooks: keys(HOOK_SCHEMA, '', false),
      tasks: keys(TASK_SCHEMA, '', false),
    },
    ...Object.fromEntries(agents().map((agent) => [`ocf_watchkeeper_${agent.name}.7.scd`, agentBlocks(agent)])),
  };
}

function agentBlocks({ description, parameters, actions }: AgentMetadata): Readonly<Record<string, string>> {
  return {
    description: `${description.map(prose).join('\n\n')}\n`,
    parameters: parameters
      .map((each) => entry(literal(each.name), [...each.description.map(sentence), each.required ? 'Required.' : each.default === undefined ? 'Not required.' : `Default: ${literal(each.default)}.`]))
      .join('\n'),
    actions: `${actions.map((action) => `- ${literal(action)}`).join('\n')}\n`,
  };
}

function keys(schema: FlatSchema<unknown>, prefix: string, variables: boolean): string {
  return [...schema.leaves.values()]
    .map((leaf) => {
      const variable = variables ? [`Environment: ${literal(environmentVariable(leaf.name))}.`] : [];
      return entry(literal(prefix + leaf.name), [prose(leaf.doc), `Allowed: ${prose(leaf.format.allowed)}.`, `Default: ${prose(defaultText(leaf))}.`, ...variable]);
    })
    .join('\n');
}

/** What is defined, and paragraphs about it. */
function entry(what: string, paragraphs: readonly string[]): string {
  return `${what}\n${paragraphs.map((text) => indented(text)).join('\n\n')}\n`;
}

function indented(text: string): string {
  return text.split('\n').map((line) => `\t${line}`).join('\n');
}

function option(spec: OptionSpec): string {
  return `${optionCall(spec)}\n\t${sentence(spec.summary)}`;
}

function optionCall({ name, short, value }: OptionSpec): string {
  const long = `${literal(`--${name}`)}${value === undefined ? '' : ` _${value}_`}`;
  return short === undefined ? long : `${literal(`-${short}`)}, ${long}`;
}

function example(text: string): string {
  return `Example: ${literal(text)}`;
}

/** Small letters are typed as they stand, capitals stand for something. @param fixed so many characters are the command's name */
function call(text: string, fixed = 0): string {
  const rest = text.slice(fixed);
  const words = rest.replace(/[A-Za-z-][A-Za-z-]*/g, (word) => (/^[A-Z]+$/.test(word) ? `_${word}_` : `*${word}*`));
  return ascii(`${fixed === 0 ? '' : literal(text.slice(0, fixed))}${words}`);
}

function literal(text: string): string {
  return ascii(`*${escaped(text)}*`);
}

function sentence(text: string): string {
  const end = /[.?!]$/.test(text) ? '' : '.';
  return `${prose(text.charAt(0).toUpperCase() + text.slice(1))}${end}`;
}

/** Markdown's code in bold, of its links the text. */
function prose(text: string): string {
  const parts = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').split('`');
  return ascii(parts.map((part, index) => (index % 2 === 1 ? `*${escaped(part)}*` : escaped(part))).join(''));
}

function escaped(text: string): string {
  return text.replace(/[\\*_]/g, '\\$&');
}

function ascii(text: string): string {
  return text.replaceAll('…', '...').replaceAll('’', "'");
}
