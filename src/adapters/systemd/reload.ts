/** A reload in the unit's own way, or by the daemon's signal where the unit has none. */
import type { DaemonSpec } from '../../core/daemon.js';
import { escapeControl } from '../../core/escape.js';
import { failed, ok, type Outcome } from '../../core/outcome.js';
import type { ProcessTable } from '../../ports/process-table.js';
import type { Systemctl } from './systemctl.js';
import { callRefusal, isNotFound, isUp } from './vocabulary.js';

/** ms on top of the daemon's own time-out. */
const GRACE = 5_000;
/** ms for what systemd answers at once. */
const QUICK = 10_000;

/** @throws SystemdSilent */
export async function reloadUnit(spec: DaemonSpec, systemctl: Systemctl, processes: Pick<ProcessTable, 'identify'>): Promise<Outcome> {
  const facts = await systemctl.showOne(spec.unit);
  const next = `try: systemctl status ${spec.unit}`;
  if (!isUp(facts)) return failed(isNotFound(facts) ? 'not-found' : 'failed', `${spec.unit} is not running, so it cannot reload`, `try: systemctl start ${spec.unit}`);
  const result = facts.canReload ? await systemctl.act('reload', [spec.unit], spec.startTimeout + GRACE) : await systemctl.kill(spec.unit, spec.reloadSignal, QUICK);
  if (result.timedOut) return failed('timeout', `${spec.unit} did not reload in time`, next);
  if (!result.ok) return failed(callRefusal(result.stderr)?.code ?? 'failed', `cannot reload ${spec.unit}: ${escapeControl(result.stderr.trim(), 300)}`, next);
  return ok(true, facts.canReload ? `${spec.unit} reloaded` : `${spec.reloadSignal} sent to ${spec.unit}`, processes.identify(facts.mainPid));
}
