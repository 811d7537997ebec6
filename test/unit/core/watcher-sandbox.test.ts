import { expect } from 'chai';

import { leaveSandboxDropIn, SANDBOX_VARIABLE } from '../../../src/core/watcher-sandbox.js';
import { watcherUnit } from '../../../src/core/watcher-unit.js';

const USUAL = { runtime: '/run/watchkeeper', state: '/var/lib/watchkeeper', log: '/var/log/watchkeeper' };

const directives = (text: string): readonly string[] => text.split('\n').filter((line) => /^[A-Za-z]+=/.test(line)).map((line) => line.split('=')[0] ?? '');

describe("the sandbox of the watcher's unit", () => {
  const unit = watcherUnit('/usr', USUAL);
  const sandbox = unit.slice(unit.indexOf('# Sandbox'), unit.indexOf('[Install]'));

  it('is taken back by the drop-in, directive by directive, but for what no daemon misses', () => {
    const taken = new Set(directives(sandbox));
    const back = directives(leaveSandboxDropIn('x.target is not-found'));
    expect([...taken].filter((name) => !back.includes(name))).to.deep.equal(['Environment', 'LockPersonality', 'KeyringMode']);
    expect(back.filter((name) => !taken.has(name))).to.deep.equal(['UnsetEnvironment']);
    expect(sandbox).to.include(`Environment=${SANDBOX_VARIABLE}=yes\n`);
    expect(leaveSandboxDropIn('x')).to.include(`UnsetEnvironment=${SANDBOX_VARIABLE}\n`).and.include('CapabilityBoundingSet=~\n');
  });

  it('cannot be broken by the reason', () => {
    expect(directives(leaveSandboxDropIn('no\nProtectSystem=strict')).filter((name) => name === 'ProtectSystem')).to.have.length(1);
  });

  it('leaves directories in unusual places to be written to, made before', () => {
    const odd = watcherUnit('/usr', { ...USUAL, log: '/srv/log/wk' });
    expect(odd).to.include('\nReadWritePaths=/run -/tmp -/var/tmp /srv/log/wk\n').and.include('\nExecStartPre=+/bin/mkdir -p /srv/log/wk\nExecStart=');
    expect(unit).to.include('\nReadWritePaths=/run -/tmp -/var/tmp\n').and.not.include('ExecStartPre');
  });
});
