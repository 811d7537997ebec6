/**
 * What cluster software asks of an agent before there is a cluster: ocf-tester,
 * and the schemas of both versions of the OCF API, as Debian has them.
 */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { startContainer, type Container } from '../support/containers/container.js';
import { clusterRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { deskSpecs } from './desk-specs.js';

const BUILD_TIMEOUT = 900_000;
const AGENTS = '/usr/lib/ocf/resource.d/watchkeeper';
const PROGRAM = '/usr/local/lib/wk-test-daemon';
const FIXTURE = new URL('../fixtures/daemon', import.meta.url);
/** Of OCF 1.1; installed by Pacemaker of trixie and later. */
const SCHEMA = '/usr/share/pacemaker/api/ocf-ra-1.1.rng';
const SUITES: readonly Suite[] = ['bookworm', 'trixie'];
/** What each agent needs to be a resource. */
const PARAMETERS: Readonly<Record<string, string>> = { daemon: 'name=web', unit: 'unit=wk-tested', role: 'node_role=node' };

/** On the newer Debian, systemd drives the daemons. */
function prepare(root: string, suite: Suite): void {
  copyFileSync(FIXTURE, join(root, PROGRAM));
  chmodSync(join(root, PROGRAM), 0o755);
  const daemon = (id: string, port: number, role: string, words: readonly string[] = []): unknown => {
    mkdirSync(join(root, 'srv', id), { recursive: true });
    return { executable: PROGRAM, arguments: [`id=${id}`, `dir=/srv/${id}`, `port=${port}`, ...words], readiness: { kind: 'tcp', port }, boot: 'never', roles: [role] };
  };
  mkdirSync(join(root, 'etc/watchkeeper'), { recursive: true });
  writeFileSync(join(root, 'etc/watchkeeper/watchkeeper.yaml'), JSON.stringify({
    group: { name: 'site', roles: { node: {}, master: {}, other: {} }, ...(suite === 'bookworm' ? {} : { target: 'site.target' }) },
    heartbeatInterval: '1s',
    daemons: { web: daemon('web', 8081, 'node'), chief: daemon('chief', 8082, 'master'), endless: { ...(daemon('endless', 8083, 'other', ['ready-after=never']) as object), startTimeout: '10m' } },
  }));
  writeFileSync(join(root, 'etc/systemd/system/wk-tested.service'), '[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/true\n');
  writeFileSync(join(root, 'etc/systemd/system/wk-endless.service'), '[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n');
}

for (const suite of SUITES) {
  describe(`the agents on ${suite}`, function () {
    this.timeout(180_000);
    let container: Container | undefined;

    before(async function () {
      this.timeout(BUILD_TIMEOUT);
      const missing = missingRequirement();
      if (missing !== undefined) {
        console.log(`    skipped: ${missing}`);
        this.skip();
      }
      container = await startContainer({ recipe: clusterRecipe(suite), init: 'systemd', installed: true, prepare: (root) => prepare(root, suite) });
      if (suite !== 'bookworm') await container.must(['/usr/sbin/watchkeeper', 'units', 'install'], { timeout: 60_000 });
    });

    after(() => container?.stop());

    const booted = (): Container => {
      if (container === undefined) throw new Error('there is no container');
      return container;
    };

    it('have meta-data that is valid by the schemas, told to anybody with an almost empty environment', async () => {
      const agents = (await booted().must(['/usr/bin/ls', AGENTS])).trim().split('\n');
      expect(agents).to.include.members(Object.keys(PARAMETERS));
      const rng = (await booted().run(['/usr/bin/test', '-e', SCHEMA])).status === 0;
      expect(rng).to.equal(suite !== 'bookworm');
      for (const agent of agents) {
        const text = await booted().must(['/usr/bin/setpriv', '--reuid=nobody', '--clear-groups', '/usr/bin/env', '-i', `${AGENTS}/${agent}`, 'meta-data']);
        expect(text).to.include(`<resource-agent name="${agent}"`);
        // It is found as the system identifier of the DOCTYPE says: beside the document.
        await booted().must(['/usr/bin/env', '--chdir=/usr/share/resource-agents', '/usr/bin/xmllint', '--noout', '--valid', '-'], { input: text });
        if (rng) await booted().must(['/usr/bin/xmllint', '--noout', '--relaxng', SCHEMA, '-'], { input: text });
      }
    });

    it('have meta-data in the language of the caller, and of those that an operator has translated, valid all the same', async () => {
      const directory = '/etc/watchkeeper/ocf-descriptions';
      await booted().must(['/usr/bin/install', '--directory', directory]);
      for (const agent of Object.keys(PARAMETERS)) {
        await booted().must(['/usr/bin/tee', `${directory}/${agent}.fr`], { input: 'shortdesc: Tenu par Watchkeeper — <à & ses amis>\nlongdesc: Un démon.\nconfig.shortdesc: Fichier de configuration\nunit.shortdesc: Unité\n' });
        for (const [locale, first] of [['de_DE.UTF-8', 'de'], ['fr_FR.UTF-8', 'fr'], ['C', 'en']] as const) {
          const text = await booted().must(['/usr/bin/setpriv', '--reuid=nobody', '--clear-groups', '/usr/bin/env', '-i', `LANG=${locale}`, `${AGENTS}/${agent}`, 'meta-data']);
          expect(/<longdesc lang="(\w+)">/.exec(text)?.[1], locale).to.equal(first);
          for (const language of ['de', 'en', 'fr']) expect(text, locale).to.include(`<shortdesc lang="${language}">`);
          await booted().must(['/usr/bin/env', '--chdir=/usr/share/resource-agents', '/usr/bin/xmllint', '--noout', '--valid', '-'], { input: text });
          if (suite !== 'bookworm') await booted().must(['/usr/bin/xmllint', '--noout', '--relaxng', SCHEMA, '-'], { input: text });
        }
        // As crm shows it: the tools take the first description.
        const shown = await booted().must(['/usr/sbin/crm_resource', '--show-metadata', `ocf:watchkeeper:${agent}`], { environment: { LANG: 'fr_FR.UTF-8', LC_ALL: 'fr_FR.UTF-8' } });
        expect(shown).to.include('<shortdesc lang="fr">Tenu par Watchkeeper &#8212; &lt;&#224; &amp; ses amis&gt;</shortdesc>');
      }
      await booted().must(['/usr/bin/rm', '-r', directory]);
    });

    // Of the newer Debian alone: these tools take their time.
    if (suite === 'trixie') {
      it("are described by the cluster's own tools, whatever language their user speaks", async () => {
        for (const [agent, parameter] of Object.entries(PARAMETERS)) {
          const name = `ocf:watchkeeper:${agent}`;
          for (const argv of [['/usr/sbin/crm_resource', '--show-metadata', name], ['/usr/sbin/crm', 'ra', 'info', name], ['/usr/sbin/pcs', 'resource', 'describe', name]] as const) {
            const said = await booted().must(argv, { timeout: 60_000, environment: { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' } });
            expect(said, argv.join(' ')).to.include(parameter.split('=')[0]).and.include('Watchkeeper');
            // pcs asks in English always.
            expect(/startet/i.test(said), argv.join(' ')).to.equal(!argv[0].endsWith('pcs'));
          }
        }
      });
    }

    it('are configured by what cluster configure prints, in words that crm and pcs take', async () => {
      const lines = (await booted().must(['/usr/sbin/watchkeeper', 'cluster', 'configure', 'web', 'master'])).trim().split('\n');
      for (const [tool, option] of [['crm', []], ['pcs', ['-f', '/tmp/pcs.xml']]] as const) {
        const file = `/tmp/${tool}.xml`;
        await booted().write(file, await booted().must(['/usr/sbin/cibadmin', '--empty']));
        await booted().must(['/usr/sbin/crm_attribute', '--type=crm_config', '--name=stonith-enabled', '--update=false'], { environment: { CIB_file: file } });
        const commands = lines.map((line) => line.split(' ')).filter(([first]) => first === tool);
        expect(commands).to.have.length(tool === 'crm' ? 3 : 2);
        for (const [, ...words] of commands) await booted().must([`/usr/sbin/${tool}`, ...option, ...words], { timeout: 60_000, environment: { CIB_file: file } });
        // What an operator may add for failures that are told.
        const own = ['op', 'asyncmon', 'interval=0', 'on-fail=block'];
        const words = tool === 'crm' ? ['configure', 'primitive', 'own', 'ocf:watchkeeper:daemon', 'params', 'name=chief', ...own] : ['resource', 'create', 'own', 'ocf:watchkeeper:daemon', 'name=chief', ...own];
        await booted().must([`/usr/sbin/${tool}`, ...option, ...words], { timeout: 60_000, environment: { CIB_file: file } });
        const cib = await booted().read(file);
        expect(cib).to.match(/name="asyncmon"[^>]* on-fail="block"|on-fail="block"[^>]* name="asyncmon"/);
        expect(cib).to.match(/<primitive [^>]*id="web"/).and.match(/<primitive [^>]*id="site"/).and.include('promotable').and.include('name="promote"');
        await booted().must(['/usr/bin/env', `CIB_file=${file}`, '/usr/sbin/cibadmin', '--query', '--scope=resources']);
      }
    });

    for (const [agent, parameter] of Object.entries(PARAMETERS)) {
      it(`ocf-tester passes for ${agent}`, async () => {
        const { status, stdout, stderr } = await booted().run(['/usr/sbin/ocf-tester', '-n', 'tested', '-o', parameter, `${AGENTS}/${agent}`], { timeout: 150_000 });
        expect(status, `${stdout}${stderr}`).to.equal(0);
        expect(stdout).to.include('passed all tests');
      });
    }

    deskSpecs(suite, booted);
  });
}
