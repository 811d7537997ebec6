/** What systemd says of a unit: the lines of `systemctl show` and the properties of the bus. */
import { Variant } from 'dbus-next';
import { expect } from 'chai';
import fc from 'fast-check';

import { busProperties } from '../../../src/adapters/systemd/bus-properties.js';
import { observation } from '../../../src/adapters/systemd/observation.js';
import { SystemdSilent, Systemctl } from '../../../src/adapters/systemd/systemctl.js';
import { PROPERTIES, unitFacts, type UnitFacts } from '../../../src/adapters/systemd/unit-facts.js';
import { callRefusal, describeResult, jobVerdicts } from '../../../src/adapters/systemd/vocabulary.js';
import type { RunResult } from '../../../src/ports/runner.js';
import { anyWord, hostile } from '../bytes.js';
import { mustBeUnpolluted } from '../demands.js';
import type { Target } from '../target.js';

const UNIT = 'web.service';
const SHOW = `Id=${UNIT}\nLoadState=loaded\nLoadError=\nActiveState=active\nSubState=running\nUnitFileState=enabled\nResult=success\nJob=12\nMainPID=4711\nNRestarts=2\nRestart=on-failure\nConditionResult=yes\nConditionTimestampMonotonic=123\nInvocationID=abc\nExecMainCode=1\nExecMainStatus=203\nExecMainStartTimestampMonotonic=99\nCanReload=yes\nEnvironmentFiles=/etc/default/x (ignore_errors=yes)\nRequires=a.service "b\\\\x2dc.service"\nPartOf=shop.target\n`;
const FILES = 'LoadState=loaded\nUnitFileState=enabled\nFragmentPath=/lib/systemd/system/web.service\nDropInPaths=/etc/a.conf /etc/b.conf\nNeedDaemonReload=no\n';
const ORDER = 'Type=notify\nAfter=a.service b.service\nExecStartPost={ path=/x/y ; argv[]=/x/y z ; ignore_errors=no }\n';
const TROUBLE = 'Job for web.service canceled.\nA dependency job for web.service failed. See \'journalctl -xe\'.\nFailed to start web.service: Access denied\n';
/** A runner keeps 64 KiB. */
const MOST = 64 * 1024;
/** Marks what comes over the bus: JSON, of which each value becomes a variant. */
const BUS = '%%bus%%';

const value = fc.oneof(anyWord, fc.boolean(), fc.integer(), fc.double(), fc.constant(null), fc.array(fc.oneof(anyWord, fc.integer({ min: 0, max: 255 }), fc.tuple(anyWord, fc.boolean())), { maxLength: 20 }), fc.tuple(fc.integer(), anyWord));
const properties = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...PROPERTIES) }, { weight: 1, arbitrary: anyWord }), value).map((given) => Buffer.from(BUS + JSON.stringify(given)));
const lines = fc.array(fc.tuple(fc.constantFrom(...PROPERTIES), anyWord).map((pair) => pair.join('=')), { maxLength: 60 }).map((all) => Buffer.from(all.join('\n')));

function telling(stdout: string): Systemctl {
  const result: RunResult = { exit: { kind: 'exited', status: 0 }, timedOut: false, stdout, stderr: stdout.slice(0, 500) };
  return new Systemctl({ run: () => Promise.resolve(result) });
}

export const target: Target = {
  inputs: fc.oneof(hostile([SHOW, FILES, ORDER, TROUBLE, `${SHOW}\n${SHOW}`], MOST), properties, lines),
  batch: 200,
  open: () => ({
    async try(input) {
      const text = input.toString('utf8');
      if (text.startsWith(BUS)) {
        mustBeFacts(unitFacts(UNIT, busProperties(fromBus(text.slice(BUS.length)))));
      } else {
        const systemctl = telling(text);
        for (const ask of [() => systemctl.show([UNIT]).then((table) => table.all.forEach(mustBeFacts)), () => systemctl.showFiles([UNIT]), () => systemctl.showOrder([UNIT])]) await ask().catch(mustBeSilence);
        for (const verdict of jobVerdicts(text).values()) expect(verdict).to.match(/^(dependency|canceled|timeout|other)$/);
        expect(callRefusal(text)?.reason ?? '').to.be.a('string');
      }
      mustBeUnpolluted();
    },
  }),
};

function mustBeSilence(error: unknown): void {
  if (!(error instanceof SystemdSilent)) throw error;
}

function fromBus(text: string): unknown[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return [text];
  }
  if (typeof given !== 'object' || given === null) return [given];
  return [Object.fromEntries(Object.entries(given).map(([key, one]) => [key, new Variant('v', one)]))];
}

function mustBeFacts(facts: UnitFacts): void {
  for (const [key, fact] of Object.entries(facts) as [string, unknown][]) {
    if (typeof fact === 'number') expect(Number.isFinite(fact), key).to.equal(true);
    else if (Array.isArray(fact)) for (const item of fact as unknown[]) expect(item, key).to.be.a('string');
    else expect(typeof fact, key).to.be.oneOf(['string', 'boolean']);
  }
  expect(Number.isSafeInteger(facts.mainPid) && facts.mainPid >= 0, `MainPID ${facts.mainPid}`).to.equal(true);
  expect(observation(facts, () => undefined).reason).to.be.a('string').and.not.equal('');
  expect(describeResult(facts).reason).to.be.a('string');
}
