/** The claim that start-all has nothing to do, for this machine's watcher. */
import { join } from 'node:path';

import { claimedConfiguration } from '../adapters/config/grounds.js';
import type { Configuration } from '../adapters/config/configuration.js';
import { desiredStateStore } from '../adapters/state/desired-state.js';
import { HOST_GROUND, startClaimFile } from '../adapters/state/start-claim-file.js';
import { claimingBoard, StartAllClaim, type StartClaimParts } from '../app/start-claim.js';
import type { DaemonSpec } from '../core/daemon.js';
import { orderForStart, type Ordered } from '../core/order.js';
import type { Outcome } from '../core/outcome.js';
import type { Detection } from '../ports/service-manager.js';
import type { StartManner } from '../ports/start-claim.js';
import type { Prepared } from '../ports/start-preparation.js';
import type { StateBoard } from '../ports/state-board.js';

export interface KeptClaim {
  /** The same board, which carries the claim, too. */
  around(board: StateBoard): StateBoard;
  /** The configuration was read anew. */
  reload(configuration: Configuration): void;
}

export async function composeStartClaim(configuration: Configuration, kind: Detection['kind'], parts: Pick<StartClaimParts, 'watcher' | 'clock' | 'bootId' | 'failed'>): Promise<KeptClaim> {
  const { runtime, state } = configuration.paths;
  const claim = new StartAllClaim(
    {
      ...parts,
      file: startClaimFile(runtime),
      ground: HOST_GROUND,
      // Whoever acts by a record tells of one that is not used.
      desired: desiredStateStore(state, () => undefined),
      desiredDirectory: join(state, 'desired'),
      manner: await mannerOf(kind),
    },
    claimedConfiguration(configuration),
  );
  return {
    around: (board) => claimingBoard(board, claim),
    reload: (fresh) => claim.configure(claimedConfiguration(fresh)),
  };
}

async function mannerOf(kind: Detection['kind']): Promise<StartManner> {
  if (kind === 'systemd') {
    const { unmetInAdvance } = await import('../adapters/systemd/unmet-in-advance.js');
    return { skips: (spec) => reasonOf(unmetInAdvance(spec)), inOrder: (specs) => ordered(specs, ({ waves }) => waves.flat()) };
  }
  const { unmetCondition } = await import('../adapters/sysv/preparation.js');
  return { skips: (spec) => reasonOf(unmetCondition(spec)), inOrder: (specs) => ordered(specs, ({ sequence }) => sequence) };
}

function reasonOf(outcome: Outcome | Prepared | undefined): string | undefined {
  return outcome?.kind === 'skipped' ? outcome.reason : undefined;
}

function ordered(specs: readonly DaemonSpec[], choose: (order: Extract<Ordered, { ok: true }>) => readonly DaemonSpec[]): readonly DaemonSpec[] {
  const order = orderForStart(specs);
  return order.ok ? choose(order) : specs;
}
