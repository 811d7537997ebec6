/**
 * A daemon-util in small: starts one daemon with one-shot arguments, and says
 * when it is about to. A test kills it at a moment of its choice.
 * Arguments: RUNTIME NAME UNIT WORD…
 */
import { HostClock } from '../../../src/adapters/host/clock.js';
import { HostProcessTable } from '../../../src/adapters/host/process-table.js';
import { RecordedBootOffset } from '../../../src/adapters/host/boot-offset.js';
import { HostRunner } from '../../../src/adapters/host/runner.js';
import { HostAccounts } from '../../../src/adapters/host/user.js';
import { SystemdManager } from '../../../src/adapters/systemd/manager.js';
import { OneshotArguments } from '../../../src/adapters/systemd/oneshot.js';
import { daemonSpec } from '../../support/daemon-spec.js';

const [runtime = '', name = '', unit = '', ...oneShotArguments] = process.argv.slice(2);
const clock = new HostClock();
const accounts = new HostAccounts();
const processes = new HostProcessTable(clock, accounts, new RecordedBootOffset(runtime));
const self = processes.identify(process.pid);
if (self === undefined) throw new Error('cannot find our own process');
const manager = new SystemdManager({
  group: { notMasterExitStatus: 11 },
  runner: new HostRunner(clock, accounts),
  processes,
  readiness: { check: (_spec, uptime) => Promise.resolve({ ready: uptime > 200, reason: 'settled' }) },
  clock,
  oneshot: new OneshotArguments(runtime, self),
  explicit: true,
});
process.stdout.write('starting\n');
const outcomes = await manager.start([{ spec: daemonSpec({ name, unit }), oneShotArguments }]);
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
