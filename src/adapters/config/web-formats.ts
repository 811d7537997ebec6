/** What may be written for the keys below `web`. */
import { isUserName } from '../../core/plain-values.js';
import { isHostName, parseWebAddress, WEB_ADDRESSES } from '../../core/web-address.js';
import { notAllowed, type Format } from './format.js';

export function webAddress(): Format<string> {
  return text(WEB_ADDRESSES, (address) => parseWebAddress(address) !== undefined);
}

export function groupName(): Format<string> {
  return text('the name of a group, or its number', isUserName);
}

export function hostName(): Format<string> {
  return text("a host's name in small letters, without a port", isHostName);
}

function text(allowed: string, fits: (text: string) => boolean): Format<string> {
  return {
    allowed,
    convict: 'String',
    read: (plain) => (typeof plain === 'string' && fits(plain) ? { ok: true, value: plain } : notAllowed(plain, allowed)),
  };
}
