/** `group.directories`: what systemd-tmpfiles makes at boot. */
import type { RuntimeDirectory } from '../../core/paths.js';
import { isUserName } from '../../core/plain-values.js';
import { all, field, strangeKey } from './fields.js';
import { absolutePath, type Format, isDictionary, notAllowed } from './format.js';

const MODE: Format<string> = {
  allowed: 'an octal mode such as 0755',
  convict: 'String',
  read: (plain) => (typeof plain === 'string' && /^[0-7]{3,4}$/.test(plain) ? { ok: true, value: plain } : notAllowed(plain, MODE.allowed)),
};

const OWNER: Format<string> = {
  allowed: 'the name of a user or group',
  convict: 'String',
  read: (plain) => (typeof plain === 'string' && isUserName(plain) ? { ok: true, value: plain } : notAllowed(plain, OWNER.allowed)),
};

export const DIRECTORY: Format<RuntimeDirectory> = {
  allowed: '{path: /run/x, mode: 0755, user: root, group: root}',
  convict: '*',
  read: (plain) => {
    if (!isDictionary(plain)) return notAllowed(plain, DIRECTORY.allowed);
    const fields = all({
      path: field(plain, 'path', absolutePath()),
      mode: field(plain, 'mode', MODE, '0755'),
      user: field(plain, 'user', OWNER, 'root'),
      group: field(plain, 'group', OWNER, 'root'),
    });
    return strangeKey(plain, ['path', 'mode', 'user', 'group'], DIRECTORY.allowed) ?? fields;
  },
};
