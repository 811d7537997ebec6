/** The control socket as a server: raw bytes over a real socket, and after each of them a good request must be answered. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';

import { expect } from 'chai';
import fc from 'fast-check';

import { MAX_BODY, SOCKET_NAME, TOKEN_NAME } from '../../../src/adapters/control-socket/protocol.js';
import { serveControl } from '../../../src/adapters/control-socket/server.js';
import { anyWord, hostile } from '../bytes.js';
import { controlService, NAMES } from '../control-service.js';
import { Scratch } from '../scratch.js';
import type { Target } from '../target.js';

/** Stands for the token, which differs in each run. */
const TOKEN = '@TOKEN@';
/** ms; the server lets a request of which half is missing wait for longer. */
const PATIENCE = 150;

function post(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const START = post('/v1/start', '{"names":["web"]}');
const COMMAND = post('/v1/hand-over', ['1', '0', '1', '', 'start', 'web', 'EXTRA_WEB_ARGS=x', '\n'].join('\0'), 'Expect: 100-continue\r\n');
const AGENT = post('/v1/cluster-agent', '1\0daemon\0start\0OCF_RESKEY_name=web\0', 'Expect: 100-continue\r\n');
const SAMPLES = [
  get('/v1/status'), get('/v1/status?daemon=web&daemon=%00'), get('/v1/events?limit=5&follow=1'), get('/v1/tasks/history?name=backup'), START, AGENT, COMMAND, START + START + get('/v1/watcher'),
  post('/v1/stop', '{"names":["db"],"hold":true}', 'Transfer-Encoding: chunked\r\n'), 'POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET // HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'GET /v1/status HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', 'GET /v1/status HTTP/1.0\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
];
const structured = fc.tuple(
  fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'),
  fc.oneof(fc.constantFrom('/v1/watcher', '/v1/status', '/v1/events', '/v1/tasks', '/v1/start', '/v1/stop', '/v1/reset', '/v1/tasks/run', '/v1/cluster-agent', '/v1/hand-over', '//', 'http://[', 'http://x:99999/', '*'), anyWord),
  fc.array(fc.tuple(fc.constantFrom('Host', 'Authorization', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Connection', 'Origin', 'Upgrade', 'X'), fc.oneof(anyWord, fc.constantFrom('localhost', `Bearer ${TOKEN}`, 'chunked', '100-continue', 'close', '5', '999999999'))), { maxLength: 6 }),
  fc.oneof(fc.constant(''), anyWord, fc.jsonValue().map((value) => JSON.stringify(value)), fc.integer({ min: 1, max: MAX_BODY + 5000 }).map((length) => 'x'.repeat(length))),
).map(([method, path, headers, body]) => Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers.map((pair) => `${pair.join(': ')}\r\n`).join('')}\r\n${body}`));

export const target: Target = {
  inputs: fc.oneof({ weight: 3, arbitrary: hostile(SAMPLES, 400_000) }, { weight: 2, arbitrary: structured }),
  batch: 40,
  limits: { time: { fixed: 400, perByte: 0.01 }, memory: { fixed: 24 * 1024 * 1024, perByte: 64 } },
  async open() {
    const scratch = new Scratch();
    const asked = { errors: [] as string[], requests: [] as unknown[] };
    const { service, log } = controlService(asked);
    const server = await serveControl(scratch.directory, service, log);
    const path = scratch.at(SOCKET_NAME);
    const token = readFileSync(scratch.at(TOKEN_NAME), 'utf8').trim();
    return {
      async try(input) {
        asked.errors.length = 0;
        asked.requests.length = 0;
        const bytes = Buffer.from(input.toString('latin1').replaceAll(TOKEN, token), 'latin1');
        const answer = await say(path, bytes);
        if (answer !== '') expect(answer).to.match(/^HTTP\/1\.1 \d{3} /);
        expect(asked.errors.join('; ')).to.equal('');
        expect(answer).to.not.include('internal error');
        for (const one of asked.requests as { readonly names?: readonly string[] }[]) for (const name of one.names ?? []) expect(NAMES).to.include(name);
        if (!bytes.includes(token)) expect(asked.requests).to.deep.equal([]);
        expect(await isAnswered(path)).to.equal(200);
      },
      async close() {
        await server.close();
        scratch.remove();
      },
    };
  },
};

/** All that the server says until it closes, or says nothing more. */
function say(path: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect({ path, allowHalfOpen: true });
    const done = (): void => {
      socket.destroy();
      resolve(said);
    };
    // Of half a request nothing more comes; a whole one is answered at once.
    socket.setTimeout(PATIENCE, done);
    socket.on('data', (chunk: Buffer) => {
      if (said.length < 100_000) said += chunk.toString('latin1');
    });
    socket.once('end', done);
    socket.once('close', done);
    socket.on('error', () => undefined);
    socket.end(bytes);
  });
}

function isAnswered(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: path, path: '/v1/status', headers: { host: 'localhost' }, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    call.setTimeout(10_000, () => call.destroy(new Error('a good request is not answered any more')));
    call.once('error', reject);
    call.end();
  });
}
