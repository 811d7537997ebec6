/** The OCF agents on a node that has no Node, or half of Watchkeeper: nothing that may run is called gone. */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';

import { expect } from 'chai';

import { eventually } from '../../support/eventually.js';
import { AgentWorld, type Answer, type Parameters } from './agent-world.js';
import { must, only, systemctl } from './bench.js';
import { property, Site, status, WATCHER } from './site.js';

const LIBRARY = '/usr/lib/watchkeeper';
/** What an installation may lack. */
const LACKS = { 'its program': `${LIBRARY}/watchkeeper.cjs`, 'all but the agents': LIBRARY };
const SLEEPER = 'ExecStart=/bin/sleep infinity';

function without<T>(path: string, action: () => T): T {
  renameSync(path, `${path}.gone`);
  try {
    return action();
  } finally {
    renameSync(`${path}.gone`, path);
  }
}

describe('the agents without Node', function () {
  this.timeout(90_000);
  let world: AgentWorld;

  before(() => Site.install());
  beforeEach(() => (world = new AgentWorld()));
  afterEach(() => world.cleanup());

  for (const [what, path] of Object.entries(LACKS)) {
    describe(`and without ${what}`, () => {
      /** Of a stop and of a probe; a monitor of level 0 that is no probe asks the record first. */
      const answers = (parameters: Parameters, meta: Parameters = {}, agent = 'unit'): readonly (number | null)[] =>
        without(path, () => (['stop', 'probe'] as const).map((action) => world.call(action, parameters, meta, [], agent).status));
      const RUNS = [1, 0];
      const GONE = path === LIBRARY ? [0, 5] : [0, 7];

      it('unit: gone is what systemd calls inactive or failed, and nothing on its way up or down', async () => {
        const unit = world.unit(SLEEPER);
        expect(answers({ unit }), 'never started').to.deep.equal(GONE);
        systemctl('start', unit);
        expect(answers({ unit }), 'active').to.deep.equal(RUNS);
        systemctl('stop', unit);
        expect(answers({ unit }), 'stopped').to.deep.equal(GONE);
        const broken = world.unit('ExecStart=/bin/false');
        systemctl('start', broken);
        await eventually('it has failed', () => world.property(broken, 'ActiveState') === 'failed');
        expect(answers({ unit: broken }), 'failed').to.deep.equal(GONE);
        const slow = world.unit(`Type=notify\n${SLEEPER}`);
        systemctl('start', '--no-block', slow);
        await eventually('it is on its way up', () => world.property(slow, 'ActiveState') === 'activating');
        expect(answers({ unit: slow }), 'activating').to.deep.equal(RUNS);
        const reluctant = world.unit(`${SLEEPER}\nExecStop=/bin/sleep 600`);
        systemctl('start', reluctant);
        systemctl('stop', '--no-block', reluctant);
        await eventually('it is on its way down', () => world.property(reluctant, 'ActiveState') === 'deactivating');
        expect(answers({ unit: reluctant }), 'deactivating').to.deep.equal(RUNS);
      });

      it('unit: what systemd does not tell may run, and what is no unit\'s name can not', () => {
        const unit = world.unit(SLEEPER);
        must('/usr/bin/mount', '--bind', '/bin/false', '/usr/bin/systemctl');
        try {
          expect(answers({ unit })).to.deep.equal(RUNS);
          for (const name of ['', '-x', '.x', '@a', 'a b', '*', 'a\\', 'a\\x2', 'a\\x2gb', '$(touch struck)', 'x'.repeat(300)]) expect(answers({ unit: name }), name).to.deep.equal(GONE);
          expect(answers({ unit: 'a\\x2db' })).to.deep.equal(RUNS);
        } finally {
          must('/usr/bin/umount', '/usr/bin/systemctl');
        }
      });

      it('unit: knows templates and the instances of a globally unique clone, and what a bare name is', () => {
        const template = `wk-${world.resource}@`;
        world.unit(SLEEPER, `${template}.service`);
        for (const instance of ['pacemaker', '1']) world.forget(`${template}${instance}.service`);
        const clone = (number: string): Parameters => ({ clone: number, globally_unique: 'true' });
        systemctl('start', `${template}pacemaker`);
        expect([answers({ unit: template }), answers({ unit: `${template}.service` }), answers({ unit: template }, clone('1'))]).to.deep.equal([RUNS, RUNS, GONE]);
        expect(answers({ unit: template }, { clone: '1', globally_unique: 'false' }), 'an anonymous clone').to.deep.equal(RUNS);
        systemctl('start', `${template}1`);
        expect([answers({ unit: template }, clone('1')), answers({ unit: template }, clone('0'))]).to.deep.equal([RUNS, GONE]);
        const dotted = world.unit(SLEEPER, `wk-${world.resource}.slice.service`);
        systemctl('start', dotted);
        expect(answers({ unit: dotted.replace('.service', '') })).to.deep.equal(RUNS);
      });

      it('daemon and role: what the cluster holds since this boot may run, though nobody keeps the board', async () => {
        const site = new Site();
        try {
          const web = site.add('web', {}, { roles: ['node'] });
          site.settle({ units: true });
          for (const [agent, parameters] of [['daemon', { name: 'web' }], ['role', { node_role: 'node' }]] as const) {
            systemctl('start', WATCHER);
            await eventually('the watcher has seen it', () => status().daemons['web'] !== undefined);
            const started = world.call('start', parameters, {}, [], agent);
            expect(started.status, `${agent} start: ${started.stderr}`).to.equal(0);
            const pid = only(web.mains());
            // Where only the program is gone, the watcher still does what it is asked for.
            if (path === LIBRARY) expect(answers(parameters, {}, agent), `${agent}: by the board`).to.deep.equal(RUNS);
            systemctl('stop', WATCHER);
            expect([existsSync('/run/watchkeeper/state/web'), only(web.mains())]).to.deep.equal([false, pid]);
            expect(answers(parameters, {}, agent), `${agent}: without a watcher`).to.deep.equal(RUNS);
            expect(world.call('stop', parameters, {}, [], agent).status, 'and with Node').to.equal(0);
            expect(answers(parameters, {}, agent), `${agent}: stopped`).to.deep.equal(GONE);
            // Of an earlier boot: nothing has outlived that.
            must('/bin/sh', '-c', `mkdir -p /var/lib/watchkeeper/cluster && printf '%s\\n' '{"schemaVersion":1,"resource":"${world.resource}","node":"node1","bootId":"another","started":true,"at":0}' >/var/lib/watchkeeper/cluster/web`);
            expect(answers(parameters, {}, agent), `${agent}: of another boot`).to.deep.equal(GONE);
            must('/usr/bin/rm', '/var/lib/watchkeeper/cluster/web');
          }
          expect(property('wk-web.service', 'ActiveState')).to.equal('inactive');
        } finally {
          site.cleanup();
        }
      });

      it('tells the cluster why nothing else can be done', () => {
        without(path, () => {
          const tells = (answer: Answer, said: string): void => {
            expect([answer.status, answer.reason.length > 20], `${said}: ${answer.stderr}`).to.deep.equal([5, true]);
          };
          for (const [agent, parameters] of [['daemon', { name: 'web' }], ['role', {}], ['unit', { unit: 'wk-nowhere' }]] as const) {
            const actions = ['start', 'monitor', 'validate-all', ...(agent === 'role' ? ['promote', 'demote'] : ['migrate_to'])];
            for (const action of actions) tells(world.call(action, parameters, {}, [], agent), `${agent} ${action}`);
          }
        });
      });
    });
  }

  it('says the same of a program that cannot be run', () => {
    const node = spawnSync('/bin/sh', ['-c', 'command -v node'], { encoding: 'utf8' }).stdout.trim();
    expect(node).to.match(/^\//);
    must('/usr/bin/mount', '--bind', '/dev/null', node);
    const { status: answer, reason } = (() => {
      try {
        return world.call('start', { unit: 'wk-nowhere' });
      } finally {
        must('/usr/bin/umount', node);
      }
    })();
    expect([answer, reason]).to.deep.equal([5, 'cannot run: node is not installed; try: installing Node 20.19 or later (Debian 13: apt install nodejs)']);
  });
});
