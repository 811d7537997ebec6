/** Pid files of others, and our own records of which process is whose. */
import { chmodSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { bootId } from '../../../src/adapters/host/proc.js';
import { HostClaims } from '../../../src/adapters/sysv/claims.js';
import { parsePid, readOwnPidFile, readPidFile, removePidFile, writePidFile } from '../../../src/adapters/sysv/pid-file.js';
import { hostile } from '../bytes.js';
import { mustBePrintable } from '../demands.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const MOST_PID = 4 * 1024 * 1024;

export const target: Target = {
  inputs: fc.oneof(hostile(['1234\n', '1\n', '4194304', ' 77 \r\n/usr/sbin/x\n', '\n', '0\n', '-1\n']), hostile([`1234 99 ${bootId()}\n`, 'none\n', `starting ${bootId()}\n`, `1 1 ${bootId()}`])),
  batch: 200,
  open() {
    const scratch = new Scratch();
    chmodSync(scratch.directory, 0o700);
    const claims = new HostClaims(scratch.directory);
    claims.remove('web');
    return {
      try(input) {
        const file = scratch.write('pids/web', input);
        const read = readPidFile(file);
        const { kind } = read;
        expect(readOwnPidFile(file).kind).to.equal(kind);
        if (read.kind === 'unusable') {
          mustBePrintable(read.reason);
          expect(read.reason.length).to.be.lessThan(400);
          expect(input.toString('latin1', 0, 1024)).to.not.match(/^[1-9]\d{0,6}\n/);
        } else if (read.kind === 'pid') {
          mustBePid(read.pid);
          expect(writePidFile(file, read.pid)).to.equal(undefined);
          expect(readPidFile(file)).to.include({ kind: 'pid', pid: read.pid });
          expect(parsePid(`${read.pid}\n`)).to.equal(read.pid);
        } else expect(input.length).to.equal(-1);

        scratch.write('claims/web', input);
        const { state, full } = claims.look('web');
        if (state === 'claimed') expect(input.toString('latin1')).to.include(bootId());
        if (full !== undefined) expect([full.pid, full.startTicks].every((number) => Number.isSafeInteger(number))).to.equal(true);
        expect(removePidFile(file)).to.equal(undefined);
      },
      close: () => scratch.remove(),
    };
  },
};

function mustBePid(pid: number): void {
  expect(Number.isInteger(pid) && pid > 0 && pid <= MOST_PID).to.equal(true);
}
