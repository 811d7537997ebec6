import { expect } from 'chai';

import { patientBoard } from '../../../src/app/patient-board.js';
import type { DaemonStatus } from '../../../src/core/daemon-status.js';
import { WatchkeeperError } from '../../../src/core/errors.js';
import type { StateBoard } from '../../../src/ports/state-board.js';

const status = (name: string, reason: string): DaemonStatus => ({ name, reason }) as DaemonStatus;

describe('a board on a disk that is full for a while', () => {
  let full = false;
  let readOnly = false;
  let problem: Error;
  let written: string[];
  let warnings: string[];
  let board: StateBoard;
  const write = (text: string, isFree = false): void => {
    if (readOnly || (full && !isFree)) throw problem;
    written.push(text);
  };

  beforeEach(() => {
    full = readOnly = false;
    problem = new WatchkeeperError('STATE_UNWRITABLE', 'cannot write', 'no space left', 'making room');
    written = [];
    warnings = [];
    const files: StateBoard = {
      publish: ({ name, reason }) => write(`${name}: ${reason}`),
      withdraw: (name) => write(`no ${name}`, true),
      heartbeat: () => write('beat'),
      close: () => write('closed'),
    };
    board = patientBoard(files, (error) => warnings.push(error.message));
  });

  it('is written at once while there is room', () => {
    board.publish(status('a', 'runs'), undefined);
    board.heartbeat();
    expect(written).to.deep.equal(['a: runs', 'beat']);
  });

  it('loses what would be out of date, warns once, and has the last of each with the first heartbeat after', () => {
    full = true;
    board.publish(status('a', 'dies'), undefined);
    board.publish(status('a', 'starts'), undefined);
    board.publish(status('b', 'runs'), undefined);
    expect(warnings).to.have.length(1);
    expect(written).to.deep.equal(['no a', 'no a', 'no b']);
    expect(() => board.heartbeat()).to.throw(WatchkeeperError);
    full = false;
    board.heartbeat();
    expect(written.slice(3)).to.deep.equal(['a: starts', 'b: runs', 'beat']);
    board.heartbeat();
    expect(written.slice(6)).to.deep.equal(['beat']);
  });

  it('does not beat while something out of date may stand there', () => {
    readOnly = true;
    board.publish(status('a', 'dies'), undefined);
    expect(() => board.heartbeat()).to.throw(WatchkeeperError);
    expect(written).to.deep.equal([]);
    readOnly = false;
    board.heartbeat();
    expect(written).to.deep.equal(['a: dies', 'beat']);
  });

  it('owes nothing of what has gone meanwhile', () => {
    full = true;
    board.publish(status('a', 'runs'), undefined);
    full = false;
    board.withdraw('a');
    board.heartbeat();
    expect(written).to.deep.equal(['no a', 'no a', 'beat']);
  });

  it('hides no bug of ours', () => {
    full = true;
    problem = new TypeError('x');
    expect(() => board.publish(status('a', 'runs'), undefined)).to.throw(TypeError);
  });
});
