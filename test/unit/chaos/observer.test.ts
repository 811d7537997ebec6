/** The observer as the process that it is, with files that are written by hand. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { parseObservations, type Observation } from '../../chaos/observation.js';
import { eventually } from '../../support/eventually.js';

const OBSERVER = fileURLToPath(new URL('../../chaos/observer.ts', import.meta.url));

/** What it tells of a state and a runtime directory until it has read them once. */
async function observed(write: (state: string, runtime: string) => void): Promise<readonly Observation[]> {
  const directory = mkdtempSync(join(tmpdir(), 'wk-observer-'));
  const [log, state, runtime] = [join(directory, 'log'), join(directory, 'state'), join(directory, 'run')];
  const told = (): readonly Observation[] => parseObservations(readFileSync(log, { encoding: 'utf8', flag: 'a+' }));
  try {
    for (const one of [state, runtime]) mkdirSync(one);
    write(state, runtime);
    const observer = spawn(process.execPath, ['--import=tsx/esm', OBSERVER, log, state, runtime, '/nowhere/daemon'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => observer.once('exit', resolve));
    try {
      await eventually('it has read all files', () => told().some(({ e }) => e === 'read'));
    } finally {
      observer.kill('SIGTERM');
      await ended;
    }
    return told();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the observer of a storm', function () {
  this.timeout(60_000);

  it('has a last word, from which it is known until when it looked', async () => {
    const log = await observed(() => undefined);
    expect(log.at(-1)).to.include({ e: 'looking' });
  });

  it('tells of each record that is torn, and of none that is whole', async () => {
    const torn = ['state/desired/d0', 'state/tasks/t.json', 'state/pauses.json', 'run/memory/d0', 'run/retry/d0', 'run/state/d0', 'run/claims/d0', 'run/configuration', 'run/watcher'];
    const log = await observed((state, runtime) => {
      for (const path of torn) {
        const file = path.replace(/^state/, state).replace(/^run/, runtime);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, '{"a":');
      }
      writeFileSync(join(state, 'desired/d1'), '{"desired":"up"}');
      writeFileSync(join(state, 'history.jsonl'), '{"a":');
    });
    const told = log.flatMap((one) => (one.e === 'unparsable' ? [one.path.replace(/^.*\/(?=(state|run)\/)/, '')] : []));
    expect(told.map((path) => path.replace(/^state\/d0$/, 'run/state/d0')).sort()).to.deep.equal([...torn].sort());
    expect(log).to.deep.include({ ...log.find(({ e }) => e === 'desired'), e: 'desired', name: 'd1', desired: 'up' });
  });
});
