/** What daemons say by sd_notify(3) without systemd, by real datagrams through the real helper. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

import { HostClock } from '../../src/adapters/host/clock.js';
import { HostAccounts } from '../../src/adapters/host/user.js';
import { NotifyListener, type ListenerOptions } from '../../src/adapters/notify/listener.js';
import type { Log } from '../../src/ports/log.js';
import { IS_ROOT } from '../support/daemon-util-world.js';
import { daemonSpec } from '../support/daemon-spec.js';
import { Cleanups, eventually } from '../support/eventually.js';
import { makeDirectory } from '../support/host-fixture.js';
import { isLive } from '../support/proc.js';

const PROGRAM = fileURLToPath(new URL('../../scripts/notify-listener', import.meta.url));
const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const WEB = daemonSpec({ name: 'web', readiness: { kind: 'notify' }, startTimeout: 4000, stopTimeout: 3000 });

describe('notify-listener', function () {
  this.timeout(20_000);
  const cleanups = new Cleanups();
  afterEach(() => cleanups.run());

  function listener(options: Partial<ListenerOptions> = {}): { ears: NotifyListener; runtime: string } {
    const runtime = join(makeDirectory(cleanups), 'run');
    const ears = new NotifyListener({ runtime, program: PROGRAM, clock: new HostClock(), accounts: new HostAccounts(), log: SILENT, ...options });
    cleanups.add(() => ears.release());
    return { ears, runtime };
  }

  async function opened(ears: NotifyListener, spec = WEB, mainPid: (pid: number) => void = () => undefined): Promise<string> {
    const result = await ears.open(spec, mainPid);
    if (!result.ok) throw new Error(result.reason);
    return result.environment['NOTIFY_SOCKET'] ?? '';
  }

  /** @returns how many of the messages were taken within a second */
  function say(path: string, message: string, times = 1): number {
    const script = 'use Socket; $SIG{ALRM} = sub { print $n; exit }; alarm 1; socket my $s, PF_UNIX, SOCK_DGRAM, 0; for (1 .. $ARGV[2]) { defined send($s, $ARGV[1], 0, pack_sockaddr_un($ARGV[0])) or die "$!"; $n++ } print $n';
    const sent = spawnSync('/usr/bin/perl', ['-e', script, path, message, String(times)], { encoding: 'utf8' });
    if (sent.status !== 0) throw new Error(sent.stderr);
    return Number(sent.stdout);
  }

  it('hears what is said, and only of the life that it was said in', async () => {
    const { ears } = listener();
    const claimed: number[] = [];
    const path = await opened(ears, WEB, (pid) => claimed.push(pid));
    expect(ears.state('web')).to.include({ ready: false, heard: false, status: null });
    say(path, 'READY=1\nSTATUS=well\nMAINPID=4711\nWATCHDOG=1');
    await ears.next('web', 5000);
    expect(ears.state('web')).to.include({ ready: true, heard: true, status: 'well' });
    expect(claimed).to.deep.equal([4711]);
    const before = new HostClock().monotonic();
    say(path, 'STOPPING=1');
    await eventually('it is busy', () => (ears.state('web')?.busyUntil ?? 0) > before);
    expect(ears.state('web')?.busyUntil).to.be.lessThan(new HostClock().monotonic() + 3001);
    // Said to the old socket, never read as the new one's.
    expect(await opened(ears)).to.equal(path);
    expect(ears.state('web')).to.include({ ready: false, heard: false, status: null });
  });

  it('takes sockets for others to reach, but not to list or to write to', async function () {
    const { ears, runtime } = listener();
    const spec = IS_ROOT ? { ...WEB, user: 'nobody' } : WEB;
    const path = await opened(ears, spec);
    expect(statSync(join(runtime, 'notify')).mode & 0o777).to.equal(0o711);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(statSync(path).uid).to.equal(IS_ROOT ? 65_534 : process.geteuid?.());
  });

  it('says why it can\'t', async () => {
    const why = async (options: Partial<ListenerOptions>): Promise<string> => {
      const result = await listener(options).ears.open(WEB, () => undefined);
      return result.ok ? 'it can' : result.reason;
    };
    expect(await why({ perl: '/nonexistent/perl' })).to.include('/nonexistent/perl is missing').and.to.include('perl-base');
    expect(await why({ program: undefined })).to.include('notify-listener is missing');
    expect(await why({ runtime: `/run/${'x'.repeat(100)}` })).to.include('too long');
    const stranger = await listener().ears.open({ ...WEB, user: 'nobody-of-this-name' }, () => undefined);
    if (IS_ROOT) expect(stranger).to.deep.include({ ok: false });
  });

  it('lets a chatterer wait, and nobody else; what is too long is nothing', async () => {
    const { ears } = listener();
    const loud = await opened(ears);
    const calm = await opened(ears, { ...WEB, name: 'calm' });
    expect(() => say(loud, `STATUS=${'x'.repeat(8000)}`)).not.to.throw();
    const taken = say(loud, 'STATUS=again', 100_000);
    // 100 a second, and what the kernel queues for it.
    expect(taken).to.be.lessThan(2000);
    say(calm, 'READY=1');
    await eventually('the calm one is heard', () => ears.state('calm')?.ready === true, 5000);
    expect(ears.state('web')?.status).to.equal('again');
  });

  it('comes back when it is killed, at the same paths, and judges nobody meanwhile', async () => {
    const { ears } = listener();
    const path = await opened(ears);
    say(path, 'READY=1');
    await eventually('it is heard', () => ears.state('web')?.ready === true);
    const old = ears.pid ?? 0;
    process.kill(old, 'SIGKILL');
    await eventually('it is known to be gone', () => ears.state('web') === undefined);
    await eventually('another one listens', () => ears.state('web') !== undefined);
    expect(ears.pid).to.not.equal(old);
    say(path, 'STATUS=still there');
    await eventually('it is heard again', () => ears.state('web')?.status === 'still there');
    expect(ears.state('web')?.ready).to.equal(true);
  });

  it('costs nothing while nobody speaks, and ends with us', async () => {
    const { ears } = listener();
    for (let index = 0; index < 50; index += 1) await opened(ears, { ...WEB, name: `d${index}` });
    const pid = ears.pid ?? 0;
    const ticks = (): number => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ').slice(11, 13).reduce((sum, field) => sum + Number(field), 0) ?? 0;
    const before = ticks();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(ticks() - before, 'ticks of 10 ms').to.be.at.most(1);
    const resident = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
    expect(resident, 'KiB').to.be.lessThan(16_384);
    ears.release();
    await eventually('it has ended', () => !isLive(pid) || !existsSync(`/proc/${pid}`));
  });
});
