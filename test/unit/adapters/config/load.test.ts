import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type LoadedConfiguration, staleReason } from '../../../../src/adapters/config/configuration.js';
import { configurationFromText, loadConfiguration } from '../../../../src/adapters/config/load.js';
import { configurationFile } from '../../../../src/adapters/config/location.js';
import { WatchkeeperError } from '../../../../src/core/errors.js';

let directory = '';
let main = '';

function write(name: string, text: string | Uint8Array): string {
  const path = join(directory, name);
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  fs.writeFileSync(path, text);
  return path;
}

function fromText(text: string, environment: Record<string, string> = {}): LoadedConfiguration {
  return configurationFromText('test', text, environment);
}

function errorOf(run: () => unknown): WatchkeeperError {
  try {
    run();
  } catch (error) {
    if (error instanceof WatchkeeperError) return error;
    throw error;
  }
  throw new Error('a WatchkeeperError was expected');
}

/** Each as "FILE:LINE: KEY", which is what an operator goes by. */
function problemsOf(run: () => unknown): string[] {
  const [, ...lines] = errorOf(run).message.split('\n');
  return lines.map((line) => line.trim().replaceAll(`${directory}/`, '').split(': ').slice(0, 2).join(': '));
}

function web(text: string): string {
  return `daemons:\n  web:\n    executable: /bin/true\n${text}`;
}

