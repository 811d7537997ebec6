/** The three daemons that `npm start` runs, by themselves. */
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { demoConfiguration, demoCrashFile } from '../../src/adapters/config/demo.js';
import { eventually } from '../support/eventually.js';

const PROGRAMS = join(import.meta.dirname, '../../scripts/demo');

describe('demo daemons', function () {
  this.timeout(30_000);
  let base = '';
  const children: ChildProcess[] = [];

  beforeEach(() => {
    base = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-demo-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    fs.rmSync(base, { recursive: true, force: true });
  });

  function start(name: string): Promise<number | string | null> & { child: ChildProcess } {
    const { catalogue } = demoConfiguration({ runtimeBase: base, programs: PROGRAMS });
    const spec = catalogue.daemons.find((daemon) => daemon.name === name);
    if (spec === undefined) throw new Error(`the demo has no ${name}`);
    const child = spawn(spec.executable, spec.arguments, { env: { ...spec.environment }, stdio: 'ignore' });
    children.push(child);
    const ended = new Promise<number | string | null>((resolve, reject) => {
      child.on('exit', (status, signal) => resolve(status ?? signal));
      child.on('error', reject);
    });
    return Object.assign(ended, { child });
  }

  function time(): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const connection = connect(join(base, 'clockd.sock'));
      connection.setEncoding('utf8');
      connection.on('data', (text) => (answer += String(text)));
      connection.on('end', () => resolve(answer));
      connection.on('error', reject);
    });
  }

  const clockAnswers = (): Promise<boolean> => time().then((text) => /^\d{4}-/.test(text), () => false);

  it('clockd tells the time, also after a clockd that was killed, and ends when asked', async () => {
    const first = start('clockd');
    await eventually('clockd answers', clockAnswers);
    first.child.kill('SIGKILL');
    expect(await first).to.equal('SIGKILL');
    const second = start('clockd');
    await eventually('the next clockd answers', clockAnswers);
    second.child.kill('SIGTERM');
    expect(await second).to.equal(0);
  });

  it('greeterd needs clockd', async () => {
    expect(await start('greeterd')).to.equal(1);
    void start('clockd');
    await eventually('clockd answers', clockAnswers);
    const greeter = start('greeterd');
    const early = await Promise.race([greeter, new Promise((resolve) => setTimeout(resolve, 1000, 'lives'))]);
    expect(early).to.equal('lives');
    greeter.child.kill('SIGTERM');
    expect(await greeter).to.equal(0);
  });

  it('flakyd crashes at once while its file is there, and at no other time', async () => {
    const file = demoCrashFile(base);
    const running = start('flakyd');
    const early = await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 1000, 'lives'))]);
    expect(early).to.equal('lives');
    fs.writeFileSync(file, '');
    expect(await running).to.equal(1);
    expect(await start('flakyd')).to.equal(1);
  });
});
