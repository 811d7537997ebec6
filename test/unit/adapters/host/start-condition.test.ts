import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { firstUnmet, isMet } from '../../../../src/adapters/host/start-condition.js';
import { describeUnmet } from '../../../../src/core/start-condition.js';

describe('conditions of a start', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchkeeper-condition-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const hasLine = (line: string) => isMet({ kind: 'file-has-line', path: join(directory, 'list'), line });

  it('a file has a line as a whole and to the letter, also the last without its end', () => {
    writeFileSync(join(directory, 'list'), 'xen-hvm\n.*\nkvm');
    expect(['kvm', 'xen-hvm', '.*'].map(hasLine)).to.deep.equal([true, true, true]);
    expect(['kv', 'xen', 'KVM', 'fake', 'kvm '].map(hasLine)).to.deep.equal([false, false, false, false, false]);
  });

  it('what is no readable file of a sensible size has no lines, and hangs nobody', () => {
    const path = join(directory, 'list');
    expect(hasLine('kvm'), 'missing').to.equal(false);
    mkdirSync(path);
    expect(hasLine('kvm'), 'a directory').to.equal(false);
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect(hasLine('kvm'), 'a FIFO').to.equal(false);
    rmSync(path);
    writeFileSync(path, `kvm\n${'x'.repeat(2 ** 20)}`);
    expect(hasLine('kvm'), 'too long').to.equal(false);
  });

  it('the first that is unmet is told in words', () => {
    const unmet = firstUnmet([{ kind: 'path-exists', path: directory }, { kind: 'file-has-line', path: '/no/list', line: 'kvm' }, { kind: 'path-missing', path: directory }]);
    expect(unmet && describeUnmet(unmet)).to.equal("/no/list has no line 'kvm'");
  });
});
