import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { demoConfiguration, demoRuntimeBase } from '../../../../src/adapters/config/demo.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';
import { orderForStart } from '../../../../src/core/order.js';

const PROGRAMS = resolve(import.meta.dirname, '../../../../scripts/demo');

describe('the demo', () => {
  it('is a valid configuration of three daemons that exist, in order', () => {
    const { catalogue, paths } = demoConfiguration({ runtimeBase: '/run/user/1 2"3/watchkeeper-demo', programs: PROGRAMS });
    const order = orderForStart(catalogue.daemons);
    expect(order.ok && order.sequence.map((daemon) => daemon.name)).to.deep.equal(['clockd', 'greeterd', 'flakyd']);
    for (const { executable } of catalogue.daemons) expect(fs.statSync(executable).mode & 0o111, executable).to.equal(0o111);
    expect(paths.runtime).to.equal('/run/user/1 2"3/watchkeeper-demo/run');
    expect(catalogue.group.target, 'systemd must never be chosen').to.equal(undefined);
    expect(catalogue.daemons.find((daemon) => daemon.name === 'greeterd')?.requires).to.deep.equal(['clockd']);
  });

  it('keeps to the runtime directory of the user, and makes it for him alone', () => {
    const runtime = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-xdg-'));
    try {
      const base = demoRuntimeBase({ XDG_RUNTIME_DIR: runtime });
      expect(base).to.equal(join(runtime, 'watchkeeper-demo'));
      expect(fs.statSync(base).mode & 0o7777).to.equal(0o700);
      expect(demoRuntimeBase({ XDG_RUNTIME_DIR: runtime })).to.equal(base);
      fs.rmSync(base, { recursive: true });
      fs.writeFileSync(base, 'in the way');
      expect(() => demoRuntimeBase({ XDG_RUNTIME_DIR: runtime })).to.throw(WatchkeeperError);
      fs.rmSync(base);
      fs.mkdirSync(base);
      fs.chmodSync(base, 0o777);
      expect(() => demoRuntimeBase({ XDG_RUNTIME_DIR: runtime })).to.throw(WatchkeeperError);
    } finally {
      fs.rmSync(runtime, { recursive: true, force: true });
    }
  });
});
