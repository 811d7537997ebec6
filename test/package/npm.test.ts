/** The package for npm: made twice, installed into an empty directory without a network, and used from there. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { apiReport, REPORT } from '../../scripts/dev/api-report.mjs';
import { buildOnce, DaemonUtilWorld } from '../support/daemon-util-world.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const TYPES = join(ROOT, 'node_modules/@types');
const HAS_SCDOC = existsSync('/usr/bin/scdoc');

interface Ending {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the package for npm', function () {
  this.timeout(240_000);
  let top: string;
  let consumer: string;
  let tarball: string;
  let installed: string;

  function run(program: string, args: readonly string[], options: { cwd?: string; environment?: Readonly<Record<string, string>> } = {}): Ending {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      encoding: 'utf8',
      timeout: 200_000,
      cwd: options.cwd ?? consumer,
      env: { PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: top, LC_ALL: 'C.UTF-8', npm_config_userconfig: '/dev/null', npm_config_cache: join(top, 'cache'), ...options.environment },
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  }

  function must(...call: Parameters<typeof run>): string {
    const { status, stdout, stderr } = run(...call);
    if (status !== 0) throw new Error(`${call[0]} ${call[1].join(' ')} ended with ${String(status)}: ${stdout}${stderr}`);
    return stdout;
  }

  before(function () {
    if (!HAS_SCDOC) {
      console.log('    skipped: scdoc is not installed, which makes the manual pages');
      this.skip();
    }
    top = mkdtempSync(join(tmpdir(), 'wk-npm-'));
    consumer = join(top, 'consumer');
    mkdirSync(consumer);
    installed = join(consumer, 'node_modules/watchkeeper');
    tarball = must(join(ROOT, 'scripts/build-npm'), ['--output', join(top, 'first')]).trim();
    writeFileSync(join(consumer, 'package.json'), '{"private": true, "type": "module"}\n');
    must('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
  });

  after(() => {
    if (HAS_SCDOC) rmSync(top, { recursive: true, force: true });
  });

  it('is the same bytes, wherever, whenever and under whichever umask, locale and time zone it is made', () => {
    const other = join(top, 'an other/place');
    const script = 'umask 077 && mkdir -p "$2" && cd "$1" && tar c --exclude=./dist . | tar x --no-same-permissions -C "$2"';
    must('/bin/sh', ['-c', script, 'sh', ROOT, other]);
    const second = must('/bin/sh', ['-c', 'umask 077 && exec "$0" "$@"', join(other, 'scripts/build-npm'), '--output', join(top, 'second')], { environment: { TZ: 'Asia/Kathmandu', LC_ALL: 'C' } }).trim();
    expect(second).to.equal(join(top, 'second', 'watchkeeper-0.1.0.tgz'));
    expect(readFileSync(second).equals(readFileSync(tarball))).to.equal(true);
  });

  it('is what npm pack makes', () => {
    const packed = JSON.parse(must('npm', ['pack', '--dry-run', '--json', '--silent'], { cwd: ROOT })) as unknown;
    // by npm's version, one of a list or one by its name
    const [{ files }] = Object.values(packed as object) as [{ files: readonly { path: string }[] }];
    const inTarball = must('/usr/bin/tar', ['--list', '--gzip', '--file', tarball]).trim().split('\n');
    expect(files.map(({ path }) => `package/${path}`).sort()).to.deep.equal(inTarball.sort());
  });

  it('needs no other package, and comes with documents, examples and the licence of all that it contains', () => {
    expect(readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))).to.deep.equal(['watchkeeper']);
    for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'dist/LICENSES', 'docs/library.md', REPORT, 'examples/failover.ts', 'dist/man/watchkeeper.8']) {
      expect(existsSync(join(installed, name)), name).to.equal(true);
    }
    for (const name of ['src', 'test', 'scripts/dev', 'scripts/bench', 'dist/watchkeeper.cjs.map']) expect(existsSync(join(installed, name)), name).to.equal(false);
  });

  it('has both programs by their names, on the configuration of the machine', () => {
    for (const program of ['daemon-util', 'watchkeeper']) {
      expect(must(join(consumer, 'node_modules/.bin', program), ['--version'])).to.include('0.1.0');
      const missing = join(top, 'missing.yaml');
      const { status, stderr } = run(join(consumer, 'node_modules/.bin', program), ['status'], { environment: { WATCHKEEPER_CONFIG: missing } });
      expect(status, stderr).to.equal(78);
      expect(stderr).to.include(missing);
    }
    const { stdout } = run(join(consumer, 'node_modules/.bin/daemon-util'), ['list-start-daemons']);
    expect(stdout, 'the demo is for clones').to.not.include('clockd');
  });

  it('has types that hold in a strict program', () => {
    const directory = join(consumer, 'typed');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'misuse.ts'), readFileSync(join(ROOT, 'test/fixtures/consumer/misuse.ts')));
    const right = `import { openWatchkeeper, type DaemonOutcome, type GroupOutcome, type StatusAnswer } from 'watchkeeper';
export const one: DaemonOutcome = await openWatchkeeper({ by: 'me' }).start('web', { arguments: ['--once'], deadline: 5000, signal: AbortSignal.timeout(10) });
export const all: GroupOutcome = await openWatchkeeper().startMaster({ arguments: { web: ['--once'] } });
export const answer: StatusAnswer = await openWatchkeeper().status(['web']);
export const pid: number | null = one.kind === 'ok' ? one.pid : null;
`;
    writeFileSync(join(directory, 'right.ts'), right);
    const options = { target: 'ES2023', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, noEmit: true, lib: ['ES2023'], types: ['node'], typeRoots: [TYPES] };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
    expect(run(process.execPath, [TSC, '--project', directory])).to.deep.equal({ status: 0, stdout: '', stderr: '' });
  });

  it('runs its example, compiled from the package', async () => {
    const [here, there] = [new DaemonUtilWorld(), new DaemonUtilWorld()];
    try {
      const compiled = join(consumer, 'compiled');
      must(process.execPath, [TSC, '--project', join(installed, 'examples'), '--noEmit', 'false', '--outDir', compiled, '--typeRoots', TYPES]);
      const [mine, theirs] = [here, there].map((world) => [world.add('voter', {}, { roles: ['master'] }), world.add('api', {}, { roles: ['master'], requires: ['voter'] })]);
      for (const world of [here, there]) world.write();
      expect((await there.run('start-master')).status).to.equal(0);
      // instead of ssh, the other configuration
      const program = join(there.directory, 'ssh');
      writeFileSync(program, `#!/bin/sh\nexec '${join(consumer, 'node_modules/.bin/daemon-util')}' --config '${there.config}' "$@"\n`);
      chmodSync(program, 0o755);
      const moved = run(process.execPath, [join(compiled, 'failover.js'), 'voter', program], { environment: { WATCHKEEPER_CONFIG: here.config } });
      expect(moved.status, moved.stderr).to.equal(0);
      expect(theirs?.map((daemon) => daemon.mains().length)).to.deep.equal([0, 0]);
      expect(mine?.map((daemon) => daemon.mains().length)).to.deep.equal([1, 1]);
    } finally {
      await here.cleanups.run();
      await there.cleanups.run();
    }
  });

  it('lays out by scripts/install what a clone does', () => {
    const layout = (source: string): readonly string[] => {
      const target = join(top, `layout of ${source.replaceAll('/', ' ')}`);
      must(join(source, 'scripts/install'), [target]);
      return readdirSync(target, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((name) => `${name.slice(target.length)} ${(statSync(name).mode & 0o7777).toString(8)} ${name.includes('/man/') ? '' : readFileSync(name, 'base64')}`)
        .sort();
    };
    expect(layout(installed)).to.deep.equal(layout(ROOT));
  });
});

describe("the library's public surface", function () {
  this.timeout(120_000);

  it(`is as ${REPORT} says`, async () => {
    buildOnce();
    expect(await apiReport(), 'agreed on? node scripts/dev/api-report.mjs').to.equal(readFileSync(join(ROOT, REPORT), 'utf8'));
  });
});
