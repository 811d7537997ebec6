/** What is written about the configuration, held against the schemas. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { DAEMON_SCHEMA } from '../../../../src/adapters/config/daemon-schema.js';
import { GROUP_SCHEMA } from '../../../../src/adapters/config/group-schema.js';
import { HOOK_SCHEMA } from '../../../../src/adapters/config/hook-schema.js';
import { configurationFromText } from '../../../../src/adapters/config/load.js';
import { SETTINGS_SCHEMA } from '../../../../src/adapters/config/settings-schema.js';
import { TASK_SCHEMA } from '../../../../src/adapters/config/task-schema.js';
import { listValues } from '../../../../src/adapters/config/values.js';
import { SANDBOX_DIRECTIVES } from '../../../../src/core/sandbox.js';
import { configurationReference } from '../../../support/configuration-reference.js';

const ROOT = resolve(import.meta.dirname, '../../../..');
const SHIPPED = readFileSync(resolve(ROOT, 'etc/watchkeeper/watchkeeper.yaml'), 'utf8');
const DOCUMENT = readFileSync(resolve(ROOT, 'docs/configuration.md'), 'utf8');

/** As an operator would: the '#' of each line that has no blank after it. */
function uncommented(text: string): string {
  return text
    .split('\n')
    .filter((line) => line !== 'daemons: {}')
    .map((line) => (/^#(?! \S)./.test(line) ? line.slice(1) : line))
    .join('\n');
}

describe('docs/configuration.md', () => {
  for (const { heading, rows } of configurationReference()) {
    it(`has under '${heading}' exactly the keys of the schema`, () => {
      const section = DOCUMENT.split(/^(?=## )/m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
      const lines = section.split('\n');
      const from = lines.findIndex((line) => line.startsWith('| key |'));
      const found = lines.slice(Math.max(0, from));
      const end = found.findIndex((line) => !line.startsWith('|'));
      expect(found.slice(0, end).join('\n'), 'the table should be').to.equal(rows.join('\n'));
    });
  }

  it('names each directive of a sandbox, and no other', () => {
    const section = DOCUMENT.split('### Sandbox\n')[1]?.split('\n### ')[0] ?? '';
    const named = (section.split('```').at(-1) ?? '').matchAll(/`(\w+)`/g);
    expect([...named].map((match) => match[1])).to.deep.equal(Object.keys(SANDBOX_DIRECTIVES));
  });

  it('shows examples that are valid', () => {
    const examples = [...DOCUMENT.matchAll(/^```yaml\n([^]*?)^```$/gm)].map((match) => match[1] ?? '');
    expect(examples.length).to.be.greaterThan(0);
    for (const example of examples) {
      const text = /^daemons:/m.test(example) ? example : `${example}\ndaemons: {}\n`;
      expect(() => configurationFromText('docs/configuration.md', text, {}), example).not.to.throw();
    }
  });
});

describe('etc/watchkeeper/watchkeeper.yaml', () => {
  it('is valid as it is shipped, and changes nothing', () => {
    const shipped = configurationFromText('shipped', SHIPPED, {});
    expect(shipped.catalogue.daemons).to.deep.equal([]);
    expect(shipped.settings).to.deep.equal(configurationFromText('empty', 'daemons: {}', {}).settings);
  });

  const configuration = configurationFromText('uncommented', uncommented(SHIPPED), {});
  const values = new Map(listValues(configuration).map((value) => [value.key, value]));

  it('names every setting, with its default where that is not an example', () => {
    const examples = new Set(['pauseFile', 'watcherHooks.directory', 'web.listen', 'web.group', 'web.hosts']);
    for (const leaf of SETTINGS_SCHEMA.leaves.values()) {
      expect(values.get(leaf.name)?.origin, leaf.name).to.match(/^uncommented:/);
      if (!examples.has(leaf.name)) expect(values.get(leaf.name)?.value, leaf.name).to.deep.equal(leaf.default);
    }
  });

  it('names every key of the group', () => {
    for (const name of GROUP_SCHEMA.leaves.keys()) expect(values.get(`group.${name}`)?.origin, name).to.match(/^uncommented:/);
  });

  it('names every key of a hook, with its default where that is not an example', () => {
    const examples = new Set(['on', 'daemons', 'roles', 'argv', 'user', 'group', 'environment']);
    for (const leaf of HOOK_SCHEMA.leaves.values()) {
      const value = values.get(`hooks.mail.${leaf.name}`);
      expect(value?.origin, leaf.name).to.match(/^uncommented:/);
      if (!examples.has(leaf.name)) expect(value?.value, leaf.name).to.deep.equal(leaf.default);
    }
  });

  it('names every key of a task, with its default where that is not an example', () => {
    const examples = new Set(['argv', 'schedule', 'timezone', 'user', 'group', 'environment', 'role', 'onlyIf']);
    const task = configuration.tasks[0];
    for (const leaf of TASK_SCHEMA.leaves.values()) {
      expect(uncommented(SHIPPED), leaf.name).to.match(new RegExp(`^    ${leaf.name}:`, 'm'));
      if (!examples.has(leaf.name)) expect(task?.[leaf.name as keyof typeof task], leaf.name).to.deep.equal(leaf.default);
    }
  });

  it('names every key of a daemon, with its default where that is not an example', () => {
    const examples = new Set(['executable', 'argumentVariables', 'environment', 'user', 'group', 'processUser', 'capabilities', 'pidFile', 'roles', 'conditions']);
    const plain = configurationFromText('plain', 'daemons: {web: {executable: /usr/sbin/web}}', {});
    const defaults = new Map(listValues(plain).map((value) => [value.key, value.value]));
    for (const name of DAEMON_SCHEMA.leaves.keys()) {
      const key = `daemons.web.${name}`;
      expect(values.get(key)?.origin, name).to.match(/^uncommented:/);
      if (!examples.has(name)) expect(values.get(key)?.value, name).to.deep.equal(defaults.get(key));
    }
  });
});
