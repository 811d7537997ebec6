/** Cron expressions, and the runs that follow from them in a zone. */
import { expect } from 'chai';
import fc from 'fast-check';

import { NodeCron } from '../../../src/adapters/cron/node-cron.js';
import { anyWord, hostile } from '../bytes.js';
import { mustBeCount } from '../demands.js';
import type { Target } from '../target.js';

const ZONES = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns'];
/** As the schema has it. */
const LONGEST = 200;
const BEGIN = Date.UTC(2026, 0, 1);
const TWO_YEARS = 2 * 366 * 86_400_000;

const number = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }).map(String) }, { weight: 1, arbitrary: anyWord }, { weight: 1, arbitrary: fc.constantFrom('999999999', '1e9', '-5', '4294967295') });
const part = fc.oneof(
  fc.constant('*'), number,
  fc.tuple(number, number).map(([from, to]) => `${from}-${to}`),
  fc.tuple(fc.constantFrom('*', '0-59', '1-5', '0-999999999'), number).map(([range, step]) => `${range}/${step}`),
  fc.constantFrom('mon', 'FRI', 'jan', 'december', '7', 'L', 'W', '1#2', '?', '15W', 'mon-fri'),
);
const field = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(','));
const expression = fc.array(field, { minLength: 5, maxLength: 6 }).map((fields) => fields.join(' '));
const SAMPLES = ['*/5 3-7 * * mon-fri', '0 0 29 2 *', '30 2 * * *', '@hourly', '@daily', '@reboot', '0 */7 1,15 jan-mar 0', '59 59 23 31 12 *', '0 0 31 4 *', '0-59 0-23 1-31 1-12 0-7'];

export const target: Target = {
  inputs: fc.oneof(expression.map((text) => Buffer.from(text)), hostile(SAMPLES, 400)),
  batch: 100,
  limits: { time: { fixed: 500, perByte: 0 } },
  open: () => ({
    try(input) {
      const text = input.toString('utf8');
      if (text.length > LONGEST) return;
      const cron = new NodeCron();
      const problem = cron.problem(text);
      if (problem !== undefined) {
        expect(problem).to.be.a('string').and.not.equal('');
        return;
      }
      for (const zone of ZONES) {
        const next = cron.timetable(text, zone);
        let after = BEGIN + ((input[0] ?? 0) * TWO_YEARS) / 256;
        for (let count = 0; count < 3; count += 1) {
          const instant = next(after);
          if (instant === undefined) break;
          mustBeCount(instant);
          expect(instant).to.be.greaterThan(after);
          expect(instant % 1000).to.equal(0);
          after = instant;
        }
      }
    },
  }),
};
