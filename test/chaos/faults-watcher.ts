/** Faults that hit the watcher. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

import { monotonic, pause } from './clock.js';
import { UNDER_WAY } from './faults-daemon.js';
import { killOrder } from './orders.js';
import type { Fault } from './plan.js';
import { signalIfThere } from './signal.js';
import type { Storm } from './storm.js';
import type { Verb } from './world.js';

export const NO_WATCHER = 'no watcher ran';
const NOT_SO_FAR = 'it did not come so far';
const VERBS: readonly Verb[] = ['restart', 'stop', 'start', 'restart'];
/** As many as the sweeps have counted. */
const MOST_STEPS = 260;
const MOST_OF_BEGIN = 350;
const HOUR = 3_600_000;
/** ms until some watcher has come as far as it is to be killed. */
const LONGEST_BEGIN = 8000;

/** From 1 to the most, the low ones more often: later ones are not always reached. Of other digits than what else is chosen. */
export function drawnCall(choice: number, most: number): number {
  return 1 + Math.floor(((choice % 997) / 997) ** 3 * most);
}

/** One after the other: two would lift each other's. */
let slowDisk: Promise<void> = Promise.resolve();

export const WATCHER_FAULTS = {
  'watcher-kill': async (storm: Storm, fault: Fault) => {
    const missed = storm.world.watcher() === undefined ? NO_WATCHER : undefined;
    await storm.world.killWatcher(fault.hold);
    return missed;
  },

  'watcher-kill-at-step': async (storm: Storm, fault: Fault) => {
    const pid = storm.world.watcher();
    if (pid === undefined) return NO_WATCHER;
    const order = killOrder(drawnCall(fault.choice, MOST_STEPS), { pid });
    storm.world.orders.arm(order);
    const asked = await storm.ask(VERBS[Math.floor(fault.choice / 100) % VERBS.length] ?? 'restart', storm.name(fault), fault.choice - (fault.choice % 4) + 1);
    // By its own order: others kill it, too.
    for (let patience = 40; patience > 0 && storm.world.watcher() === pid && !storm.hasKilled(order.id); patience -= 1) await pause(50);
    storm.world.orders.disarm(order);
    return storm.hasKilled(order.id) ? undefined : asked ? NOT_SO_FAR : UNDER_WAY;
  },

  'watcher-kill-at-begin': async (storm: Storm, fault: Fault) => {
    const order = killOrder(drawnCall(fault.choice, MOST_OF_BEGIN), { except: storm.world.watcher() });
    storm.world.orders.arm(order);
    await storm.world.killWatcher(0);
    const since = monotonic();
    const longest = Math.min(LONGEST_BEGIN, storm.expectations.bound);
    // How long the next one takes to come so far is the machine's matter, and whether it may come yet that of other faults.
    while (!storm.hasKilled(order.id) && monotonic() - since < longest) await pause(50);
    await pause(Math.max(0, since + fault.hold - monotonic()));
    storm.world.orders.disarm(order);
    return storm.hasKilled(order.id) ? undefined : 'no watcher came so far';
  },

  'watcher-freeze': async (storm: Storm, fault: Fault) => {
    const pid = storm.world.watcher();
    if (pid === undefined) return NO_WATCHER;
    signalIfThere(pid, 'SIGSTOP');
    await pause(fault.hold);
    signalIfThere(pid, 'SIGCONT');
    return undefined;
  },

  'direct-kill-at-step': async (storm: Storm, fault: Fault) => {
    await storm.world.killWatcher(700);
    const verb = VERBS[fault.choice % VERBS.length] ?? 'restart';
    const order = killOrder(drawnCall(fault.choice, MOST_STEPS));
    const asked = await storm.ask(verb, storm.name(fault), 0, () => storm.world.askAndDie(verb, storm.name(fault), order));
    return storm.hasKilled(order.id) ? undefined : asked ? NOT_SO_FAR : UNDER_WAY;
  },

  'no-descriptors': async (storm: Storm, fault: Fault) => {
    const pid = storm.world.watcher();
    if (pid === undefined) return NO_WATCHER;
    const limit = (text: string): boolean => spawnSync('/usr/bin/prlimit', ['--pid', String(pid), `--nofile=${text}`], { timeout: 10_000 }).status === 0;
    let used: number;
    let before: string;
    try {
      used = Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number)) + 1;
      before = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '1024';
    } catch {
      return NO_WATCHER; // it died meanwhile
    }
    // A limit below what is open is another fault's: then the true one is known to it.
    if (Number(before) < 256) return 'it is short of them already';
    if (!limit(`${used + (fault.choice % 3)}:`)) return NO_WATCHER;
    await pause(fault.hold);
    limit(`${before}:`);
    return undefined;
  },

  'clock-step': (storm: Storm, fault: Fault) => {
    storm.world.orders.set({ clock: ((fault.choice % 2001) - 1000) / 50 * HOUR });
    return Promise.resolve(storm.world.watcher() === undefined ? NO_WATCHER : undefined);
  },

  'slow-disk': async (storm: Storm, fault: Fault) => {
    const delay = 5 + (fault.choice % 56);
    let since = 0;
    const turn = slowDisk.then(async () => {
      since = monotonic();
      storm.world.orders.set({ delay });
      await pause(fault.hold);
      storm.world.orders.set({ delay: 0 });
    });
    slowDisk = turn;
    await turn;
    return storm.observations().some((one) => one.e === 'slowed' && one.at > since && one.took >= delay - 1) ? undefined : 'nothing was written meanwhile';
  },
};
