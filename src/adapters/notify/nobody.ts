/** Notifications where they are systemd's to hear. */
import type { Notifications } from '../../ports/notifications.js';

const REFUSAL = { ok: false, reason: 'systemd listens for notifications here' } as const;

export const NOBODY_LISTENS: Notifications = {
  open: () => Promise.resolve(REFUSAL),
  resume: () => Promise.resolve(REFUSAL),
  state: () => undefined,
  next: () => Promise.resolve(),
  heardOut: () => Promise.resolve(),
  release: () => undefined,
};
