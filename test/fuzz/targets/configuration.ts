/** The configuration: a main file with whatever in it, and the variables that stand for settings. */
import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { DAEMON_SCHEMA } from '../../../src/adapters/config/daemon-schema.js';
import { GROUP_SCHEMA } from '../../../src/adapters/config/group-schema.js';
import { HOOK_SCHEMA } from '../../../src/adapters/config/hook-schema.js';
import { loadConfiguration } from '../../../src/adapters/config/load.js';
import type { FlatSchema } from '../../../src/adapters/config/schema.js';
import { environmentVariable, SETTINGS_SCHEMA } from '../../../src/adapters/config/settings-schema.js';
import { TASK_SCHEMA } from '../../../src/adapters/config/task-schema.js';
import { listValues } from '../../../src/adapters/config/values.js';
import { checkSchedules } from '../../../src/adapters/cron/check-schedules.js';
import { isValidName } from '../../../src/core/daemon.js';
import { orderForStart } from '../../../src/core/order.js';
import { serviceUnit } from '../../../src/core/unit-file.js';
import { anyWord, hostile, nested } from '../bytes.js';
import { mustBePrintable, mustBeTold, mustBeUnpolluted } from '../demands.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';
import { EVERY_KEY } from '../samples.js';

const ETC = new URL('../../../etc/watchkeeper/', import.meta.url);
const SAMPLES = [EVERY_KEY, ...['ganeti.yaml', 'ganeti-masterd.yaml', 'watchkeeper.yaml'].map((name) => readFileSync(new URL(name, ETC), 'utf8'))];
/** Ends the file and begins the value of a variable of the environment. */
const VARIABLES = '\n%%environment%%\n';

const scalar = fc.oneof(anyWord, fc.constantFrom('5s', '10MiB', '/usr/bin/x', 'a', 'b', 'true', 'failure', 'SIGTERM', 'exec', 'http', 'liveness', 'restart'));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(scalar, fc.constantFrom('kind', 'method', 'argv', 'url', 'port', 'host', 'path', 'interval', 'timeout', 'settle', 'status', 'limit', 'pathExists', 'fileHasLine', 'line', 'name', 'source', 'x')), tie('value'), { maxKeys: 5 }),
  ),
}));

function keysOf(schema: FlatSchema<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...schema.leaves.keys(), ...schema.branches) }, { weight: 1, arbitrary: scalar });
  return fc.array(fc.tuple(key, value), { maxLength: 8 }).map((entries) => Object.fromEntries(entries.map(([name, written]) => [name.split('.')[0] ?? '', name.includes('.') ? { [name.slice(name.indexOf('.') + 1)]: written } : written])));
}

const named = (schema: FlatSchema<unknown>): fc.Arbitrary<object> => fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'c'), scalar), keysOf(schema), { maxKeys: 4 });
/** JSON is YAML, too. */
const structured = fc
  .record({ group: keysOf(GROUP_SCHEMA), defaults: keysOf(DAEMON_SCHEMA), daemons: named(DAEMON_SCHEMA), tasks: named(TASK_SCHEMA), hooks: named(HOOK_SCHEMA) }, { requiredKeys: ['daemons'] })
  .chain((sections) => keysOf(SETTINGS_SCHEMA).map((settings) => JSON.stringify({ ...settings, ...sections })));
const deep = nested([['[', ']'], ['{a: ', '}'], ['- ', ''], ['? ', ''], ['a: {', '}'], ['[{a: ', '}]'], ['&a ', ''], ['!!x ', ''], ['"', '"'], ["'", ''], ['# ', ''], ['|\n ', ''], ['a:\n - ', '']], 5000);
const variables = fc.tuple(fc.constantFrom(...SETTINGS_SCHEMA.leaves.keys()), scalar).map(([name, text]) => `daemons: {}${VARIABLES}${environmentVariable(name)}=${text}`);

export const target: Target = {
  inputs: fc.oneof(
    { weight: 4, arbitrary: hostile(SAMPLES) },
    { weight: 4, arbitrary: structured.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: deep.map((text) => Buffer.from(`daemons: ${text}`)) },
    { weight: 1, arbitrary: variables.map((text) => Buffer.from(text)) },
  ),
  batch: 20,
  limits: { time: { fixed: 600, perByte: 0.02 }, memory: { fixed: 24 * 1024 * 1024, perByte: 4096 } },
  open() {
    const scratch = new Scratch();
    return {
      try(input) {
        const cut = input.indexOf(VARIABLES);
        const [name = '', ...words] = cut < 0 ? [] : input.toString('utf8', cut + VARIABLES.length).replaceAll('\0', '').split('=');
        const main = scratch.write('watchkeeper.yaml', cut < 0 ? input : input.subarray(0, cut));
        look(main, { [name]: words.join('=') });
        mustBeUnpolluted();
      },
      close: () => scratch.remove(),
    };
  },
};

function look(main: string, environment: Readonly<Record<string, string>>): void {
  let configuration;
  try {
    configuration = loadConfiguration(main, environment);
    checkSchedules(configuration);
  } catch (error) {
    mustBeTold(error, ['CONFIG_INVALID', 'CONFIG_UNREADABLE']);
    return;
  }
  const { catalogue, settings } = configuration;
  expect(settings.paths.runtime).to.match(/^\//);
  const names = catalogue.daemons.map((daemon) => daemon.name);
  const order = orderForStart(catalogue.daemons);
  if (!order.ok) throw new Error('a cycle was let through');
  for (const daemon of catalogue.daemons) {
    expect(isValidName(daemon.name)).to.equal(true);
    expect(daemon.executable).to.match(/^\//);
    for (const text of [...daemon.arguments, ...Object.values(daemon.environment)]) expect(text).to.not.include('\0');
    for (const other of [...daemon.after, ...daemon.requires]) expect(names).to.include(other);
    mustHaveUnit(serviceUnit(daemon, catalogue.group, UNIT_OPTIONS));
  }
  for (const { key, text } of listValues(configuration)) {
    expect(configuration.origin(key)).to.be.a('string');
    expect(text).to.be.a('string');
    mustBePrintable(key);
  }
}

const UNIT_OPTIONS = { version: 252, runtimeDirectory: '/run/watchkeeper' };

/** No value has made a line of its own. */
function mustHaveUnit(text: string): void {
  for (const line of text.split('\n')) expect(line).to.match(/^(?:$|#|\[[A-Z][a-z]+\]$|[A-Z][A-Za-z]+=)/);
}