describe('configuration', () => {
  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'watchkeeper-config-'));
    main = join(directory, 'watchkeeper.yaml');
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('fills a daemon with the documented defaults', () => {
    const { catalogue, settings } = fromText(web(''));
    expect(catalogue.daemons).to.deep.equal([
      {
        name: 'web',
        description: '',
        executable: '/bin/true',
        arguments: [],
        foregroundArguments: [],
        backgroundArguments: [],
        background: 'stays',
        argumentVariables: [],
        environment: {},
        workingDirectory: '/',
        user: undefined,
        group: undefined,
        processUser: undefined,
        capabilities: [],
        pidFile: undefined,
        pidFileWriter: 'manager',
        roles: [],
        after: [],
        requires: [],
        onDemand: false,
        restartWith: [],
        boot: 'last',
        essential: false,
        health: [],
        conditions: [],
        successExitStatuses: [0],
        neverRetryExitStatuses: [78],
        startTimeout: 60_000,
        stopTimeout: 30_000,
        stopSignal: 'SIGTERM',
        reloadSignal: 'SIGHUP',
        killMode: 'group',
        sandbox: {},
        restart: {
          when: 'always',
          immediateRestarts: 2,
          firstDelay: 0,
          baseDelay: 1000,
          factor: 2,
          maxDelay: 60_000,
          jitter: 0.2,
          stableAfter: 60_000,
          intensity: 5,
          period: 300_000,
          onIntensity: 'crash-loop',
          slowRetryDelay: 300_000,
        },
        systemdRetry: { enabled: false, firstDelay: 300_000, factor: 2, maxDelay: 3_600_000 },
        readiness: { kind: 'settled', settle: 200 },
        unit: 'web.service',
        outputFile: '/var/log/watchkeeper/web.log',
      },
    ]);
    expect(catalogue.group).to.deep.include({ name: 'watchkeeper', target: undefined, roles: [], setup: undefined, notMasterExitStatus: 11 });
    expect(settings).to.deep.equal({
      paths: { runtime: '/run/watchkeeper', state: '/var/lib/watchkeeper', log: '/var/log/watchkeeper' },
      log: { level: 'info', format: 'auto' },
      serviceManager: 'auto',
      lockTimeout: 30_000,
      pauseFile: undefined,
      container: { stopBudget: 25_000 },
      hooksDirectory: '/etc/watchkeeper/hooks.d',
      watcherHooks: { directory: undefined, interval: 300_000, timeout: 60_000 },
      web: { listen: undefined, group: undefined, hosts: [], page: true, metrics: true },
      controlTimeout: 10_000,
      heartbeatInterval: 5000,
      output: { maxBytes: 10 * 1024 * 1024, files: 5 },
    });
  });

  it('reads every kind of value', () => {
    const text = `
group:
  name: g
  target: g.target
  roles: {node: {target: n.target}, master: {description: one}, plain: }
  setup: {executable: /bin/setup, arguments: [-x], timeout: 1m}
  environmentFile: /etc/default/g
daemons:
  a:
    executable: /bin/a
    arguments: [-p, 8080, 010, true, "", 1e3]
    argumentVariables: A_ARGS
    environment: {A: 1, __proto__: x}
    background: daemonizes
    pidFile: /run/a.pid
    roles: [node, plain]
    onDemand: true
    conditions: [{pathExists: /etc/a}, {pathMissing: /etc/b}]
    successExitStatuses: [11, 0]
    startTimeout: 1.5s
    stopTimeout: 2000
    stopSignal: SIGINT
    restart: {jitter: 0, factor: 1.5, period: 1h}
    outputFile: none
    readiness: {kind: tcp, port: 80}
`;
    const { catalogue } = fromText(text);
    const [a] = catalogue.daemons;
    expect(a?.arguments).to.deep.equal(['-p', '8080', '010', 'true', '', '1e3']);
    expect(a?.argumentVariables).to.deep.equal(['A_ARGS']);
    expect(Object.entries(a?.environment ?? {})).to.deep.equal([['A', '1'], ['__proto__', 'x']]);
    expect(a?.pidFileWriter).to.equal('daemon');
    expect(a?.conditions).to.deep.equal([{ kind: 'path-exists', path: '/etc/a' }, { kind: 'path-missing', path: '/etc/b' }]);
    expect(a?.successExitStatuses).to.deep.equal([0, 11]);
    expect([a?.startTimeout, a?.stopTimeout, a?.restart.jitter, a?.restart.factor, a?.restart.period]).to.deep.equal([1500, 2000, 0, 1.5, 3_600_000]);
    expect(a?.outputFile).to.equal(undefined);
    expect(a?.readiness).to.deep.equal({ kind: 'tcp', host: '127.0.0.1', port: 80 });
    expect(catalogue.group.roles.map((role) => [role.name, role.target])).to.deep.equal([['node', 'n.target'], ['master', undefined], ['plain', undefined]]);
    expect(catalogue.group.setup).to.deep.equal({ executable: '/bin/setup', arguments: ['-x'], timeout: 60_000, sandbox: {} });
  });

  it('lets a daemon override `defaults:`, and null undo both', () => {
    const { catalogue, origin } = fromText(`
defaults: {user: nobody, startTimeout: 5s, environment: {A: d, B: d}, restart: {intensity: 9}}
daemons:
  a: {executable: /bin/a, environment: {B: a}, restart: {period: 1m}}
  b: {executable: /bin/b, user: null, startTimeout: 7s, restart: {intensity: ~}}
`);
    const [a, b] = catalogue.daemons;
    expect([a?.user, a?.startTimeout, a?.restart.intensity, a?.restart.period]).to.deep.equal(['nobody', 5000, 9, 60_000]);
    expect(a?.environment).to.deep.equal({ A: 'd', B: 'a' });
    expect([b?.user, b?.startTimeout, b?.restart.intensity]).to.deep.equal([undefined, 7000, 5]);
    expect(['a.user', 'a.restart.period', 'b.user', 'b.startTimeout', 'b.killMode'].map((key) => origin(`daemons.${key}`))).to.deep.equal([
      'test:2', 'test:4', 'default', 'test:5', 'default',
    ]);
  });

  it('merges a sandbox directive by directive; null takes one of the defaults away', () => {
    const { catalogue } = fromText(`
defaults: {sandbox: {ProtectSystem: full, PrivateTmp: 'yes', SystemCallFilter: ['@system-service', '~@mount']}}
daemons:
  a: {executable: /bin/a, sandbox: {PrivateTmp: ~, UMask: '0077'}}
  b: {executable: /bin/b}
`);
    const [a, b] = catalogue.daemons.map(({ sandbox }) => sandbox);
    expect(a).to.deep.equal({ ProtectSystem: ['full'], PrivateTmp: [], SystemCallFilter: ['@system-service', '~@mount'], UMask: ['0077'] });
    expect(b).to.deep.equal({ ProtectSystem: ['full'], PrivateTmp: ['yes'], SystemCallFilter: ['@system-service', '~@mount'] });
  });

  for (const [sandbox, message] of [
    ['{ProtectSytem: full}', /'ProtectSytem' is no directive that takes something away; did you mean 'ProtectSystem'\?/],
    // It would grant, and is the catalogue's `capabilities`.
    ['{AmbientCapabilities: CAP_SYS_ADMIN}', /'AmbientCapabilities' is no directive that takes something away/],
    ['{ExecStartPre: /bin/evil}', /no directive/],
    ['{UMask: "0022\\nExecStartPre=/bin/evil"}', /UMask: control characters are not allowed/],
    ['{UMask: {a: b}}', /UMask: /],
    ['full', /a map of directives/],
  ] as const) {
    it(`refuses the sandbox ${sandbox}`, () => {
      expect(errorOf(() => fromText(web(`    sandbox: ${sandbox}\n`))).message).to.match(message);
    });
  }

  it('merges the catalogue file, the main file and the drop-ins, in this order', () => {
    write('profiles/base.yaml', 'group: {name: base}\ndaemons:\n  a: {executable: /bin/a, user: base}\n  b: {executable: /bin/b}\n');
    write('watchkeeper.yaml', 'catalogue: profiles/base.yaml\nlog: {level: warn}\ndaemons:\n  c: {executable: /bin/c}\n  a: {user: main, pidFile: /run/a}\n');
    write('conf.d/20-b.yaml', 'daemons: {a: {user: twenty}}\nlog: {format: json}\n');
    write('conf.d/10-a.yaml', 'daemons: {a: {user: ten}, d: {executable: /bin/d}}\n');
    write('conf.d/README', 'not read');
    write('conf.d/.hidden.yaml', 'not: read');
    const configuration = loadConfiguration(main, {});
    expect(configuration.catalogue.daemons.map((daemon) => [daemon.name, daemon.user])).to.deep.equal([
      ['a', 'twenty'], ['b', undefined], ['c', undefined], ['d', undefined],
    ]);
    expect(configuration.settings.log).to.deep.equal({ level: 'warn', format: 'json' });
    expect(configuration.files.map((file) => file.path.slice(directory.length + 1))).to.have.members([
      'watchkeeper.yaml', 'conf.d/10-a.yaml', 'conf.d/20-b.yaml', 'profiles/base.yaml',
    ]);
    expect(configuration.origin('daemons.a.executable')).to.equal(`${directory}/profiles/base.yaml:3`);
    expect(configuration.origin('daemons.a.user')).to.equal(`${directory}/conf.d/20-b.yaml:1`);
    expect(configuration.origin('log.level')).to.equal(`${main}:2`);
  });

  it('lets the environment win, and ignores empty variables and others', () => {
    write('watchkeeper.yaml', 'log: {level: warn}\nlockTimeout: 5s\ndaemons: {}\n');
    const environment = { WATCHKEEPER_LOG_LEVEL: 'debug', WATCHKEEPER_LOCK_TIMEOUT: '', WATCHKEEPER_OUTPUT_MAX_BYTES: '1MiB', WATCHKEEPER_FOO: 'x' };
    const { settings, origin } = loadConfiguration(main, environment);
    expect([settings.log.level, settings.lockTimeout, settings.output.maxBytes]).to.deep.equal(['debug', 5000, 1_048_576]);
    expect(origin('log.level')).to.equal('environment WATCHKEEPER_LOG_LEVEL');
    expect(problemsOf(() => loadConfiguration(main, { WATCHKEEPER_LOG_LEVEL: 'loud' }))).to.deep.equal(['environment WATCHKEEPER_LOG_LEVEL: log.level']);
  });

  it('takes --config before WATCHKEEPER_CONFIG before the default', () => {
    expect(configurationFile('/a', { WATCHKEEPER_CONFIG: '/b' })).to.equal('/a');
    expect(configurationFile(undefined, { WATCHKEEPER_CONFIG: '/b' })).to.equal('/b');
    expect(configurationFile(undefined, { WATCHKEEPER_CONFIG: '' })).to.equal('/etc/watchkeeper/watchkeeper.yaml');
    expect(configurationFile('x.yaml', {})).to.equal(join(process.cwd(), 'x.yaml'));
  });

  it('tells every problem at once, with file, line and key, in the order of the lines', () => {
    write('conf.d/a.yaml', '\ndaemons:\n  web:\n    killmode: group\n');
    write('watchkeeper.yaml', 'lockTimeout: soon\nfoo: 1\nlog: {level: [info]}\ndaemons:\n  web:\n    after: [nobody]\n    onDemand: maybe\n    user: {}\n  x: 5\n');
    const error = errorOf(() => loadConfiguration(main, {}));
    expect([error.code, error.exitStatus]).to.deep.equal(['CONFIG_INVALID', 78]);
    expect(problemsOf(() => loadConfiguration(main, {}))).to.deep.equal([
      'watchkeeper.yaml:1: lockTimeout',
      'watchkeeper.yaml:2: foo',
      'watchkeeper.yaml:3: log.level',
      'watchkeeper.yaml:5: daemons.web.executable',
      'watchkeeper.yaml:6: daemons.web.after',
      'watchkeeper.yaml:7: daemons.web.onDemand',
      'watchkeeper.yaml:8: daemons.web.user',
      'watchkeeper.yaml:9: daemons.x',
      'watchkeeper.yaml:9: daemons.x.executable',
      'conf.d/a.yaml:4: daemons.web.killmode',
    ]);
  });

  it('suggests what a mistyped key was meant to be', () => {
    expect(errorOf(() => fromText(web('    exectuable: /x\n'))).message).to.contain("did you mean 'executable'");
    expect(errorOf(() => fromText('servicemanager: auto\ndaemons: {}')).message).to.contain("did you mean 'serviceManager'");
    expect(errorOf(() => fromText('serviceManager: system\ndaemons: {}')).message).to.contain("did you mean 'systemd'");
  });

  it('finds a bad value of `defaults:` where it is written', () => {
    expect(problemsOf(() => fromText('defaults: {pidFile: rel}\ndaemons:\n  a: {executable: /a}\n'))).to.deep.equal(['test:1: daemons.a.pidFile']);
    expect(problemsOf(() => fromText('defaults: {user: [a, b]}\ndaemons:\n  a: {executable: /a}\n'))).to.deep.equal(['test:1: defaults.user']);
  });

  it('prints a cycle', () => {
    const text = 'daemons:\n  a: {executable: /a, after: [b]}\n  b: {executable: /b, requires: [a]}\n';
    expect(errorOf(() => fromText(text)).message).to.contain('a → b → a');
    expect(problemsOf(() => fromText(text))).to.deep.equal(['test:2: daemons.a.after']);
  });

  for (const [what, name] of [['a slash', 'a/b'], ['dots', '..'], ['a space', 'a b'], ['a newline', 'a\nb'], ['10,000 characters', 'x'.repeat(10_000)]] as const) {
    it(`refuses a name with ${what}, in lines of bounded length`, () => {
      const error = errorOf(() => fromText(`daemons:\n  ? ${JSON.stringify(name)}\n  : {executable: /a}\n`));
      expect(error.code).to.equal('CONFIG_INVALID');
      const lines = error.message.split('\n');
      expect(lines.length).to.be.within(2, 4);
      for (const line of lines) expect(line.length).to.be.at.most(1100);
    });
  }

  describe('refuses as YAML', () => {
    for (const [what, text, line] of [
      ['broken syntax', 'a: b: c\n', 1],
      ['an unclosed bracket', 'daemons: {\n', 2],
      ['a duplicate key', 'daemons: {}\nlog: {}\ndaemons: {}\n', 3],
      ['a duplicate daemon', 'daemons:\n  a: {executable: /a}\n  a: {executable: /b}\n', 3],
      ['a tag', 'daemons: !!map {}\n', 1],
      ['a tag that runs code elsewhere', 'daemons: !!js/function "x"\n', 1],
      ['an anchor', 'daemons: &x {}\n', 1],
      ['an alias', 'log: &x {}\ndaemons: *x\n', 1],
      ['a list at the top', '- a\n', 1],
      ['a text at the top', 'hello\n', 1],
      ['a list for a key', '? [a]\n: b\n', 1],
      ['two documents', 'daemons: {}\n---\ndaemons: {}\n', 2],
      ['a control character', 'daemons: {}\n\u0000', 2],
      ['depth', `daemons: ${'['.repeat(40)}${']'.repeat(40)}\n`, 1],
    ] as const) {
      it(what, () => {
        const [first] = problemsOf(() => fromText(text));
        expect(first).to.match(new RegExp(`^test:${line}: `));
      });
    }

    it('bombs of every kind, within a moment', () => {
      const laughs = Array.from({ length: 20 }, (_, i) => `a${i}: &a${i} [${Array.from({ length: 10 }, () => (i === 0 ? 'x' : `*a${i - 1}`)).join(', ')}]`).join('\n');
      const bombs = [laughs, '['.repeat(20_000), '{a: '.repeat(10_000), '- '.repeat(10_000), '['.repeat(1_000_000), ']'.repeat(1_000_000), ','.repeat(1_000_000), '\n'.repeat(1_000_000), '"\n'.repeat(2000)];
      // Mocha records whole stacks, which would take longer than all else: the parser recurses, and makes an error for each fault.
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 10;
      try {
        for (const bomb of bombs) {
          const started = performance.now();
          expect(errorOf(() => fromText(bomb)).code).to.equal('CONFIG_INVALID');
          expect(performance.now() - started, bomb.slice(0, 10)).to.be.lessThan(10_000);
        }
      } finally {
        Error.stackTraceLimit = limit;
      }
    }).timeout(60_000);
  });

  describe('refuses a file', () => {
    for (const [what, text] of [['empty', ''], ['of comments only', '# nothing\n\n'], ['of nothing', '~\n'], ['without daemons', 'log: {level: info}\n']] as const) {
      it(`that is ${what}: more likely an accident than a wish`, () => {
        write('watchkeeper.yaml', text);
        expect(errorOf(() => loadConfiguration(main, {})).code).to.equal('CONFIG_INVALID');
      });
    }

    it('that is not there', () => {
      expect(errorOf(() => loadConfiguration(main, {}))).to.deep.include({ code: 'CONFIG_UNREADABLE', exitStatus: 78 });
    });

    it('whose catalogue file is not there', () => {
      write('watchkeeper.yaml', 'catalogue: missing.yaml\n');
      expect(problemsOf(() => loadConfiguration(main, {}))).to.deep.equal(['missing.yaml: the file does not exist']);
    });

    for (const catalogue of ['.', 'watchkeeper.yaml', '[a]', '"a\\nb"']) {
      it(`whose catalogue is ${catalogue}`, () => {
        write('watchkeeper.yaml', `catalogue: ${catalogue}\ndaemons: {}\n`);
        expect(() => loadConfiguration(main, {})).to.throw(WatchkeeperError);
      });
    }

    it('that names a catalogue but is a drop-in', () => {
      write('watchkeeper.yaml', 'daemons: {}\n');
      write('conf.d/a.yaml', 'catalogue: b.yaml\n');
      expect(problemsOf(() => loadConfiguration(main, {}))).to.deep.equal(['conf.d/a.yaml:1: catalogue']);
    });

    it('named .yml among the drop-ins, which would be missed silently', () => {
      write('watchkeeper.yaml', 'daemons: {}\n');
      write('conf.d/a.yml', 'daemons: {}\n');
      expect(() => loadConfiguration(main, {})).to.throw(WatchkeeperError);
    });

    it('of 10 MB, without reading it', () => {
      write('watchkeeper.yaml', Buffer.alloc(10_000_000, '#'));
      expect(errorOf(() => loadConfiguration(main, {})).code).to.equal('CONFIG_UNREADABLE');
    });

    it('that is not UTF-8', () => {
      write('watchkeeper.yaml', Buffer.from('daemons: {}\n# \xe9\n', 'latin1'));
      expect(errorOf(() => loadConfiguration(main, {})).code).to.equal('CONFIG_UNREADABLE');
    });

    it('that is a directory, a FIFO, a link in a circle, or lies below a file', () => {
      fs.symlinkSync(main, main);
      expect(errorOf(() => loadConfiguration(main, {})).code).to.equal('CONFIG_UNREADABLE');
      fs.unlinkSync(main);
      fs.mkdirSync(main);
      expect(errorOf(() => loadConfiguration(main, {})).code).to.equal('CONFIG_UNREADABLE');
      fs.rmdirSync(main);
      write('watchkeeper.yaml', 'daemons: {}\n');
      expect(errorOf(() => loadConfiguration(join(main, 'x.yaml'), {})).code).to.equal('CONFIG_UNREADABLE');
      expect(errorOf(() => loadConfiguration('/dev/null', {})).code).to.equal('CONFIG_UNREADABLE');
    });
  });

  it('notices that files changed since', () => {
    write('watchkeeper.yaml', 'daemons: {}\n');
    write('conf.d/a.yaml', 'log: {level: warn}\n');
    const configuration = loadConfiguration(main, {});
    expect(staleReason(configuration)).to.equal(undefined);
    const added = write('conf.d/b.yaml', '');
    expect(staleReason(configuration)).to.contain('b.yaml');
    fs.unlinkSync(added);
    expect(staleReason(configuration)).to.equal(undefined);
    fs.utimesSync(join(directory, 'conf.d/a.yaml'), 1, 1);
    expect(staleReason(configuration)).to.contain('a.yaml');
    fs.unlinkSync(join(directory, 'conf.d/a.yaml'));
    expect(staleReason(configuration)).to.contain('a.yaml');
    expect(staleReason(fromText('daemons: {}'))).to.equal(undefined);
  });

  it('loads a thousand daemons in a moment', () => {
    const daemons = Array.from({ length: 1000 }, (_, i) => `  d${i}: {executable: /bin/d${i}, pidFile: /run/d${i}.pid, after: [${i === 0 ? '' : `d${i - 1}`}], restart: {baseDelay: 2s}}\n`);
    const text = `daemons:\n${daemons.join('')}`;
    const started = performance.now();
    expect(fromText(text).catalogue.daemons).to.have.length(1000);
    // Some 150 ms on an idle machine; this one is busy with other tests. A quadratic step takes far longer.
    expect(performance.now() - started).to.be.lessThan(5000);
  }).timeout(30_000);
});
