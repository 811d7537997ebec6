/**
 * `node code-cache.cjs PROGRAM ARGS…` is `node PROGRAM ARGS…`, but for the time
 * that V8 takes to compile the program, half as long as Node's own start: its
 * compiled code is kept in /run/watchkeeper/code, root's only, and made anew
 * after a boot, an upgrade of ours or of Node's. A program of its own, built
 * beside the bundle, since what it saves must not be part of it.
 */
import * as fs from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { dirname } from 'node:path';
import { Script, constants } from 'node:vm';
import { crc32 } from 'node:zlib';

const DIRECTORY = '/run/watchkeeper';
const CACHE = `${DIRECTORY}/code`;
/** Bytes; several times of what it takes. */
const MAX_SIZE = 32 * 1024 * 1024;
const DIGEST_LENGTH = 4;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

interface Source {
  readonly text: string;
  /** A line that no other file, and no other version of this one, has. V8 itself compares no more than the length. */
  readonly mark: Buffer;
}

function readSource(program: string): Source {
  const fd = fs.openSync(program, O_RDONLY);
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = fs.fstatSync(fd, { bigint: true });
    return { text: fs.readFileSync(fd, 'utf8'), mark: Buffer.from(`${[2, program, dev, ino, size, mtimeNs, ctimeNs].join(' ')}\n`) };
  } finally {
    fs.closeSync(fd);
  }
}

/** Nobody but root may have had a hand in what root runs. */
function readCode(mark: Buffer): Buffer | undefined {
  let fd: number;
  try {
    fd = fs.openSync(CACHE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { uid, mode, size } = fs.fstatSync(fd);
    if (uid !== 0 || (mode & 0o177777) !== 0o100600 || size > MAX_SIZE) return undefined;
    const bytes = fs.readFileSync(fd);
    if (!bytes.subarray(0, mark.length).equals(mark)) return undefined;
    const begin = mark.length + DIGEST_LENGTH;
    const code = bytes.subarray(begin);
    return digestOf(code).equals(bytes.subarray(mark.length, begin)) ? code : undefined;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

/** V8 trusts what it is given, and crashes on a flipped bit. Against chance only: who could forge it is root. node:crypto takes twice as long to load. */
function digestOf(code: Buffer): Buffer {
  const digest = Buffer.alloc(DIGEST_LENGTH);
  digest.writeUInt32BE(crc32(code));
  return digest;
}

/** By rename. What can't be written is made again next time. */
function writeCode(mark: Buffer, code: Buffer): void {
  const temporary = `${DIRECTORY}/.code.${process.pid}.tmp`;
  try {
    const { uid, mode } = fs.lstatSync(DIRECTORY);
    if (uid !== 0 || (mode & 0o170022) !== 0o040000) return;
    fs.rmSync(temporary, { force: true });
    const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fs.fchmodSync(fd, 0o600);
      fs.writeFileSync(fd, Buffer.concat([mark, digestOf(code), code]));
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, CACHE);
  } catch {
    fs.rmSync(temporary, { force: true });
  }
}

const program = process.argv[2] ?? '';
process.argv.splice(1, 1);
const source = readSource(program);
const isRoot = process.geteuid?.() === 0;
const code = isRoot ? readCode(source.mark) : undefined;
const script = new Script(wrap(source.text), {
  filename: program,
  ...(code === undefined ? {} : { cachedData: code }),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
if (isRoot && (code === undefined || script.cachedDataRejected === true)) {
  // At the end, when all that this run needed is compiled.
  process.once('exit', () => writeCode(source.mark, script.createCachedData()));
}
const run = script.runInThisContext() as (...names: readonly unknown[]) => void;
const main = { exports: {} };
run.call(main.exports, main.exports, createRequire(program), main, program, dirname(program));
