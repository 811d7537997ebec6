import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { OneshotArguments } from '../../../src/adapters/systemd/oneshot.js';
import type { ProcessIdentity } from '../../../src/core/process-identity.js';
import { SYSTEMCTL } from '../../../src/adapters/systemd/systemctl.js';
import { TEST_RESTART_POLICY } from '../../support/daemon-spec.js';
import { eventually } from '../../support/eventually.js';
import { liveProcesses } from '../../support/proc.js';
import type { TestDaemon } from '../../support/test-daemon.js';
import { Bench, only, systemctl } from './bench.js';

const WORD = '--no-voting';

describe('one-shot arguments under systemd', function () {
  this.timeout(40_000);
  let bench: Bench;
  let directory: string;
  const others: ChildProcess[] = [];

  beforeEach(() => {
    bench = new Bench();
    directory = join(bench.runtime, 'oneshot');
  });
  afterEach(() => {
    for (const other of others.splice(0)) other.kill('SIGKILL');
    bench.cleanup();
  });

  /** Another process that could have written a request. */
  async function writer(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
    const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    others.push(child);
    await once(child, 'spawn');
    const identity = bench.processes.identify(child.pid ?? 0);
    if (identity === undefined) throw new Error('the writer is not there');
    return { child, identity };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  function expectWithout(daemon: TestDaemon): void {
    expect(daemon.lastArguments()).not.to.be.empty;
    expect(daemon.lastArguments()).not.to.include(WORD);
  }

  function leftovers(): readonly string[] {
    return existsSync(directory) ? readdirSync(directory) : [];
  }

  it('arrive unchanged, however hostile', async () => {
    const words = [
      '', ' ', 'two  words', "it's", '"', '\\', '\\\\', '\\n', '$HOME', '${HOME}', '$$', '%n', '%%', '%', '`id`', '$(id)', ';', '#', '*', '~', '!', '&', '|', '<', '>',
      'new\nline', '\n', 'tab\t', '\r', 'ümläut', '日本語', '😀', '\u200f', '\u0001', '\u007f', '-', '--', '=', 'A=B', 'x'.repeat(20_000), 'end\\',
    ];
    const daemon = bench.daemon();
    expect((await bench.start(daemon.spec, words)).kind).to.equal('ok');
    expect(daemon.lastArguments().slice(-words.length)).to.deep.equal(words);
    expect(leftovers()).to.deep.equal([]);
  });

  it('lie in files that only root can read, as long as they lie there', () => {
    const daemon = bench.daemon();
    expect(bench.oneshot.request(daemon.spec.name, ['--password=x'])).to.equal(undefined);
    expect(statSync(directory).mode & 0o777).to.equal(0o700);
    expect(statSync(join(directory, `${daemon.spec.name}.request`)).mode & 0o777).to.equal(0o600);
    bench.oneshot.discard(daemon.spec.name);
    expect(leftovers()).to.deep.equal([]);
  });

  it('that are too long are refused, and nothing is started', async () => {
    const daemon = bench.daemon();
    const outcome = await bench.start(daemon.spec, ['x'.repeat(200_000)]);
    expect(outcome.kind === 'failed' && outcome.code).to.equal('unsupported');
    expect(daemon.starts()).to.equal(0);
    expect(leftovers()).to.deep.equal([]);
  });

  it('are gone after a start that failed, and were not seen by it twice', async () => {
    const daemon = bench.daemon({}, { executable: join(bench.directory, 'missing') });
    expect((await bench.start(daemon.spec, [WORD])).kind).to.equal('failed');
    expect(leftovers()).to.deep.equal([]);
  });

  it("are not seen by systemd's own restart", async () => {
    const daemon = bench.daemon({}, { restart: { ...TEST_RESTART_POLICY, when: 'always', baseDelay: 50 } });
    expect((await bench.start(daemon.spec, [WORD])).kind).to.equal('ok');
    expect(daemon.lastArguments()).to.include(WORD);
    process.kill(only(daemon.mains()), 'SIGKILL');
    await eventually('it was restarted', () => daemon.starts() === 2);
    expectWithout(daemon);
  });

  it('are not seen by a restart that comes while the start is still going on', async () => {
    // It dies before it is ready, so that systemd restarts it while the writer still waits.
    const restart = { ...TEST_RESTART_POLICY, when: 'always' as const, baseDelay: 50, intensity: 100 };
    const daemon = bench.daemon({ readyAfter: 300 }, { restart });
    const starting = bench.start(daemon.spec, [WORD]);
    await eventually('it runs', () => daemon.starts() === 1);
    expect(daemon.lastArguments()).to.include(WORD);
    process.kill(only(daemon.mains()), 'SIGKILL');
    await eventually('it was restarted', () => daemon.starts() === 2);
    expectWithout(daemon);
    expect((await starting).kind).to.equal('failed');
  });

  it('of a living writer reach the start that comes next, once', async () => {
    const daemon = bench.daemon();
    const { identity } = await writer();
    new OneshotArguments(bench.runtime, identity).request(daemon.spec.name, [WORD]);
    systemctl('start', daemon.spec.unit);
    await eventually('it runs', () => daemon.starts() === 1);
    expect(daemon.lastArguments()).to.include(WORD);
    await eventually('nothing is left', () => leftovers().length === 0);
    systemctl('restart', daemon.spec.unit);
    await eventually('it runs again', () => daemon.starts() === 2);
    expectWithout(daemon);
  });

  it('of a writer that was killed before the start reach no start', async () => {
    const daemon = bench.daemon();
    const { child, identity } = await writer();
    new OneshotArguments(bench.runtime, identity).request(daemon.spec.name, [WORD]);
    await kill(child);
    systemctl('start', daemon.spec.unit);
    await eventually('it runs', () => daemon.starts() === 1);
    expectWithout(daemon);
    expect(leftovers()).to.deep.equal([]);
  });

  it('that were handed on, but whose start never came to its end, reach no later one', async () => {
    const daemon = bench.daemon();
    mkdirSync(bench.runtime, { recursive: true });
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, `${daemon.spec.name}.env`), `ONESHOT_ARGUMENTS="${WORD}"\n`, { mode: 0o600 });
    systemctl('start', daemon.spec.unit);
    await eventually('it runs', () => daemon.starts() === 1);
    expectWithout(daemon);
    expect(leftovers()).to.deep.equal([]);
  });

  it('whose writer is another process by now, or of another boot, or no request at all, are thrown away', async () => {
    const daemon = bench.daemon();
    const { identity } = await writer();
    const { pid, startTicks, bootId } = identity;
    const line = `ONESHOT_ARGUMENTS="${WORD}"\n`;
    const headers = [
      `# ${pid} ${startTicks + 1} ${bootId}`, `# ${pid} ${startTicks} 00000000-0000-0000-0000-000000000000`, `# ${pid} ${startTicks}`, `# ${pid}`, '#', '',
      `# x ${startTicks} ${bootId}`, `# ../self ${startTicks} ${bootId}`, `# 999999999 ${startTicks} ${bootId}`, `# ${pid} * ${bootId}`,
    ];
    bench.oneshot.request(daemon.spec.name, [WORD]); // makes the directory
    for (const [index, header] of headers.entries()) {
      writeFileSync(join(directory, `${daemon.spec.name}.request`), `${header}\n${line}`);
      systemctl('stop', daemon.spec.unit);
      spawnSync('/usr/bin/systemctl', ['reset-failed', daemon.spec.unit], { timeout: 10_000 }); // else its start limit ends the test
      systemctl('start', daemon.spec.unit);
      await eventually(`start ${index + 1}`, () => daemon.starts() === index + 1);
      expect(daemon.lastArguments(), header).not.to.include(WORD);
      expect(leftovers(), header).to.deep.equal([]);
    }
  });

  it('are never read through a link', async () => {
    const daemon = bench.daemon();
    const elsewhere = join(bench.directory, 'elsewhere');
    bench.oneshot.request(daemon.spec.name, [WORD]);
    const request = join(directory, `${daemon.spec.name}.request`);
    const text = readFileSync(request, 'utf8');
    bench.oneshot.discard(daemon.spec.name);
    writeFileSync(elsewhere, text);
    symlinkSync(elsewhere, request);
    systemctl('start', daemon.spec.unit);
    await eventually('it runs', () => daemon.starts() === 1);
    expectWithout(daemon);
    expect(readFileSync(elsewhere, 'utf8')).to.equal(text);
    expect(leftovers()).to.deep.equal([]);
  });

  it('reach no later start, whenever the starter is killed by -9', async () => {
    for (const delay of [0, 8, 20, 40, 80]) {
      const daemon = bench.daemon({ readyAfter: 100 });
      const starter = spawn(process.execPath, ['--import', 'tsx', 'test/system/inside/starter.ts', bench.runtime, daemon.spec.name, daemon.spec.unit, WORD], { stdio: ['ignore', 'pipe', 'inherit'] });
      others.push(starter);
      await once(starter.stdout, 'data');
      // Not a wait for something: the moment of death is what varies.
      await new Promise((resolve) => setTimeout(resolve, delay));
      await kill(starter);
      // Its systemctl may live on; once that is gone, too, nobody asks for the start any more.
      await eventually('its systemctl is gone', () => !liveProcesses().some(({ argv }) => argv[0] === SYSTEMCTL && argv.includes(daemon.spec.unit)));
      systemctl('stop', daemon.spec.unit);
      const before = daemon.starts();
      expect(before).to.be.at.most(1);
      systemctl('start', daemon.spec.unit);
      await eventually('it runs', () => daemon.starts() === before + 1);
      expectWithout(daemon);
      expect(leftovers(), `after ${delay} ms`).to.deep.equal([]);
    }
  });
});
