/** What holds of every answer, whatever was asked. */
import { expect } from 'chai';

import { ERROR_CODES, WatchkeeperError, type ErrorCodeName } from '../../src/core/errors.js';

/** Longer is no message for people. */
const MOST = 120_000;

/** It is an error that says what cannot be done, why, and what to try. @returns it */
export function mustBeTold(error: unknown, codes: readonly ErrorCodeName[]): WatchkeeperError {
  if (!(error instanceof WatchkeeperError)) throw error;
  expect(codes, error.message).to.include(error.code);
  expect(error.message.length).to.be.lessThan(MOST);
  // A configuration's problems each have their own line, and their own advice.
  const lines = error.code === 'CONFIG_INVALID' || error.code === 'CONFIG_UNREADABLE';
  expect(error.message).to.match(lines ? /^cannot use the configuration: \d+ problems?\n/ : /^cannot .+: .+; try .+$/s);
  mustBePrintable(lines ? error.message.replaceAll('\n', '') : error.message);
  expect(error.exitStatus).to.equal(ERROR_CODES[error.code].exitStatus);
  if (lines) expect(error.exitStatus).to.equal(78);
  return error;
}

/** No control characters: it goes to terminals, logs and lines of files. */
export function mustBePrintable(text: string): void {
  const found = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.exec(text);
  if (found !== null) throw new Error(`U+${found[0].charCodeAt(0).toString(16)} in ${JSON.stringify(text.slice(Math.max(0, found.index - 100), found.index + 100))}`);
}

/** A number that arithmetic can rely on. */
export function mustBeCount(value: number): void {
  expect(value).to.satisfy((number: number) => Number.isFinite(number) && number >= 0);
}

/** Nothing of the input has become a property of every object. */
export function mustBeUnpolluted(): void {
  for (const key in {}) throw new Error(`Object.prototype has got ${key}`);
}
