/** `group.refusals`: what daemons say when they refuse to start, and what it means. */
import { REFUSAL_CODES, type RefusalRule } from '../../core/refusal.js';
import { all, field, strangeKey } from './fields.js';
import { type Format, isDictionary, notAllowed, oneOf, string } from './format.js';

const CODE = oneOf(...REFUSAL_CODES);
const TEXT = string('a text of at most 500 characters', 500);
const SHORTEST = 4;
/** A shorter one would be found everywhere. */
const OUTPUT: Format<string> = {
  allowed: `a text of ${SHORTEST} to 200 characters`,
  convict: 'String',
  read: (plain) => (typeof plain === 'string' && plain.trim().length >= SHORTEST ? string(OUTPUT.allowed, 200).read(plain) : notAllowed(plain, OUTPUT.allowed)),
};

export const REFUSAL: Format<RefusalRule> = {
  allowed: `{code: ${REFUSAL_CODES.join('|')}, output: a text, reason: why, next: what to do}`,
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, REFUSAL.allowed);
    const fields = all({
      code: field(plain, 'code', CODE),
      output: field(plain, 'output', OUTPUT),
      reason: field(plain, 'reason', TEXT),
      next: field(plain, 'next', TEXT),
    });
    return strangeKey(plain, ['code', 'output', 'reason', 'next'], REFUSAL.allowed) ?? fields;
  },
};
