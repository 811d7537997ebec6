import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { FileHistory, readHistory } from '../../../../src/adapters/state/history.js';
import type { StatusState } from '../../../../src/core/daemon-status.js';
import type { HistoryRecord } from '../../../../src/core/history.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('FileHistory', () => {
  let state: string;
  let clock: FakeClock;
  let complaints: string[];
  const open: FileHistory[] = [];

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'wk-history-'));
    clock = new FakeClock();
    complaints = [];
  });
  afterEach(() => {
    for (const history of open.splice(0)) history.close();
    rmSync(state, { recursive: true, force: true });
  });

  function begin(segment?: number): FileHistory {
    const history = new FileHistory(state, clock, (text) => complaints.push(text), segment);
    open.push(history);
    return history;
  }

  function record(history: FileHistory, word: StatusState, daemon = 'web'): void {
    history.record({ at: clock.wall(), daemon, state: word, desired: 'up', paused: false });
  }

  function states(daemon = 'web'): readonly string[] {
    return (readHistory(state, 0, clock.wall()).get(daemon) ?? []).map((interval) => interval.state);
  }

  it('is read back by whoever asks, also while it is written', () => {
    const history = begin();
    for (const word of ['starting', 'running', 'running', 'backing-off'] as const) {
      record(history, word);
      clock.advance(1000);
    }
    expect(states()).to.deep.equal(['starting', 'running', 'backing-off']);
    expect(history.intervals(clock.wall() - 500, clock.wall()).get('web')?.map((interval) => interval.to - interval.from)).to.deep.equal([500]);
  });

  it('loses at most the torn line, wherever a power cut tears it, and goes on behind it', () => {
    const first = begin();
    record(first, 'starting');
    clock.advance(1000);
    record(first, 'running');
    clock.advance(1000);
    record(first, 'backing-off');
    clock.advance(1000);
    open.length = 0;
    const path = join(state, 'history.jsonl');
    const whole = readFileSync(path);
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let length = lastLine; length <= whole.length; length += 1) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const next = new FileHistory(state, clock, (text) => complaints.push(text));
      record(next, 'crash-loop');
      clock.advance(1000);
      // Without its newline the line is whole all the same.
      const kept = length >= whole.length - 1 ? ['starting', 'running', 'crash-loop'] : ['starting', 'crash-loop'];
      expect(states(), `cut at ${length}`).to.deep.equal(kept);
      next.close();
    }
    expect(complaints).to.deep.equal([]);
  });

  it('passes over what is not its own', () => {
    const history = begin();
    record(history, 'running');
    appendFileSync(join(state, 'history.jsonl'), '{"t":"x"}\n{"t":1,"d":"../etc","s":"running","w":"up"}\n{"t":1,"d":"web","s":"dancing","w":"up"}\n\0\0\0\n[]\nnull\n');
    clock.advance(1000);
    expect(states()).to.deep.equal(['running']);
  });

  it('is bounded, and each half of it knows the states at its beginning', () => {
    const history = begin(4000);
    record(history, 'running', 'steady');
    for (let round = 0; round < 400; round += 1) {
      clock.advance(1000);
      record(history, round % 2 === 0 ? 'running' : 'backing-off');
    }
    clock.advance(1000);
    const path = join(state, 'history.jsonl');
    expect(statSync(path).size).to.be.at.most(4200);
    expect(statSync(`${path}.1`).size).to.be.at.most(4200);
    rmSync(`${path}.1`);
    expect(states('steady')).to.deep.equal(['running']);
    expect(states().at(-1)).to.equal('backing-off');
  });

  it('loses nothing wherever a power cut interrupts the turn of a file', () => {
    const path = join(state, 'history.jsonl');
    const before = begin(600);
    record(before, 'running', 'steady');
    while (!existsSync(`${path}.1`)) {
      clock.advance(1000);
      record(before, states().length % 2 === 0 ? 'running' : 'backing-off');
    }
    clock.advance(1000);
    open.length = 0;
    const [oldest, newest] = [readFileSync(`${path}.1`), readFileSync(path)];
    const told = states();
    for (let length = -1; length <= newest.length; length += 1) {
      writeFileSync(`${path}.1`, oldest);
      // -1: the rename is on the disk, the new file is not.
      if (length < 0) rmSync(path);
      else writeFileSync(path, newest.subarray(0, length));
      expect(states('steady'), `steady, cut at ${length}`).to.deep.equal(['running']);
      // Of the last one in the old file nobody knows how long it held.
      expect(states().slice(0, told.length - 2), `web, cut at ${length}`).to.deep.equal(told.slice(0, -2));
      const next = new FileHistory(state, clock, (text) => complaints.push(text), 600);
      record(next, 'running', 'steady');
      clock.advance(1000);
      expect(states('steady').at(-1)).to.equal('running');
      next.close();
    }
    // The rename is not on the disk: the old file is whole.
    writeFileSync(path, oldest);
    rmSync(`${path}.1`);
    expect(states().slice(0, told.length - 2)).to.deep.equal(told.slice(0, -2));
    expect(complaints).to.deep.equal([]);
  });

  it('does not take the beginning of a state, told again in a new file, for the end of our life', () => {
    const history = begin(300);
    record(history, 'running', 'steady');
    clock.advance(3_600_000);
    for (let round = 0; !existsSync(join(state, 'history.jsonl.1')); round += 1) record(history, round % 2 === 0 ? 'running' : 'backing-off');
    const [interval] = readHistory(state, 0, clock.wall()).get('steady') ?? [];
    expect(interval?.to).to.equal(clock.wall());
  });

  it('tells followers all that is kept and all that comes, each once and in its order', async () => {
    const first = begin(2000);
    for (let round = 0; round < 60; round += 1) {
      record(first, round % 2 === 0 ? 'running' : 'backing-off');
      clock.advance(1000);
    }
    first.close();
    const history = begin(2000);
    const seen: HistoryRecord[] = [];
    const caughtUp = history.follow((item) => seen.push(item));
    // While the files are still being read.
    for (let round = 0; round < 60; round += 1) {
      record(history, round % 2 === 0 ? 'crash-loop' : 'running');
      clock.advance(1000);
    }
    await caughtUp;
    record(history, 'stopped');
    const instants = seen.map(({ at }) => at);
    expect(instants.slice(-61)).to.deep.equal([...instants.slice(-61)].sort((a, b) => a - b));
    expect(seen.at(-1)).to.include({ kind: 'state', state: 'stopped' });
    expect(seen.filter((item) => item.kind === 'state' && item.state === 'crash-loop')).to.have.length(30);
  });

  it('complains once of a directory that is gone, and goes on when it is back', () => {
    const history = begin();
    record(history, 'running');
    history.close();
    rmSync(state, { recursive: true });
    for (const word of ['backing-off', 'running', 'backing-off'] as const) record(history, word);
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.match(/history has a gap/);
  });

  it('puts what it wrote on the disk by one call for all that came meanwhile', () => {
    const history = begin();
    for (const word of ['starting', 'running', 'backing-off'] as const) record(history, word);
    expect(clock.armed).to.equal(1);
  });
});
