#!/usr/bin/env node
/**
 * What supervising N daemons without systemd costs, beside a supervisor that
 * does nothing else (bare-supervisor.mjs). Not a test: prints figures.
 *
 *   node scripts/bench/supervision.mjs [--sizes=1,100,1000] [--idle=20] [--kills=30] [--bundle=FILE] [--node-options='--x --y'] [--json]
 */
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, Field, isAlive, median, memory, now, sleep } from './field.mjs';

const options = Object.fromEntries(process.argv.slice(2).map((word) => word.replace(/^--/, '').split(/=(.*)/s, 2)));
const sizes = (options.sizes ?? '1,100,1000').split(',').map(Number);
const idle = Number(options.idle ?? 20);
const kills = Number(options.kills ?? 30);
const bundle = options.bundle ?? fileURLToPath(new URL('../../dist/watchkeeper.cjs', import.meta.url));
/** As scripts/run-node.sh calls a watcher. */
const flags = (options['node-options'] ?? '--max-semi-space-size=1 --v8-pool-size=0').split(' ').filter((word) => word !== '');
const BARE = fileURLToPath(new URL('bare-supervisor.mjs', import.meta.url));

function program(field, argv) {
  const out = openSync(path.join(field.directory, 'out'), 'a');
  return spawn(process.execPath, argv, { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', out, out] });
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', resolve));
}

/** kill -9 of one → the replacement's first instruction. */
async function killOne(field, id) {
  const next = field.nextStart(id);
  const began = now();
  process.kill(field.runs.get(id).pid, 'SIGKILL');
  return (await next) - began;
}

async function killSome(field, ids, pause) {
  const took = [];
  for (const id of ids) {
    took.push(await killOne(field, id));
    // Not at the same phase of whatever beats in the supervisor.
    await sleep(pause + Math.random() * pause);
  }
  return took;
}

async function killAll(field, n) {
  const wanted = field.starts + n;
  const pids = [...field.runs.values()].map(({ pid }) => pid);
  const began = now();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return (await field.startsReach(wanted)) - began;
}

async function cpuShare(pid, seconds) {
  const [cpu, began] = [cpuSeconds(pid), now()];
  await sleep(seconds * 1000);
  return ((cpuSeconds(pid) - cpu) / ((now() - began) / 1000)) * 100;
}

function firstStart(field) {
  return Math.min(...[...field.runs.values()].map(({ at }) => at));
}

/** @returns figures in ms, MB and percent of a core */
async function bare(field, n) {
  const began = now();
  const child = program(field, [BARE, field.program, field.fifo, path.join(field.runtime, 'pids'), String(n)]);
  const last = await field.startsReach(n);
  const start = last - firstStart(field);
  await sleep(500);
  const one = await killSome(field, Array.from({ length: kills }, (_, i) => `d${i % n}`), 20);
  const before = cpuSeconds(child.pid);
  const all = await killAll(field, n);
  await sleep(300);
  const cpuPerStart = ((cpuSeconds(child.pid) - before) * 1000) / n;
  const { rss, pss } = memory(child.pid);
  child.kill('SIGKILL');
  await ended(child);
  field.clear();
  return { startToLast: last - began, start, killOne: median(one), killAll: all, cpuPerStart, rss, pss };
}

function writeConfiguration(field, n) {
  const file = path.join(field.directory, 'wk.yaml');
  const { directory } = field;
  const paths = { runtime: field.runtime, state: path.join(directory, 'state'), log: path.join(directory, 'log') };
  const daemons = Object.fromEntries(Array.from({ length: n }, (_, i) => [`d${i}`, { arguments: [field.fifo, `d${i}`] }]));
  const defaults = {
    executable: field.program,
    readiness: { kind: 'settled', settle: 0 },
    restart: { immediateRestarts: 100, intensity: 1000, period: '1m', stableAfter: '10m' },
    stopTimeout: '10s',
  };
  writeFileSync(file, JSON.stringify({ paths, group: { name: 'bench' }, defaults, daemons }));
  return { file, ...paths };
}

/** A request to the control socket, to the end of its answer. */
function ask(paths, method, url, body) {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${readFileSync(path.join(paths.runtime, 'control.token'), 'utf8').trim()}`;
    const request = http.request({ socketPath: path.join(paths.runtime, 'control.sock'), method, path: url, headers: { host: 'localhost', authorization } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The first status with which all are ready. */
async function allReady(paths, n) {
  for (const deadline = now() + 60_000; ; await sleep(10)) {
    if (now() > deadline) throw new Error('the daemons do not get ready');
    if (!existsSync(path.join(paths.runtime, 'control.token'))) continue;
    const text = await ask(paths, 'GET', '/v1/status').catch(() => '');
    if ((text.match(/"observed":"running"/g) ?? []).length === n) return now();
  }
}

async function act(paths, what, n) {
  const names = Array.from({ length: n }, (_, i) => `d${i}`);
  const began = now();
  const text = await ask(paths, 'POST', `/v1/${what}`, JSON.stringify({ names, by: 'the benchmark' }));
  const fine = (text.match(/"kind":"ok"/g) ?? []).length;
  if (fine !== n) throw new Error(`${what}: ${fine} of ${n} are ok: ${text.slice(0, 500)}`);
  return now() - began;
}

async function watchkeeper(field, n) {
  const paths = writeConfiguration(field, n);
  const argv = [...flags, bundle, 'watchkeeper', 'run', '--config', paths.file];
  const began = now();
  let child = program(field, argv);
  const last = await field.startsReach(n);
  const start = last - firstStart(field);
  const ready = (await allReady(paths, n)) - began;
  await sleep(1000);
  const one = await killSome(field, Array.from({ length: kills }, (_, i) => `d${i % n}`), 20);
  const before = cpuSeconds(child.pid);
  const all = await killAll(field, n);
  await sleep(2000);
  const cpuPerStart = ((cpuSeconds(child.pid) - before) * 1000) / n;
  const idleChildren = await cpuShare(child.pid, idle);
  const { rss, pss } = memory(child.pid);
  const stopAll = await act(paths, 'stop', n);
  if (field.livePids().length > 0) throw new Error('stop-all left daemons');
  const startAll = await act(paths, 'start', n);
  await field.startsReach(3 * n + kills);
  child.kill('SIGKILL');
  await ended(child);
  if (field.livePids().length !== n) throw new Error('the death of the watcher took daemons with it');
  const restarted = now();
  child = program(field, argv);
  const adopt = (await allReady(paths, n)) - restarted;
  if (field.starts !== 3 * n + kills) throw new Error('an adopted daemon was started a second time');
  await sleep(2000);
  const idleAdopted = await cpuShare(child.pid, idle);
  const some = Array.from({ length: Math.min(n, kills) }, (_, i) => `d${i}`);
  const adopted = await killSome(field, some, 150);
  await sleep(500);
  const allAdopted = n > kills ? await killAll(field, n) : NaN;
  await act(paths, 'stop', n);
  child.kill('SIGTERM');
  await ended(child);
  field.clear();
  return { startToLast: last - began, start, ready, killOne: median(one), killAll: all, cpuPerStart, stopAll, startAll, idleChildren, adopt, idleAdopted, killAdopted: median(adopted), worstAdopted: Math.max(...adopted), killAllAdopted: allAdopted, rss, pss };
}

const results = [];
for (const n of sizes) {
  for (const [who, measure] of [['bare', bare], ['watchkeeper', watchkeeper]]) {
    const field = new Field();
    try {
      const figures = await measure(field, n);
      results.push({ n, who, ...figures });
      const text = Object.entries(figures).map(([key, value]) => `${key} ${value.toFixed(2)}`).join('  ');
      if (options.json === undefined) process.stdout.write(`${n} ${who}: ${text}\n`);
    } catch (error) {
      process.stderr.write(readFileSync(path.join(field.directory, 'out'), 'utf8').slice(-2000));
      throw error;
    } finally {
      for (const pid of field.livePids()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      field.remove();
    }
  }
}
if (options.json !== undefined) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
