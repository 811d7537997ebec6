/** What daemons say by sd_notify(3): what is understood, and datagrams through the real helper, which hears its commands by a pipe. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import fc from 'fast-check';

import { MAX_MESSAGE, parseNotifyMessage } from '../../../src/core/notify-message.js';
import { anyWord, hostile } from '../bytes.js';
import { mustBePrintable } from '../demands.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

const HELPER = fileURLToPath(new URL('../../../scripts/notify-listener', import.meta.url));
/** Sends what it gets in hexadecimal, one datagram for each line. */
const SENDER = 'use Socket; $| = 1; while (<STDIN>) { chomp; socket my $s, PF_UNIX, SOCK_DGRAM, 0; my $sent = send($s, pack("H*", $_), 0, pack_sockaddr_un($ARGV[0])); print defined $sent ? "sent\\n" : "not sent: $!\\n" }';
const COMMANDS = ['open web 2 -', 'open ../../x 3 -', 'open web 99999999999999999 0', 'drain 5', 'open a 4 4294967296', 'open $(touch struck) 1 -'];
const SAID = ['READY=1\nSTATUS=well\nMAINPID=4711\nWATCHDOG=1', 'RELOADING=1\nSTATUS=\x1b[2J\nWATCHDOG_USEC=5000000', 'EXTEND_TIMEOUT_USEC=99999999999999\nSTOPPING=1', 'FDSTORE=1\nBARRIER=1', 'WATCHDOG=trigger\n'];
/** One in so many goes through the helper, which takes only so many a second of one daemon. */
const REAL = 12;
const A_DAY = 86_400_000;

const assignments = fc.array(fc.tuple(fc.constantFrom('READY', 'STATUS', 'MAINPID', 'WATCHDOG', 'WATCHDOG_USEC', 'EXTEND_TIMEOUT_USEC', 'STOPPING', '', '__proto__'), anyWord).map((pair) => pair.join('=')), { maxLength: 100 }).map((lines) => Buffer.from(lines.join('\n')));

export const target: Target = {
  inputs: fc.oneof({ weight: 4, arbitrary: hostile(SAID, 6000) }, { weight: 4, arbitrary: assignments }, { weight: 1, arbitrary: hostile(COMMANDS, 300) }),
  batch: 200,
  async open() {
    const scratch = new Scratch();
    const helper = new Talk('/usr/bin/perl', ['-T', HELPER, scratch.directory]);
    expect(await helper.ask('open web 1 -')).to.include('"bound":"web"');
    const sender = new Talk('/usr/bin/perl', ['-e', SENDER, scratch.at('web.sock')]);
    let [count, mark] = [0, 0];

    /** What is said up to a mark of ours. */
    async function heard(): Promise<readonly string[]> {
      mark += 1;
      const lines: string[] = [];
      for (let line = await helper.ask(`drain ${1_000_000 + mark}`); line !== `{"drained":${1_000_000 + mark}}`; line = await helper.line()) lines.push(line);
      return lines;
    }

    return {
      async try(input) {
        mustBeMessage(input.toString('utf8'));
        count += 1;
        if (input.toString('latin1').startsWith('open ') || input.toString('latin1').startsWith('drain ')) {
          const line = input.toString('latin1').split('\n')[0] ?? '';
          helper.say(line);
          for (const answer of await heard()) expect(JSON.parse(answer)).to.be.an('object');
          for (const name of readdirSync(scratch.directory)) expect(name).to.match(/^[A-Za-z0-9][A-Za-z0-9._-]*\.sock$/);
          expect(await helper.ask('open web 1 -')).to.equal('{"bound":"web","generation":1}');
        } else if (count % REAL === 0) {
          expect(await sender.ask(input.toString('hex'))).to.match(/^(?:sent|not sent: Message too long)$/);
          const messages = (await heard()).map((line) => JSON.parse(line) as { readonly name: string; readonly generation: number; readonly hex: string });
          const wanted = input.length > 0 && input.length <= MAX_MESSAGE ? [{ name: 'web', generation: 1, hex: input.toString('hex') }] : [];
          // Too many in one second wait for the next one.
          expect(messages.length === 0 ? wanted : messages).to.deep.equal(wanted);
        }
      },
      close: () => {
        helper.end();
        sender.end();
        scratch.remove();
      },
    };
  },
};

function mustBeMessage(text: string): void {
  const message = parseNotifyMessage(text);
  if (message === undefined) return;
  expect(text.length).to.be.at.most(MAX_MESSAGE);
  if (message.status !== undefined) mustBePrintable(message.status);
  for (const ms of [message.watchdogInterval, message.extendTimeout]) if (ms !== undefined) expect(Number.isInteger(ms) && ms > 0 && ms <= A_DAY).to.equal(true);
  if (message.mainPid !== undefined) expect(Number.isInteger(message.mainPid) && message.mainPid > 0).to.equal(true);
}

/** A program that answers line by line. */
class Talk {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: 'pipe', env: { LC_ALL: 'C' } });
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#lines.push(line);
      else waiting(line);
    });
  }

  say(line: string): void {
    this.#child.stdin.write(Buffer.from(`${line}\n`, 'latin1'));
  }

  line(): Promise<string> {
    const line = this.#lines.shift();
    return line === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(line);
  }

  ask(line: string): Promise<string> {
    this.say(line);
    return this.line();
  }

  end(): void {
    this.#child.stdin.end();
  }
}
