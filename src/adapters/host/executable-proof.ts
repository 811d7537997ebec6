/**
 * Whether a process runs a daemon's program. Three ways, as programs differ:
 * its executable file; its command line's first word, where the file was
 * replaced by an upgrade; script and interpreter, where the program is a script.
 */
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { errorCode } from './error-code.js';
import { readCommandLine, readHead } from './proc.js';

const DELETED = ' (deleted)';
/** What the kernel reads of a script's first line: BINPRM_BUF_SIZE. */
const FIRST_LINE = 256;

/** undefined: it does; otherwise what it runs instead. */
export function runsSomethingElse(pid: number, executable: string): string | undefined {
  const file = processFile(pid);
  const wanted = resolved(executable);
  if (file !== undefined && (file === wanted || file === executable)) return undefined;
  const argv = readCommandLine(pid);
  const words = argv.slice(0, 3);
  if (file === undefined && sameFile(words[0], executable, wanted)) return undefined;
  if (isScriptOf(words, file, executable, wanted)) return undefined;
  const seen = file ?? words[0] ?? '';
  return seen === '' ? 'a kernel thread' : seen;
}

/** The process's executable file, without the mark of a replaced one; undefined: not ours to see, or a kernel thread. */
export function processFile(pid: number): string | undefined {
  try {
    const link = readlinkSync(`/proc/${pid}/exe`);
    return link.endsWith(DELETED) ? link.slice(0, -DELETED.length) : link;
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== undefined) return path; // removed while the daemon runs on
    throw error;
  }
}

function sameFile(word: string | undefined, executable: string, wanted: string): boolean {
  if (word === undefined || !isAbsolute(word)) return false;
  return word === executable || word === wanted || resolved(word) === wanted;
}

/**
 * The kernel runs `#!/interpreter option` as `/interpreter option script …`. The
 * interpreter must fit too: `less /usr/sbin/daemon` has the same second word.
 */
function isScriptOf(words: readonly string[], file: string | undefined, executable: string, wanted: string): boolean {
  const script = sameFile(words[1], executable, wanted) || (words[1]?.startsWith('-') === true && sameFile(words[2], executable, wanted));
  if (!script) return false;
  const head = readHead(wanted, FIRST_LINE)?.toString('latin1');
  if (head === undefined) return true; // removed, or not readable: nothing speaks against it
  const line = /^#![ \t]*(\S+)[ \t]*([^\n]*)/.exec(head);
  if (line === null) return false;
  const [, interpreter = '', rest = ''] = line;
  if (basename(interpreter) !== 'env') return file === undefined || file === resolved(interpreter);
  const program = rest.split(/[ \t]+/).find((word) => word !== '' && !word.startsWith('-') && !word.includes('=')) ?? '';
  return basename(words[0] ?? '') === basename(program) || basename(file ?? '') === basename(program);
}
