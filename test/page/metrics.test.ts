/** The metrics of a real watcher, held against Prometheus' own tools, and what is shipped for Prometheus and Grafana against the metrics. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';

import { buildOnce } from '../support/daemon-util-world.js';
import { debianProgram } from '../support/debian-program.js';
import { eventually } from '../support/eventually.js';
import { WatcherWorld } from '../support/watcher-world.js';

const shipped = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const RULES = shipped('etc/prometheus/watchkeeper.rules.yml');
const DASHBOARD = shipped('etc/grafana/watchkeeper.json');

interface Expression {
  readonly where: string;
  readonly expr: string;
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

describe('the metrics', function () {
  this.timeout(240_000);
  let world: WatcherWorld;
  let promtool: string;
  let metrics: string;

  before(async function () {
    world = new WatcherWorld();
    const found = await debianProgram('prometheus', 'usr/bin/promtool');
    if (typeof found === 'string') {
      console.log(`      skipped: ${found}`);
      this.skip();
    }
    promtool = found.program;
    buildOnce();
    metrics = await scraped();
  });
  after(() => world.cleanups.run());

  /** Of a watcher that has seen something of everything. */
  async function scraped(): Promise<string> {
    const socketPath = join(world.runtime, 'page.sock');
    world.add('web', {}, { health: { answers: { kind: 'liveness', by: 'exec', argv: ['/bin/true'], interval: '200ms', timeout: '2s' } } });
    world.add('queue', { exits: { status: 3, after: 20 } }, { restart: { immediateRestarts: 1, baseDelay: '30s' } });
    const roles = { master: { source: { argv: ['/bin/true'] } } };
    world.write({ web: { listen: `unix:${socketPath}`, page: false }, tasks: { nightly: { argv: ['/bin/true'] } } }, { roles });
    await world.startWatcher();
    await world.watchkeeper('tasks', 'run', 'nightly');
    let text = '';
    await eventually('all metrics are there', async () => {
      text = await fetched(socketPath);
      return [/check_healthy\{/, /task_last_run_success\{/, /task_last_run_duration_seconds\{/, /role_held\{/, /restarts_total\{daemon="queue",reason="[a-z-]+"\} [1-9]/].every((line) => line.test(text));
    }, 60_000);
    return text;
  }

  function fetched(socketPath: string): Promise<string> {
    return new Promise((resolve) => {
      get({ socketPath, path: '/metrics', headers: { host: 'localhost' } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(text));
      }).on('error', () => resolve(''));
    });
  }

  function tool(args: readonly string[], input = ''): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync(promtool, args, { input, cwd: world.directory, encoding: 'utf8', timeout: 60_000 });
    return { status, output: `${stdout}${stderr}` };
  }

  /** As a query may call them. */
  function names(): ReadonlySet<string> {
    const types = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    return new Set(types.flatMap(([, name = '', type]) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])));
  }

  function strangers(expressions: readonly Expression[]): readonly string[] {
    const known = names();
    return expressions.flatMap(({ where, expr }) => [...expr.matchAll(/\b(?:watchkeeper|process)_\w+/g)].filter(([name]) => !known.has(name)).map(([name]) => `${where}: ${name}`));
  }

  const rules = (): readonly Expression[] =>
    (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }).groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: alert, expr })));
  const panels = (): readonly Expression[] =>
    (JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard).panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr })));

  it('are to the liking of promtool check metrics', () => {
    expect(tool(['check', 'metrics'], metrics)).to.deep.equal({ status: 0, output: '' });
    expect(tool(['check', 'metrics'], '# TYPE bad_counter counter\nbad_counter 1\n').status, 'promtool sees what is wrong').not.to.equal(0);
  });

  it('are all in docs/page.md, and nothing else is', () => {
    const documented = [...readFileSync(shipped('docs/page.md'), 'utf8').matchAll(/`((?:watchkeeper|process)_\w+)`/g)].map((match) => match[1]);
    expect([...new Set(documented)].sort()).to.deep.equal([...metrics.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]).sort());
  });

  it('are bounded: the names of the configuration and closed lists label them', () => {
    const values = new Set([...metrics.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => `${label} ${value}`).filter((pair) => !/^(le|node|version) /.test(pair)));
    const allowed = /^(daemon (web|queue)|check answers|kind liveness|task nightly|role master|restart_owner watcher|service_manager (start-stop-daemon|built-in)|state [a-z-]+|reason (crash|start-failed|unhealthy|asked)|result (ok|failed|timed-out|not-started|cut-off))$/;
    expect([...values].filter((pair) => !allowed.test(pair))).to.deep.equal([]);
  });

  it('are what the alerts ask for, and the alerts fire when they should', () => {
    expect(tool(['check', 'rules', RULES])).to.include({ status: 0 });
    expect(strangers(rules())).to.deep.equal([]);
    copyFileSync(RULES, join(world.directory, 'watchkeeper.rules.yml'));
    copyFileSync(shipped('test/page/alerts.yml'), join(world.directory, 'alerts.yml'));
    const { status, output } = tool(['test', 'rules', 'alerts.yml']);
    expect(status, output).to.equal(0);
  });

  it("are what Grafana's dashboard asks for, in a language that Prometheus speaks", () => {
    const all = panels();
    expect(all.length).to.be.greaterThan(10);
    expect(strangers(all)).to.deep.equal([]);
    const asRules = all.map(({ expr }, index) => ({ record: `panel_${index}`, expr: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m') }));
    writeFileSync(join(world.directory, 'panels.yml'), stringify({ groups: [{ name: 'panels', rules: asRules }] }));
    expect(tool(['check', 'rules', 'panels.yml'])).to.include({ status: 0 });
  });
});
