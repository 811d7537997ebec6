/**
 * docs/status.svg: what `watchkeeper status --watch` shows of the demo, on a real
 * terminal, after a crash or two. `node scripts/dev/picture.mjs` makes it anew.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Problem, ROOT, runMain, say } from './project.mjs';

const COLUMNS = 108;
const LINE = 19;
const CHARACTER = 8.43;
const COLOURS = { 36: '#79c0ff', 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 2: '#8b949e' };

const ESC = '\u001b';
const CURSOR = new RegExp(`${ESC}\\[\\?25[hl]`, 'g');
/** Each frame begins by erasing the lines of the one before. */
const ERASED = new RegExp(`(?:${ESC}\\[2K(?:${ESC}\\[1A)?)+${ESC}\\[G|${ESC}\\[\\d+A${ESC}\\[J|${ESC}\\[J`);
const STYLES = new RegExp(`(${ESC}\\[[\\d;]*m)`);
const STYLE = new RegExp(`^${ESC}\\[([\\d;]*)m$`);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

async function until(what, condition) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (condition()) return;
    await pause(200);
  }
  throw new Problem(`cannot draw: ${what} did not happen within a minute`);
}

/** The last frame of a command that ends by itself, drawn on a terminal of its own. */
function lastFrame(command, environment) {
  const typed = `stty cols ${COLUMNS} rows 30; timeout --foreground --signal=INT 4 ${command}`;
  const { stdout } = spawnSync('/usr/bin/script', ['--quiet', '--command', typed, '/dev/null'], { encoding: 'utf8', env: environment, stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  const frames = stdout.replaceAll('\r', '').replace(CURSOR, '').split(ERASED);
  const frame = frames.filter((text) => text.includes('DAEMON')).at(-1);
  if (frame === undefined) throw new Problem(`cannot draw: no table in ${JSON.stringify(stdout.slice(0, 400))}`);
  return frame.split('\n').filter((line, index, all) => line.trim() !== '' || (index > 0 && index < all.length - 1));
}

function spans(line) {
  let style = '';
  return line
    .split(STYLES)
    .map((part) => {
      const code = STYLE.exec(part)?.[1];
      if (code === undefined) return part === '' ? '' : `<tspan${style}>${escaped(part)}</tspan>`;
      const colour = COLOURS[code];
      style = colour !== undefined ? ` fill="${colour}"` : code === '1' ? ' font-weight="bold"' : '';
      return '';
    })
    .join('');
}

function svg(lines) {
  const width = Math.round(COLUMNS * CHARACTER + 32);
  const height = lines.length * LINE + 32;
  const rows = lines.map((line, index) => `<text x="16" y="${28 + index * LINE}" xml:space="preserve">${spans(line)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="watchkeeper status --watch">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3">
${rows.join('\n')}
</g>
</svg>
`;
}

await runMain(async () => {
  const runtime = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-picture-'));
  const environment = { PATH: `${path.join(ROOT, 'scripts')}:${process.env.PATH}`, HOME: runtime, XDG_RUNTIME_DIR: runtime, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', WATCHKEEPER_DEMO: '1' };
  const ask = (...args) => spawnSync('watchkeeper', args, { encoding: 'utf8', env: environment }).stdout ?? '';
  const watcher = spawn('watchkeeper', ['run', '--demo'], { env: environment, stdio: 'ignore' });
  const ended = new Promise((resolve) => watcher.once('exit', resolve));
  try {
    await until('the start of the demo', () => (ask('status').match(/running/g) ?? []).length === 3);
    const home = readdirSync(runtime).find((name) => name.startsWith('watchkeeper-demo')) ?? '';
    writeFileSync(path.join(runtime, home, 'crash-flakyd'), '');
    await until('the crash loop', () => ask('status').includes('crash-loop'));
    const pid = Number(spawnSync('daemon-util', ['pid', 'clockd'], { encoding: 'utf8', env: environment }).stdout);
    if (pid > 0) process.kill(pid, 'SIGKILL');
    ask('pause', 'greeterd', '--owner', 'alice', '--for', '2h', '--reason', 'a new greeting');
    await until('the return of clockd', () => /clockd .*running/.test(ask('status')));
    const lines = lastFrame('watchkeeper status --watch', environment);
    writeFileSync(path.join(ROOT, 'docs/status.svg'), svg(lines));
    say(lines.join('\n'));
  } finally {
    watcher.kill('SIGTERM');
    await ended;
    if (existsSync(runtime)) rmSync(runtime, { recursive: true, force: true });
  }
  return 0;
});
