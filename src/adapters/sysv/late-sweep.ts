/**
 * Kills what daemons that died left in their sessions, a moment after they were
 * started again: the pass over all processes that it takes is not to be on the
 * way of a restart, and many that die at once share one.
 *
 * A session's number is not given away while it has members. So if one of those
 * found was born before the daemon was seen dead, they are its; if none was, the
 * number may have been given to somebody else meanwhile, and nobody is touched.
 */
import { TICKS_PER_SECOND, type ProcessIdentity } from '../../core/process-identity.js';
import type { Clock } from '../../ports/clock.js';
import type { ProcessTable } from '../../ports/process-table.js';
import { sinceBoot } from '../host/proc.js';
import type { Sessions } from '../host/session-passes.js';

/** ms */
const LATER = 100;
/** With many daemons a pass costs as much as some restarts: between two there is so many times what the last one took. */
const REST = 20;

export class LateSweep {
  /** With the ticks since boot when it was seen dead. */
  #dead: { readonly leader: ProcessIdentity; readonly seen: number }[] = [];
  #later = LATER;

  constructor(
    private readonly sessions: Sessions,
    private readonly processes: Pick<ProcessTable, 'signal'>,
    private readonly clock: Clock,
  ) {}

  add(leader: ProcessIdentity): void {
    if (this.#dead.length === 0) this.clock.after(this.#later, () => this.#sweep());
    this.#dead.push({ leader, seen: (sinceBoot() * TICKS_PER_SECOND) / 1000 });
  }

  #sweep(): void {
    const dead = this.#dead;
    this.#dead = [];
    const began = this.clock.monotonic();
    const found = this.sessions.membersOfSessions(dead.map(({ leader }) => leader));
    this.#later = Math.max(LATER, REST * (this.clock.monotonic() - began));
    for (const { leader, seen } of dead) {
      const members = found.get(leader) ?? [];
      if (!members.some(({ startTicks }) => startTicks < seen)) continue;
      for (const member of members) if (member.pid !== process.pid) this.processes.signal(member, 'SIGKILL');
    }
  }
}
