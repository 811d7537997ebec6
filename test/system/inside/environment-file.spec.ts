/**
 * Our reader of environment files beside systemd's own: what we accept means the
 * same to a unit with EnvironmentFile=, and what we refuse does not mean the same
 * to systemd and to a shell, or is no file for one of them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { parseEnvironmentFile } from '../../../src/core/environment-file.js';
import { acceptedTexts, testSeed } from '../../support/environment-texts.js';
import { systemctl } from './bench.js';

const TEMPLATE = '/run/systemd/system/wk-environment@.service';

/** What both read alike, and we too. */
const ALIKE: readonly string[] = [
  '', '\n\n', '# comment\nA=1\n', '  # comment\n\tA=1\n', 'A=', 'A=1', 'A=1   \nB=2\t\n', 'A=first\nA=last\n', "A='a b' \n", "A='$x `y` \\n \"q\"'\n",
  'A="a \'b\' c"\n', 'A="\\"\\\\\\$\\`"\n', 'A="\\x\\n"\n', "A='one\ntwo'\n", 'A="one\ntwo"\n', 'A="one\\\ntwo"\n', 'A=one\\\ntwo\n', 'A=a\\ b\\\'c\\"\n',
  "A='a''b'\n", "A='a'\"b\"c\n", "A=''\nB=\"\"\n", 'A=a=b=c\n', 'A=a#b\n', 'A=ümläut😀\n', 'A="\t\u001b[0m"\n', "A='\u0085\u2028'\n", 'A_1=x\n_B=y\n', 'A=%n%%\n', 'A=-v\\ -x\n',
  "A='--name $x'\nB=\"--path \\\"a b\\\"\"\n", 'A=a\\\tb\n', `A='${'x'.repeat(100_000)}'\n`,
];

/** What we refuse: read in two ways, or by one of the two only. The shell is this machine's dash. */
const REFUSED: readonly string[] = [
  'export A=1\n', 'A =1\n', 'A= 1\n', 'A=a b\n', 'A=$HOME\n', 'A="$HOME"\n', 'A=`echo x`\n', 'A="`echo x`"\n', 'A=~\n', 'A=a;b\n', 'A=a|cat\n', 'A=a&\n', 'A=a>/dev/null\n', 'A=a(b)\n',
  'A=a"b"\n', "A=a'b c'\n", 'A=1 # comment\n', '; comment\nA=1\n', 'A=1\r\n', '1A=x\n', 'A-B=x\n', 'A\n', "A='never closed\nB=1\n", 'A=x\\', '\ufeffA=1\n', 'A="a\\\n',
];
/** The readings of these differ between systemd before 254 and after. */
const REFUSED_FOR_ITS_AGE = '# comment\\\nA=1\n';
const NOT_UTF8 = Buffer.from([0x41, 0x3d, 0xff, 0x0a]);

type Reading = ReadonlyMap<string, string> | undefined;

describe('environment files and systemd', function () {
  this.timeout(240_000);
  let directory: string;
  let count = 0;

  before(() => {
    directory = mkdtempSync('/run/environment-');
    writeFileSync(TEMPLATE, `[Unit]\nCollectMode=inactive-or-failed\n[Service]\nType=oneshot\nEnvironmentFile=${directory}/%i\nExecStart=/usr/bin/env -0\nStandardOutput=file:${directory}/%i.out\n`);
    systemctl('daemon-reload');
  });
  after(() => {
    rmSync(TEMPLATE, { force: true });
    rmSync(directory, { recursive: true, force: true });
    systemctl('daemon-reload');
  });

  function parsed(path: string): Map<string, string> {
    const pairs = readFileSync(path, 'utf8').split('\0').slice(0, -1);
    return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  }

  /** Each file through a unit of its own; undefined where the unit does not start with it. */
  function inSystemd(files: readonly (string | Buffer)[]): readonly Reading[] {
    const instances = [...files, ''].map((file) => {
      count += 1;
      writeFileSync(join(directory, String(count)), file);
      return String(count);
    });
    // Its status is not asked: some are there to fail.
    const started = spawnSync('/usr/bin/systemctl', ['start', ...instances.map((instance) => `wk-environment@${instance}.service`)], { encoding: 'utf8', timeout: 200_000 });
    expect(started.error, started.stderr).to.equal(undefined);
    const readings = instances.map((instance): Map<string, string> | undefined => {
      const path = join(directory, `${instance}.out`);
      return existsSync(path) && readFileSync(path).length > 0 ? parsed(path) : undefined;
    });
    // What systemd gives to every unit: the last one's file is empty.
    const own = readings.pop();
    if (own === undefined) throw new Error(`a unit with an empty file did not run: ${started.stderr}`);
    for (const reading of readings) for (const name of own.keys()) reading?.delete(name);
    return readings;
  }

  /** undefined where the shell does not come to the end of it. */
  function inShell(file: string | Buffer): Reading {
    const path = join(directory, 'shell');
    writeFileSync(path, file);
    const script = `set -a; . ${path} || exit; exec /usr/bin/env -0`;
    const { status, stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: { HOME: '/home/somebody' }, timeout: 20_000, maxBuffer: 16 * 1024 * 1024 });
    if (status !== 0) return undefined;
    const pairs = stdout.split('\0').slice(0, -1).map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
    return new Map(pairs.filter(([name]) => !['HOME', 'PWD', 'OLDPWD'].includes(name)));
  }

  const sorted = (reading: Reading): unknown => (reading === undefined ? 'refused' : [...reading].sort());

  it('what is common to all is read alike by systemd, by the shell and by us', () => {
    const readings = inSystemd(ALIKE);
    ALIKE.forEach((text, index) => {
      const words = JSON.stringify(text.slice(0, 100));
      const ours = parseEnvironmentFile(text);
      if (!ours.ok) throw new Error(`we refuse ${words}: ${JSON.stringify(ours.errors)}`);
      expect(sorted(readings[index]), `${words} by systemd`).to.deep.equal(sorted(ours.variables));
      expect(sorted(inShell(text)), `${words} by the shell`).to.deep.equal(sorted(ours.variables));
    });
  });

  it('what we refuse has no common meaning', () => {
    const files = [...REFUSED, NOT_UTF8];
    const readings = inSystemd(files);
    files.forEach((file, index) => {
      const words = JSON.stringify(file.toString());
      expect(parseEnvironmentFile(file).ok, `${words} is accepted`).to.equal(false);
      expect(sorted(readings[index]), `${words} means the same to both`).to.not.deep.equal(sorted(inShell(file)));
    });
    expect(parseEnvironmentFile(REFUSED_FOR_ITS_AGE).ok).to.equal(false);
  });

  it('whatever else we accept, systemd reads as we do', () => {
    const seed = testSeed();
    const cases = acceptedTexts(300, seed);
    expect(cases.length, `seed ${seed}`).to.be.greaterThan(250);
    const readings = inSystemd(cases.map(({ text }) => text));
    cases.forEach(({ text, variables }, index) => {
      expect(sorted(readings[index]), `${JSON.stringify(text)}, WATCHKEEPER_TEST_SEED=${seed}`).to.deep.equal(sorted(variables));
    });
  });
});
