/** What systemd tells of a unit that the cluster holds → what it means for the cluster. */
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { UnitLook, UnitProof } from '../../ports/unit-control.js';
import { observation } from './observation.js';
import { words } from './show-output.js';
import { refusal } from './start-outcome.js';
import type { UnitFacts } from './unit-facts.js';
import { firstIn, groupOf, isPopulated } from './unit-group.js';
import { awaitsRestart, hasFailed, isDown, isUp } from './vocabulary.js';

export interface HeldUnit {
  readonly facts: UnitFacts;
  /** As systemd names it; empty: none. */
  readonly controlGroup: string;
  readonly killMode: string;
  readonly sendsSigkill: boolean;
  readonly isOneshot: boolean;
  /** RemainAfterExit= */
  readonly remains: boolean;
  /** systemd calls it started without knowing whether its program works. */
  readonly startsUnseen: boolean;
  /** Its files have changed since systemd has read them. systemd 252 does not see that where the directory of a drop-in is new. */
  readonly needsReload: boolean;
  readonly dropIns: readonly string[];
  readonly restartsItself: boolean;
}

export const HELD_PROPERTIES = ['ControlGroup', 'Type', 'KillMode', 'SendSIGKILL', 'RemainAfterExit', 'Restart', 'NeedDaemonReload', 'DropInPaths'] as const;

export function heldUnit({ facts, extra }: { readonly facts: UnitFacts; readonly extra: ReadonlyMap<string, string> }): HeldUnit {
  const text = (name: (typeof HELD_PROPERTIES)[number]): string => extra.get(name) ?? '';
  return {
    facts,
    controlGroup: text('ControlGroup'),
    killMode: text('KillMode'),
    sendsSigkill: text('SendSIGKILL') !== 'no',
    isOneshot: text('Type') === 'oneshot',
    remains: text('RemainAfterExit') === 'yes',
    startsUnseen: text('Type') === 'simple' || text('Type') === 'idle',
    needsReload: text('NeedDaemonReload') === 'yes',
    dropIns: words(text('DropInPaths')),
    restartsItself: !['', 'no'].includes(text('Restart')),
  };
}

/**
 * KillMode=process, and systemd knew which one: the others are meant to outlive
 * it, as the sessions of sshd are.
 */
export function endsDeliberately({ killMode, facts }: HeldUnit): boolean {
  return killMode === 'process' && (facts.mainPid !== 0 || facts.startedAt !== 0);
}

export function unitLook(held: HeldUnit, identify: (pid: number) => ProcessIdentity | undefined): UnitLook {
  const { facts } = held;
  const group = groupOf(held.controlGroup);
  const isOver = isDown(facts) && facts.job === 0 && !awaitsRestart(facts);
  const refused = refusal(facts);
  return {
    unusable: refused?.kind === 'failed' ? refused.reason : undefined,
    state: isUp(facts) ? 'active' : !isOver ? 'changing' : hasFailed(facts) ? 'failed' : 'inactive',
    reason: observation(facts, identify).reason,
    leftProcesses: isOver && group !== undefined && !endsDeliberately(held) && isPopulated(group),
    proof: isUp(facts) ? proofOf(held, group, identify) : undefined,
    restartsItself: held.restartsItself,
  };
}

/**
 * systemd calls a service active as long as its main process lives, unless it
 * was told not to kill it at the end; where it knows no main process, as long
 * as there is any. When the main one has gone it kills the others, if it was not
 * told to let them live: then none of them can get its number.
 */
function proofOf({ facts, killMode, sendsSigkill, isOneshot, remains }: HeldUnit, group: string | undefined, identify: (pid: number) => ProcessIdentity | undefined): UnitProof {
  const isService = facts.unit.endsWith('.service');
  if (!isService || isOneshot || killMode === 'none' || !sendsSigkill) return { kind: 'ask' };
  if (facts.mainPid !== 0) {
    const process = identify(facts.mainPid);
    if (process === undefined) return { kind: 'ask' };
    // A shell reads byte by byte, and of /proc/PID/stat, which has the start time, it takes a hundred times as many.
    return group !== undefined && killMode !== 'process' && firstIn(group) === process.pid ? { kind: 'member', pid: process.pid, directory: group } : { kind: 'process', process };
  }
  return group !== undefined && !remains && killMode !== 'process' && isPopulated(group) ? { kind: 'group', directory: group } : { kind: 'ask' };
}
