import { expect } from 'chai';

import { configurationFromText } from '../../../../src/adapters/config/load.js';
import type { DaemonSpec } from '../../../../src/core/daemon.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';

function web(keys: string): DaemonSpec {
  const [daemon] = configurationFromText('test', `daemons: {web: {executable: /usr/sbin/web, ${keys}}}`, {}).catalogue.daemons;
  if (daemon === undefined) throw new Error('no daemon');
  return daemon;
}

function refusal(keys: string): string {
  try {
    web(keys);
  } catch (error) {
    if (error instanceof WatchkeeperError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('configuration of health checks', () => {
  it('reads every kind, with its defaults', () => {
    const { health } = web(`health: {
      a: {kind: liveness, by: http, url: 'https://localhost:8443/x', verify: false, status: 204, interval: 10s, timeout: 3s, grace: 5s, successThreshold: 1, failureThreshold: 3},
      b: {kind: readiness, by: tcp, port: 80}, c: {kind: readiness, by: unix, path: /run/web.sock}, d: {kind: liveness, by: exec, argv: [/usr/bin/check, -q]},
      e: {kind: liveness, by: watchdog}, f: {kind: liveness, by: memory, max: 64MiB}, g: {kind: liveness, by: cpu, maxShare: 0.9, session: true},
      h: {kind: liveness, by: log, absent: 'a [b'}, i: {kind: liveness, by: port, port: 53, protocol: udp},
      j: {kind: liveness, by: http, url: 'https://x/', status: any}}`);
    const common = { grace: 0, interval: 10_000, timeout: 3000, successThreshold: 1, failureThreshold: 3 };
    expect(health).to.deep.equal([
      { name: 'a', kind: 'liveness', ...common, grace: 5000, method: { kind: 'http', url: 'https://localhost:8443/x', socket: undefined, status: 204, verify: false } },
      { name: 'b', kind: 'readiness', ...common, method: { kind: 'tcp', host: '127.0.0.1', port: 80 } },
      { name: 'c', kind: 'readiness', ...common, method: { kind: 'unix', path: '/run/web.sock' } },
      { name: 'd', kind: 'liveness', ...common, method: { kind: 'exec', argv: ['/usr/bin/check', '-q'] } },
      { name: 'e', kind: 'liveness', ...common, interval: 30_000, failureThreshold: 1, method: { kind: 'watchdog' } },
      { name: 'f', kind: 'liveness', ...common, method: { kind: 'memory', maxBytes: 64 * 1024 * 1024, session: false } },
      { name: 'g', kind: 'liveness', ...common, failureThreshold: 1, method: { kind: 'cpu', maxShare: 0.9, window: 60_000, session: true } },
      { name: 'h', kind: 'liveness', ...common, failureThreshold: 1, method: { kind: 'log', absent: 'a [b' } },
      { name: 'i', kind: 'liveness', ...common, method: { kind: 'port', protocol: 'udp', port: 53 } },
      { name: 'j', kind: 'liveness', ...common, method: { kind: 'http', url: 'https://x/', socket: undefined, status: 'any', verify: true } },
    ]);
    expect(web('readiness: {kind: port, port: 80}').readiness).to.deep.equal({ kind: 'port', protocol: 'tcp', port: 80 });
    expect(web('readiness: {kind: notify}').readiness).to.deep.equal({ kind: 'notify' });
    expect(web("readiness: {kind: http, url: 'http://127.0.0.1/'}").readiness).to.deep.equal({ kind: 'http', url: 'http://127.0.0.1/', socket: undefined, status: undefined, verify: true });
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['health: {a: {by: tcp, port: 80}}', "'kind' is missing"],
    ['health: {a: {kind: liveness}}', "'by' is missing"],
    ['health: {a: {kind: liveness, by: htpp}}', "did you mean 'http'"],
    ['health: {a: {kind: liveness, by: tcp, port: 80, intervall: 3s}}', "did you mean 'interval'"],
    ['health: {a: {kind: liveness, by: tcp, port: 80, interval: 10ms}}', 'interval'],
    ['health: {a: {kind: liveness, by: tcp, port: 80, failureThreshold: 0}}', 'failureThreshold'],
    ["health: {a: {kind: liveness, by: http, url: 'ftp://x/'}}", 'url'],
    ["health: {a: {kind: liveness, by: http, url: 'http://x/', status: all}}", 'or any'],
    ['health: {a: {kind: liveness, by: port, port: 80, protocol: sctp}}', 'one of tcp, udp'],
    ["health: {a: {kind: liveness, by: http, url: 'http://me:secret@x/'}}", 'do not belong'],
    ["health: {a: {kind: liveness, by: http, url: \"http://x/\\n\"}}", 'url'],
    ['health: {a: {kind: liveness, by: memory, max: 3}}', 'max'],
    ["health: {a: {kind: liveness, by: log, absent: ''}}", 'in every output'],
    ['health: {a: {kind: readiness, by: watchdog}}', 'kind: liveness is needed'],
    ['health: {a: {kind: liveness, by: exec, argv: [check]}}', 'absolute path'],
    ['health: {../a: {kind: liveness, by: tcp, port: 80}}', 'no valid name of a check'],
    ['health: [a]', 'a map of checks'],
    ['health: {a: b}', 'a map such as'],
    ['readiness: {kind: notify, port: 80}', "no key 'port'"],
  ];
  for (const [keys, said] of wrong) {
    it(`refuses ${keys}, and says why`, () => {
      const message = refusal(keys);
      expect(message).to.include(said).and.to.include(keys.startsWith('health') ? 'web.health' : 'web.readiness');
    });
  }
});
