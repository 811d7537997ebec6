import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { OutputCapper } from '../../../../src/adapters/host/output-cap.js';

/** Of several pieces, so that turning it over takes a while. */
const CAP = 1024 * 1024;

describe('adapters/host: the cap on output files', () => {
  let directory: string;
  let file: string;
  const problems: string[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wk-output-'));
    file = join(directory, 'out');
    problems.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const capper = (paths: () => readonly string[] = () => [file]): OutputCapper => new OutputCapper(paths, { maxBytes: CAP, files: 3 }, (problem) => problems.push(problem));
  const first = (path: string): string => readFileSync(path, 'latin1').slice(0, 1);

  it('turns a file over once, however often it is told to look meanwhile', async () => {
    writeFileSync(file, 'n'.repeat(CAP + 1));
    writeFileSync(`${file}.1`, 'a');
    writeFileSync(`${file}.2`, 'b');
    const one = capper();
    await Promise.all([one.look(), one.look(), one.look()]);
    expect(problems).to.deep.equal([]);
    expect([first(`${file}.1`), first(`${file}.2`), first(`${file}.3`)]).to.deep.equal(['n', 'a', 'b']);
    expect(readFileSync(`${file}.1`).length).to.equal(CAP);
    expect(readFileSync(file).length).to.equal(0);
  });

  it('looks again when it is done, and after one that failed', async () => {
    let broken = true;
    const one = capper(() => {
      if (broken) throw new Error('nobody knows the files');
      return [file];
    });
    const failure = await one.look().then(() => undefined, (error: unknown) => error);
    expect(String(failure)).to.include('nobody knows');
    broken = false;
    for (const text of ['x', 'y']) {
      writeFileSync(file, text.repeat(CAP + 1));
      await one.look();
    }
    expect([first(`${file}.1`), first(`${file}.2`), existsSync(`${file}.3`)]).to.deep.equal(['y', 'x', false]);
  });
});
