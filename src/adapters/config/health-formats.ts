/** `health:` of a daemon: a map of checks by name; each is replaced as a whole by a later file. */
import type { HealthCheck } from '../../core/daemon.js';
import { type Format, isDictionary, notAllowed } from './format.js';

export const HEALTH: Format<readonly HealthCheck[]> = {
  allowed: 'a map of checks, NAME: {kind: liveness, by: tcp, port: 80}',
  convict: '*',
  read: (plain) => (isDictionary(plain) && plain.size === 0 ? { ok: true, value: [] } : notAllowed(plain, HEALTH.allowed)),
};
