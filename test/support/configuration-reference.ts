/** The tables of docs/configuration.md, as the schemas have them. */
import { DAEMON_SCHEMA } from '../../src/adapters/config/daemon-schema.js';
import { GROUP_SCHEMA } from '../../src/adapters/config/group-schema.js';
import { HOOK_SCHEMA } from '../../src/adapters/config/hook-schema.js';
import { TASK_SCHEMA } from '../../src/adapters/config/task-schema.js';
import type { FlatSchema, Leaf } from '../../src/adapters/config/schema.js';
import { environmentVariable, SETTINGS_SCHEMA } from '../../src/adapters/config/settings-schema.js';

export interface ReferenceSection {
  readonly heading: string;
  readonly rows: readonly string[];
}

export function configurationReference(): readonly ReferenceSection[] {
  return [
    { heading: '## Settings', rows: table(SETTINGS_SCHEMA, '', true) },
    { heading: '## group', rows: table(GROUP_SCHEMA, 'group.', false) },
    { heading: '## daemons', rows: table(DAEMON_SCHEMA, '', false) },
    { heading: '## hooks', rows: table(HOOK_SCHEMA, '', false) },
    { heading: '## tasks', rows: table(TASK_SCHEMA, '', false) },
  ];
}

function table(schema: FlatSchema<unknown>, prefix: string, variables: boolean): readonly string[] {
  const columns = variables ? ['key', 'meaning', 'allowed', 'default', 'environment'] : ['key', 'meaning', 'allowed', 'default'];
  const rows = [...schema.leaves.values()].map((leaf) => {
    const cells = [`\`${prefix}${leaf.name}\``, leaf.doc, leaf.format.allowed, defaultText(leaf)];
    return variables ? [...cells, `\`${environmentVariable(leaf.name)}\``] : cells;
  });
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}

export function defaultText(leaf: Leaf): string {
  if (leaf.required === true) return 'must be written';
  if (leaf.defaultText !== undefined) return leaf.defaultText;
  if (leaf.default === '') return 'empty';
  if (leaf.format.show !== undefined) return `\`${leaf.format.show(leaf.default)}\``;
  return `\`${typeof leaf.default === 'string' ? leaf.default : JSON.stringify(leaf.default)}\``;
}
