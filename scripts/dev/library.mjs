/**
 * src/lib/watchkeeper.ts → dist/index.mjs, one ES module with all it needs, and
 * dist/types/, the declarations that are reachable from it and no others.
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Problem } from './project.mjs';

export const LIBRARY_ENTRY = 'src/lib/watchkeeper.ts';

/** Packages written as CommonJS want what an ES module has not. */
const BANNER = `
import { createRequire as __createRequire } from "node:module";
import { fileURLToPath as __fileURLToPath } from "node:url";
import { dirname as __dirnameOf } from "node:path";
const require=__createRequire(import.meta.url),__filename=__fileURLToPath(import.meta.url),__dirname=__dirnameOf(__filename);
`.trim();

/** What differs from the bundle of the programs. */
export function libraryOptions(options, root) {
  // undefined: import.meta is what it says
  return { ...options, define: undefined, entryPoints: [LIBRARY_ENTRY], outfile: path.join(root, 'dist/index.mjs'), format: 'esm', sourcemap: false, banner: { js: BANNER } };
}

/** @returns {Promise<Map<string, string>>} declarations by their path below dist/types */
export async function declarations(root) {
  const { default: ts } = await import('typescript');
  const src = path.join(root, 'src');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023, lib: ['lib.es2023.d.ts'], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true, declaration: true, emitDeclarationOnly: true, skipLibCheck: true, types: ['node'], typeRoots: [path.join(root, 'node_modules/@types')], rootDir: src, outDir: '/',
  };
  // The entry by itself, as what it is made of is all of Watchkeeper; what its types are made of is little.
  const entry = ts.transpileDeclaration(readFileSync(path.join(root, LIBRARY_ENTRY), 'utf8'), { fileName: path.join(root, LIBRARY_ENTRY), reportDiagnostics: true, compilerOptions: { ...compilerOptions, isolatedDeclarations: true } });
  if (entry.diagnostics.length > 0) throw new Problem(`cannot declare ${LIBRARY_ENTRY}: ${entry.diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')).join('; ')}`);
  const emitted = new Map();
  const roots = referencesOf('lib/watchkeeper.d.ts', entry.outputText).map((name) => path.join(src, name.replace(/\.d\.ts$/, '.ts')));
  ts.createProgram(roots, compilerOptions).emit(undefined, (file, text) => emitted.set(path.posix.relative('/', file), text));
  const found = new Map([['lib/watchkeeper.d.ts', entry.outputText]]);
  for (const [name, text] of found) {
    for (const reference of referencesOf(name, text)) {
      if (!emitted.has(reference)) throw new Problem(`cannot declare the library: ${name} wants ${reference}`);
      // a Map goes on to what was added to it meanwhile
      found.set(reference, emitted.get(reference));
    }
  }
  return found;
}

function referencesOf(name, text) {
  return [...text.matchAll(/(?:from|import\()\s*['"](\.[^'"]*)['"]/g)].map(([, specifier]) => path.posix.join(path.posix.dirname(name), specifier.replace(/\.js$/, '.d.ts')));
}

export function removeOldDeclarations(root) {
  rmSync(path.join(root, 'dist/types'), { recursive: true, force: true });
}
