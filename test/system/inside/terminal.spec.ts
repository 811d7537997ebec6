/** What an operator sees at a terminal, of units: one daemon whole, the journal, the history, progress. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import type { DaemonDetails } from '../../../src/core/daemon-details.js';
import { eventually } from '../../support/eventually.js';
import { onTerminal } from '../../support/pty.js';
import { must, systemctl } from './bench.js';
import { daemonUtil, Site, status, WATCHER, watchkeeper } from './site.js';

describe('watchkeeper at a terminal, under systemd', function () {
  this.timeout(120_000);
  let site: Site;
  let following: ChildProcess | undefined;

  before(() => Site.install());
  beforeEach(() => (site = new Site()));
  afterEach(() => {
    following?.kill('SIGTERM');
    following = undefined;
    site.cleanup();
  });

  function talker(): void {
    const program = join(site.directory, 'talker');
    writeFileSync(program, '#!/bin/sh\necho "one of $$"\nprintf "two \\033[31mred\\n"\ntrap "exit 3" TERM\nsleep 1000 & wait\n', { mode: 0o755 });
    site.add('talker', {}, { executable: program, arguments: [], readiness: { kind: 'settled', settle: 300 } });
  }

  it('status NAME tells systemd’s own words, the control group, the last end, and the last lines of the journal', async () => {
    talker();
    site.settle({ units: true });
    systemctl('start', WATCHER);
    expect(daemonUtil('start', 'talker').status).to.equal(0);
    await eventually('it is seen to run', () => status().daemons['talker']?.observed === 'running');
    must('/bin/kill', '-TERM', daemonUtil('pid', 'talker').stdout.trim());
    await eventually('it is restarted', () => (status().daemons['talker']?.restarts ?? 0) > 0 && status().daemons['talker']?.observed === 'running', 60_000);
    const { details } = JSON.parse(must('/usr/sbin/watchkeeper', 'status', '--json', 'talker')) as { details: Record<string, DaemonDetails> };
    const told = details['talker'];
    expect(told?.serviceManager).to.include({ LoadState: 'loaded', ActiveState: 'active', SubState: 'running' });
    expect(told?.processes.map(({ program, depth }) => `${depth} ${program}`)).to.deep.equal(['0 talker', '1 sleep']);
    // From systemd 254 on the restart is seen without the end before it.
    expect(told?.lastEnd?.reason).to.match(/exited with status 3|systemd restarts it/);
    expect(told?.outputIn).to.equal('journalctl -u wk-talker.service');
    expect(told?.lastOutput.join('\n')).to.match(/one of \d+\n.*two .*red/);
    const text = must('/usr/sbin/watchkeeper', 'status', 'talker');
    expect(text).to.match(/ restart owner +systemd \(watcher pid \d+/).and.to.match(/LoadState=loaded ActiveState=active/).and.to.match(/2 processes, /);
    expect(text).not.to.include('\u001b');
  });

  it('logs NAME shows the journal of its unit, and follows it', async () => {
    talker();
    site.settle({ units: true });
    expect(daemonUtil('start', 'talker').status).to.equal(0);
    const first = Number(daemonUtil('pid', 'talker').stdout);
    await eventually('its lines are there', () => watchkeeper('logs', 'talker').stdout.includes(`one of ${first}`));
    following = spawn('/usr/sbin/watchkeeper', ['logs', 'talker', '-f', '-n', '1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let seen = '';
    following.stdout?.setEncoding('utf8').on('data', (text: string) => (seen += text));
    await eventually('it shows the last line', () => seen !== '');
    expect(daemonUtil('restart', 'talker').status).to.equal(0);
    const second = Number(daemonUtil('pid', 'talker').stdout);
    await eventually('it goes on', () => seen.includes(`one of ${second}`));
    expect(watchkeeper('logs', 'talker', '-n', '2').stdout).not.to.include(`one of ${first}`);
    // Nobody holds its output any more: journalctl has gone with it.
    const closed = once(following, 'close');
    following.kill('SIGTERM');
    await closed;
  });

  it('history NAME has what systemd did while the watcher looked', async () => {
    talker();
    site.settle({ units: true });
    systemctl('start', WATCHER);
    daemonUtil('start', 'talker');
    await eventually('it is seen to run', () => status().daemons['talker']?.observed === 'running');
    systemctl('stop', 'wk-talker.service');
    await eventually('it is seen to be down', () => status().daemons['talker']?.observed !== 'running');
    const states = (): readonly string[] => {
      const { daemons } = JSON.parse(must('/usr/sbin/watchkeeper', 'history', '--json', '--since', '1h')) as { daemons: Record<string, { state: string }[]> };
      return (daemons['talker'] ?? []).map(({ state }) => state);
    };
    await eventually('both are kept', () => states().includes('running') && states().at(-1) !== 'running');
    expect(must('/usr/sbin/watchkeeper', 'history', 'talker', '--since', '5m')).to.match(/^DAEMON /);
  });

  it('start-all and stop-all on a terminal list the units as they become ready', () => {
    site.add('quick');
    site.add('slow', { readyAfter: 1500 });
    site.settle({ units: true });
    const started = onTerminal(['/usr/sbin/daemon-util', 'start-all'], {});
    expect(started.status, started.text).to.equal(0);
    expect(started.screen.map((line) => line.replace(/[\d.]+ m?s/, 'T'))).to.have.members(['  quick: ready after T', '  slow: ready after T', 'start-all: 2 of 2 done, T']);
    expect(started.text).to.match(/start-all: \d of 2 done, [\d.]+ m?s; not yet: /);
    const stopped = onTerminal(['/usr/sbin/daemon-util', 'stop-all'], {});
    expect(stopped.status, stopped.text).to.equal(0);
    expect(stopped.screen.at(-1)).to.match(/^stop-all: 2 of 2 done, /);
    expect(daemonUtil('start-all')).to.deep.include({ status: 0, stdout: '', stderr: '' });
  });
});
