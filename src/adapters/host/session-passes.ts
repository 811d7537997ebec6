/**
 * Who is in a session. Only a pass over all processes can tell, and many may ask
 * at once (a stop of all), so those of one turn of the loop share one pass.
 */
import type { ProcessIdentity } from '../../core/process-identity.js';

export interface Sessions {
  membersOfSessions(leaders: readonly ProcessIdentity[]): ReadonlyMap<ProcessIdentity, readonly ProcessIdentity[]>;
}

interface Question {
  readonly leader: ProcessIdentity;
  readonly answer: (members: readonly ProcessIdentity[]) => void;
  readonly fail: (error: unknown) => void;
}

export class SessionPasses {
  #questions: Question[] = [];

  constructor(private readonly sessions: Sessions) {}

  /** The other processes of the session that it leads, or led, as they are after this call. */
  members(leader: ProcessIdentity): Promise<readonly ProcessIdentity[]> {
    return new Promise((answer, fail) => {
      if (this.#questions.length === 0) setImmediate(() => this.#pass());
      this.#questions.push({ leader, answer, fail });
    });
  }

  #pass(): void {
    const questions = this.#questions;
    this.#questions = [];
    try {
      const found = this.sessions.membersOfSessions(questions.map(({ leader }) => leader));
      for (const { leader, answer } of questions) answer(found.get(leader) ?? []);
    } catch (error) {
      for (const { fail } of questions) fail(error);
    }
  }
}
