/** Of a unit that is down a long-lived process knows little before it starts it: what comes of the start is told as by who asks for all. */
import { expect } from 'chai';

import { BusSystemctl } from '../../../src/adapters/systemd/bus-systemctl.js';
import type { Outcome } from '../../../src/core/outcome.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { eventually } from '../../support/eventually.js';
import { Bench, newName, only } from './bench.js';

describe('the start of a unit that is down, over the bus', function () {
  this.timeout(60_000);
  let byProgram: Bench;
  let byBus: Bench;
  let bus: BusSystemctl;

  beforeEach(() => {
    byProgram = new Bench();
    byBus = new Bench({ systemctl: ({ runner, clock }) => (bus = new BusSystemctl(runner, clock)) });
  });

  afterEach(() => {
    bus.close();
    byBus.cleanup();
    byProgram.cleanup();
  });

  /** Two starts that come to the same, each from the state in which the one before has left it. */
  async function agreed({ spec }: TestDaemon): Promise<Outcome> {
    const start = async ({ manager }: Bench): Promise<Outcome> => only(await manager.start([{ spec, oneShotArguments: [] }]));
    await start(byProgram);
    const expected = await start(byProgram);
    const told = await start(byBus);
    expect(told).to.deep.equal(expected);
    return told;
  }

  const PROGRAMS: readonly (readonly [string, (text: string) => string, Partial<Outcome>])[] = [
    ['whose program is missing', (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/nonexistent/program'), { kind: 'failed' }],
    ['whose program ends badly', (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/false').replace(/^Type=.*$/m, 'Type=oneshot'), { kind: 'failed' }],
    ['whose preparation fails', (text) => text.replace(/^ExecStart=/m, 'ExecStartPre=/bin/false\nExecStart='), { kind: 'failed' }],
    ['that requires what is not there', (text) => text.replace(/^\[Unit\]$/m, `[Unit]\nRequires=wk-${newName()}.service`), { kind: 'failed' }],
  ];
  for (const [which, change, expected] of PROGRAMS) {
    it(`of one ${which}`, async () => {
      expect(await agreed(byProgram.daemon({}, {}, change))).to.include(expected);
    });
  }

  it('of one with a condition that is unmet, and that systemd keeps in memory', async () => {
    const daemon = byProgram.daemon({}, {}, (text) => text.replace(/^\[Unit\]$/m, '[Unit]\nConditionPathExists=/nonexistent'));
    const holder = byProgram.daemon({}, {}, (text) => text.replace(/^\[Unit\]$/m, `[Unit]\nAfter=${daemon.spec.unit}`));
    await byProgram.start(holder.spec);
    expect(await agreed(daemon)).to.include({ kind: 'skipped' });
  });

  it('of one that was killed, and its stop, which needs no order', async () => {
    const daemon = byProgram.daemon();
    const { spec } = daemon;
    const stop = async ({ manager }: Bench): Promise<Outcome> => only(await manager.stop([spec]));
    for (const bench of [byProgram, byBus]) {
      expect(only(await bench.manager.start([{ spec, oneShotArguments: [] }]))).to.include({ kind: 'ok', changed: true });
      process.kill(daemon.mains()[0] ?? 0, 'SIGKILL');
      await eventually('systemd has seen it', async () => (await byProgram.systemctl.showOne(spec.unit)).activeState === 'failed');
    }
    const expected = await stop(byProgram);
    expect(expected).to.include({ kind: 'ok', changed: false });
    expect(await stop(byBus)).to.deep.equal(expected);
    expect(only(await byBus.manager.start([{ spec, oneShotArguments: [] }]))).to.include({ kind: 'ok', changed: true });
    expect(only(await byBus.manager.start([{ spec, oneShotArguments: [] }])), 'it is up').to.include({ kind: 'ok', changed: false });
    expect(await stop(byBus)).to.include({ kind: 'ok', changed: true });
  });
});
