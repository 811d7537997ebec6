/** How each fault is carried out. Each returns why it hit nothing, or undefined. */
import { CLIENT_FAULTS } from './faults-clients.js';
import { DAEMON_FAULTS } from './faults-daemon.js';
import { MACHINE_FAULTS } from './faults-machine.js';
import { WATCHER_FAULTS } from './faults-watcher.js';
import type { Fault, FaultKind } from './plan.js';
import type { Storm } from './storm.js';

export type CarryOut = (storm: Storm, fault: Fault) => Promise<string | undefined>;

export const FAULTS: Readonly<Record<FaultKind, CarryOut>> = { ...DAEMON_FAULTS, ...WATCHER_FAULTS, ...CLIENT_FAULTS, ...MACHINE_FAULTS };
