/** Faults that are really made under systemd, what doctor says of each, and that its command mends it. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { eventually } from '../../support/eventually.js';
import type { Behaviour } from '../../support/test-daemon.js';
import { systemctl } from './bench.js';
import { daemonUtil, Site, UNITS, WATCHER, watcherPid, watchkeeper, type Keys } from './site.js';

const OWN = '/etc/systemd/system';
const PACKAGED = '/usr/lib/systemd/system';

interface Finding {
  readonly code: string;
  readonly kind: string;
  readonly daemon: string | null;
  readonly what: string;
  readonly command: string | null;
}

describe('watchkeeper doctor under systemd', function () {
  this.timeout(120_000);
  let site: Site;
  let units: string[];

  before(() => Site.install());
  beforeEach(() => {
    site = new Site();
    // Some of its daemons are other users'.
    chmodSync(site.directory, 0o755);
    units = [];
  });
  afterEach(() => {
    spawnSync('/usr/bin/systemctl', ['unmask', WATCHER]);
    spawnSync('/usr/bin/systemctl', ['disable', '--now', WATCHER]);
    for (const unit of units) {
      spawnSync('/usr/bin/systemctl', ['stop', unit]);
      for (const directory of [OWN, PACKAGED, UNITS]) rmSync(join(directory, unit), { force: true });
      rmSync(join(OWN, `${unit}.d`), { recursive: true, force: true });
    }
    rmSync(join(OWN, 'wk-group.target'), { force: true });
    site.cleanup();
  });

  function add(name: string, behaviour: Behaviour = {}, keys: Keys = {}): void {
    site.add(name, behaviour, {}, keys);
    units.push(`wk-${name}.service`);
  }

  /** A daemon that ends with this status until its file is there. @returns the file */
  function sickly(name: string, status: number, keys: Keys): string {
    const cure = join(site.directory, `${name}.cure`);
    const program = join(site.directory, `${name}.program`);
    writeFileSync(program, `#!/bin/sh\n[ -e ${cure} ] || { echo 'no cure'; exit ${status}; }\nexec sleep 1000\n`, { mode: 0o755 });
    add(name, {}, { executable: program, arguments: [], readiness: { kind: 'settled', settle: '300ms' }, ...keys });
    return cure;
  }

  /** With the units that the catalogue makes, as an operator has them. */
  function settle(): void {
    site.settle({ units: true });
    for (const unit of [...units, 'wk-group.target']) rmSync(join(UNITS, unit), { force: true });
    shell('watchkeeper units install');
  }

  function shell(command: string): void {
    const { status, stderr, stdout } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`);
  }

  function examine(...names: string[]): { readonly status: number | null; readonly findings: readonly Finding[] } {
    const { status, stdout, stderr } = watchkeeper('doctor', '--json', ...names);
    if (stdout === '') throw new Error(`doctor: ${stderr}`);
    return { status, findings: (JSON.parse(stdout) as { findings: Finding[] }).findings };
  }

  const found = (name: string): Finding | undefined => examine(name).findings.find(({ daemon }) => daemon === name);

  /** Does what doctor says until there is nothing more to do. @returns the codes on the way, each once */
  async function mend(name: string): Promise<readonly string[]> {
    const codes = new Set<string>();
    await eventually(
      `${name} is mended`,
      () => {
        const finding = found(name);
        if (finding === undefined) return true;
        codes.add(finding.code);
        if (finding.command !== null) shell(finding.command);
        return false;
      },
      60_000,
    );
    expect(daemonUtil('check', name).status).to.equal(0);
    return [...codes];
  }

  it('of units: masked, masked until the boot, missing, broken, edited and not read again, overridden', async () => {
    for (const name of ['masked', 'veiled', 'missing', 'broken', 'edited', 'dropped']) add(name);
    settle();
    expect(daemonUtil('start-all').status).to.equal(0);
    expect(examine()).to.deep.include({ status: 0 });
    expect(examine().findings.map(({ code }) => code)).to.deep.equal(['unwatched']);
    for (const name of ['masked', 'veiled', 'missing', 'broken']) systemctl('stop', `wk-${name}.service`);
    renameSync(join(OWN, 'wk-masked.service'), join(PACKAGED, 'wk-masked.service'));
    renameSync(join(OWN, 'wk-veiled.service'), join(PACKAGED, 'wk-veiled.service'));
    rmSync(join(OWN, 'wk-missing.service'));
    const broken = join(OWN, 'wk-broken.service');
    writeFileSync(broken, readFileSync(broken, 'utf8').replace(/^ExecStart=.*\n/m, ''));
    systemctl('daemon-reload');
    systemctl('mask', 'wk-masked.service');
    systemctl('mask', '--runtime', 'wk-veiled.service');
    appendFileSync(join(OWN, 'wk-edited.service'), 'Nice=5\n');
    spawnSync('/usr/bin/install', ['-d', join(OWN, 'wk-dropped.service.d')]);
    writeFileSync(join(OWN, 'wk-dropped.service.d', 'nice.conf'), '[Service]\nNice=5\n');
    expect(found('masked')).to.include({ code: 'unit-masked', command: 'systemctl unmask wk-masked.service' });
    expect(found('veiled')).to.include({ code: 'unit-masked', command: 'systemctl unmask --runtime wk-veiled.service' });
    expect(found('missing')).to.include({ code: 'unit-not-found', command: 'watchkeeper units install' });
    expect(found('broken')).to.include({ code: 'unit-broken', command: 'watchkeeper units install --force' });
    expect(found('edited')).to.include({ code: 'unit-not-reloaded', command: 'systemctl daemon-reload' });
    expect((await mend('masked'))[0]).to.equal('unit-masked');
    expect((await mend('veiled'))[0]).to.equal('unit-masked');
    expect(found('dropped')).to.include({ code: 'unit-overridden', kind: 'intended' });
    expect(found('edited')).to.include({ code: 'unit-drift', command: 'watchkeeper units install --force' });
    expect(await mend('edited')).to.include('unit-drift');
    expect(await mend('missing')).to.include('down');
    expect(await mend('broken')).to.include('down');
  });

  it('of starts: program, user, group, conditions, a required daemon', async () => {
    const program = join(site.directory, 'forbidden.program');
    writeFileSync(sickly('forbidden', 1, {}), '');
    add('waiting', {}, { requires: ['forbidden'] });
    add('homeless', {}, { user: 'wkghost', group: 'wkghosts' });
    const condition = join(site.directory, 'unwanted');
    add('skipped', {}, { conditions: [{ pathMissing: condition }] });
    settle();
    writeFileSync(condition, '');
    chmodSync(program, 0o644);
    try {
      daemonUtil('start', 'skipped');
      daemonUtil('start', 'homeless');
      daemonUtil('start', 'waiting');
      expect(found('waiting')).to.include({ code: 'held-back', command: `chmod a+x ${program}` });
      expect(await mend('waiting')).to.include('held-back');
      expect((await mend('homeless')).slice(0, 2)).to.deep.equal(['user-missing', 'group-missing']);
      expect(found('skipped')).to.include({ code: 'condition-unmet', kind: 'intended' });
      expect(await mend('skipped')).to.deep.equal(['condition-unmet']);
    } finally {
      systemctl('stop', 'wk-homeless.service');
      spawnSync('/usr/sbin/userdel', ['wkghost']);
      spawnSync('/usr/sbin/groupdel', ['wkghosts']);
    }
  });

  it('of failures: the start limit, an exit status that forbids another start, a restart that is timed, not the master', async () => {
    const cures = [
      sickly('limited', 3, { restart: { onIntensity: 'give-up', intensity: 2, immediateRestarts: 1 } }),
      sickly('final', 78, {}),
      sickly('timed', 3, { restart: { immediateRestarts: 0, firstDelay: '1h', baseDelay: '1h', maxDelay: '1h' } }),
    ];
    sickly('follower', 11, { successExitStatuses: [11], restart: { when: 'on-failure' } });
    settle();
    // What its target names stays in systemd's memory, with how it ended.
    systemctl('start', 'wk-group.target');
    for (const [name, code] of [['limited', 'start-limit'], ['final', 'failed'], ['timed', 'backing-off'], ['follower', 'not-master']] as const) {
      daemonUtil('start', name);
      await eventually(`${name}: ${code}`, () => found(name)?.code === code, 60_000);
    }
    expect(found('follower')).to.include({ kind: 'intended' });
    expect(found('final')?.what).to.include('exited with status 78');
    for (const cure of cures) writeFileSync(cure, '');
    for (const name of ['limited', 'final', 'timed']) await mend(name);
  });

  it('of those that run: halted, without an answer; of those wanted down or paused', async () => {
    add('web');
    settle();
    expect(daemonUtil('start', 'web').status).to.equal(0);
    const pid = (): number => {
      const { stdout, stderr } = daemonUtil('pid', 'web');
      if (Number(stdout) > 1) return Number(stdout);
      throw new Error(`web has no process: ${stderr}`);
    };
    process.kill(pid(), 'SIGSTOP');
    expect(await mend('web')).to.deep.equal(['halted']);
    const words = readFileSync(`/proc/${pid()}/cmdline`, 'utf8').split('\0');
    rmSync(words.find((word) => word.startsWith('listen='))?.slice('listen='.length) ?? '');
    expect(await mend('web')).to.deep.equal(['not-answering']);
    daemonUtil('stop', 'web');
    expect(await mend('web')).to.deep.equal(['wanted-down']);
    watchkeeper('pause', 'web', '--owner', 'alice');
    expect(await mend('web')).to.deep.equal(['paused']);
  });

  it('of the watcher: absent and masked where nobody else restarts the daemons', async () => {
    add('web');
    site.settle({ units: false });
    daemonUtil('start', 'web');
    systemctl('stop', WATCHER);
    systemctl('mask', '--runtime', WATCHER);
    const [finding] = examine().findings;
    expect(finding).to.include({ code: 'watcher-absent', command: `systemctl unmask --runtime ${WATCHER} && systemctl enable --now ${WATCHER}` });
    shell(finding?.command ?? '');
    const codes = (): readonly string[] => examine().findings.map(({ code }) => code);
    await eventually('the watcher has taken over, outside the sandbox of a unit that only watches', () => watcherPid() > 0 && codes().join() === 'sandbox-left', 60_000);
  });
});
