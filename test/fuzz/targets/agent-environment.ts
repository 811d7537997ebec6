/**
 * The shell of the OCF agents, with whatever the cluster may put into the
 * environment, before a real control socket (scripts/ask-watcher) and a Node
 * that says what it was asked.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { expect } from 'chai';
import fc from 'fast-check';

import { serveControl } from '../../../src/adapters/control-socket/server.js';
import type { AgentRequest } from '../../../src/core/ocf-request.js';
import { SHELLS } from '../../support/front-probe.js';
import { limited } from '../../support/limited.js';
import { procProcess } from '../../support/proc.js';
import { NASTY, mutated } from '../bytes.js';
import { controlService } from '../control-service.js';
import { Scratch } from '../scratch.js';
import { PATIENCE, type Target } from '../target.js';

const SCRIPTS = new URL('../../../scripts/', import.meta.url);
const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const RUNTIME = '/run/watchkeeper';
const ACTIONS = ['start', 'stop', 'monitor', 'promote', 'demote', 'notify', 'validate-all', 'reload', 'migrate_to', 'meta-data', 'frobnicate', '', '$(touch struck)', '--help'];
const NAMES = ['RESOURCE_INSTANCE', 'RESKEY_name', 'RESKEY_unit', 'RESKEY_node_role', 'RESKEY_master_role', 'RESKEY_config', 'RESKEY_monitor_hook', 'RESKEY_hook_level', 'RESKEY_CRM_meta_interval', 'RESKEY_CRM_meta_timeout', 'RESKEY_CRM_meta_on_node', 'RESKEY_crm_feature_set', 'CHECK_LEVEL', 'ROOT', 'x', 'a b', '$(touch struck)', 'RESKEY_PATH'];
/** Gives the environment byte by byte, as a cluster would; nothing but variables of OCF gets in. */
const ENTER = 'local $/ = "\\0"; open F, "<", shift; chomp(my @set = <F>); %ENV = (PATH => shift, LC_ALL => "C"); for (@set) { /\\A(OCF_[^=]*)=(.*)\\z/s and $ENV{$1} = $2 } exec { $ARGV[0] } @ARGV or exit 99';

const value = fc.oneof(fc.constantFrom('web', 'down', 'web.service', '0', '10000', '20', 'n1', '/bin/true', 'other').map((text) => Buffer.from(text)), fc.constantFrom(...NASTY), mutated(['web', '../../state/web', 'a'.repeat(300), 'web\ntouch struck'], 30_000));
const variables = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 10 });
const calls = fc.tuple(fc.constantFrom('daemon', 'role', 'unit'), fc.constantFrom(...ACTIONS), variables);

export const target: Target = {
  inputs: calls.map(([agent, action, set]) => Buffer.concat([Buffer.from(`${agent}\0${action}`), ...set.flatMap(([name, bytes]) => [Buffer.from(`\0OCF_${name}=`), Buffer.from(bytes).filter((byte) => byte !== 0)])])),
  batch: 10,
  async open() {
    const scratch = new Scratch();
    const [home, runtime] = [scratch.at('scripts'), scratch.at('run')];
    cpSync(SCRIPTS, home, { recursive: true });
    for (const file of ['ocf/daemon', 'ocf/role', 'ocf/unit']) writeFileSync(`${home}/${file}`, readFileSync(`${home}/${file}`, 'utf8').replaceAll(RUNTIME, runtime));
    mkdirSync(scratch.at('dist'));
    mkdirSync(scratch.at('bin'));
    writeFileSync(scratch.at('dist/watchkeeper.cjs'), '');
    symlinkSync('/bin/echo', scratch.at('bin/node'));
    const asked = { errors: [] as string[], requests: [] as unknown[] };
    const { service, log } = controlService(asked);
    const server = await serveControl(runtime, service, log);
    const self = `${process.pid} ${procProcess(process.pid)?.startTicks ?? 0}`;
    scratch.write('run/state/web', `1 web running 1 ${self} up cluster 0 - 1 runs\n`);
    scratch.write('run/state/down', '1 down stopped 0 - - down cluster 0 - 1 stopped\n');
    scratch.write('run/roles/web', '1 100\nnode web\nmaster down\nend\n');
    scratch.write('run/cluster-units/web', `1 web.service process ${self}\n`);
    let count = 0;
    return {
      async try(input) {
        const now = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000);
        scratch.write('run/watcher', `1 ${self} ${BOOT_ID} ${now} 3600000\n`);
        asked.requests.length = 0;
        const [agent = '', action = '', ...set] = pieces(input);
        const shell = (SHELLS[(count += 1) % SHELLS.length] ?? '/bin/sh').split(' ');
        const file = scratch.write('environment', Buffer.concat(set.flatMap((variable) => [variable, Buffer.from([0])])));
        const program = `${home}/ocf/${['daemon', 'role', 'unit'].find((known) => known === agent.toString()) ?? 'daemon'}`;
        const answer = await run('/usr/bin/perl', '-e', ENTER, file, `${scratch.at('bin')}:/usr/bin:/bin`, ...shell, program, action.toString('latin1'));
        const told = `${shell.join(' ')} ${JSON.stringify(answer)}`;
        expect(existsSync('struck'), 'something in the environment was carried out').to.equal(false);
        expect(asked.errors, told).to.deep.equal([]);
        expect(answer.status, told).to.be.oneOf([0, 1, 3, 5, 7, 8]);
        expect(answer.stderr, told).to.match(/^(?:Usage: [^\n]*\n|(?:ocf-exit-reason:[^\n\x1b]*\n)*)$/);
        if (answer.stdout !== '') expect(answer.stdout, told).to.match(/^(?:\/\S+\/watchkeeper\.cjs watchkeeper cluster agent \w+ [\w-]+\n|<\?xml [^]*<\/resource-agent>\n)$/);
        // A shell passes on what its own variables could be called; the rest the server refuses.
        const given = new Map(set.map((variable) => variable.toString('utf8')).filter((text) => /^OCF_[A-Za-z0-9_]+=/.test(text)).map((text): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
        for (const { environment } of asked.requests as AgentRequest[]) expect(environment).to.deep.equal(Object.fromEntries(given));
        expect(asked.requests.length, told).to.be.lessThan(2);
      },
      async close() {
        await server.close();
        scratch.remove();
      },
    };
  },
};

function pieces(input: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let from = 0; from <= input.length; ) {
    const end = input.indexOf(0, from);
    found.push(input.subarray(from, end < 0 ? input.length : end));
    from = end < 0 ? input.length + 1 : end + 1;
  }
  return found;
}

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...argv: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const [first, ...others] = limited(argv, PATIENCE);
    const child = spawn(first, others, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
