/**
 * src/bin/main.ts → dist/watchkeeper.cjs, one CommonJS file with all it needs
 * (and the library, see library.mjs).
 * CommonJS, because Node starts it some 6 ms sooner than the same as ESM, and
 * one file, because each further one costs as well. What is imported by
 * `import()` stays lazy: its code runs when it is first asked for.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { declarations, libraryOptions, removeOldDeclarations } from './library.mjs';
import { buildManPages } from './man-pages.mjs';
import { ROOT, Problem, filesBelow, hashOf, isProgram, readIfThere, runMain, say } from './project.mjs';

const ENTRY = 'src/bin/main.ts';

/**
 * First thing in the bundle: an old Node gets a sentence, not a stack trace.
 * The second line is what packages written as ESM know as import.meta
 * (node-cron reads it at import).
 */
const BANNER = `
{const v=process.versions.node.split(".").map(Number);if(v[0]<20||v[0]===20&&v[1]<19){process.stderr.write("watchkeeper: cannot run: this is Node "+process.versions.node+", Watchkeeper needs 20.19 or later; try another node in PATH\\n");process.exit(5)}}
const __bundleUrl=require("node:url").pathToFileURL(__filename).href,__bundleFile=__filename,__bundleDirectory=__dirname;
`.trim();

function inputsHash(root) {
  const sources = filesBelow(path.join(root, 'src')).filter((file) => file.endsWith('.ts') || file.endsWith('.json'));
  const parts = [readFileSync(fileURLToPath(import.meta.url)), readFileSync(path.join(import.meta.dirname, 'library.mjs'))];
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', ...sources.map((file) => path.join('src', file))]) {
    parts.push(file, readFileSync(path.join(root, file)));
  }
  return hashOf(...parts);
}

/** Directories of the packages whose code is in the bundle. */
function bundledPackages(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match !== null) found.add(match[1]);
  }
  return [...found].sort();
}

/** The licence of each bundled package, as its terms ask for. */
function collectLicences(root, directories) {
  const sections = directories.map((directory) => {
    const manifest = JSON.parse(readFileSync(path.join(root, directory, 'package.json'), 'utf8'));
    const files = readdirSync(path.join(root, directory)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
    const texts = files.map((file) => readFileSync(path.join(root, directory, file), 'utf8').trim());
    const licence = typeof manifest.license === 'string' ? manifest.license : 'see below';
    return [`${manifest.name} ${manifest.version} (${licence})`, ...texts].join('\n\n');
  });
  return `watchkeeper.cjs and index.mjs contain these packages.\n\n${sections.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** Readers never see half a file. */
function replaceFile(file, contents) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, file);
}

/**
 * V8 keeps the text of a program for as long as it runs: with one letter beyond
 * Latin-1 it takes two bytes for each of all letters, 2 MB more in every watcher,
 * and each fork costs by what there is to share.
 */
function mustBeAscii({ path: file, text }) {
  const at = text.search(/\P{ASCII}/u);
  if (at >= 0) throw new Problem(`cannot build: ${file} has a letter that is not ASCII: ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))}; write it as an escape or, in HTML, as an entity`);
}

/** @returns whether anything had to be done */
export async function build(root = ROOT) {
  const dist = path.join(root, 'dist');
  const bundle = path.join(dist, 'watchkeeper.cjs');
  if (!existsSync(path.join(root, ENTRY))) throw new Problem(`cannot build: ${ENTRY} is not there`);
  const stamp = inputsHash(root);
  if (readIfThere(path.join(dist, '.inputs')) === stamp && existsSync(bundle)) return false;
  // loaded here, so that an up-to-date build needs no packages
  const esbuild = await import('esbuild');
  const options = {
    absWorkingDir: root,
    entryPoints: [ENTRY],
    outfile: bundle,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    metafile: true,
    legalComments: 'none',
    logLevel: 'silent',
    // sd-notify finds its addon by its own path; the others are optional parts of dbus-next
    external: ['sd-notify', 'x11', 'usocket'],
    define: {
      'import.meta.url': '__bundleUrl',
      'import.meta.filename': '__bundleFile',
      'import.meta.dirname': '__bundleDirectory',
    },
    banner: { js: BANNER },
  };
  // What it is for, it says itself. An old Node is to come as far as the bundle's own words about that.
  const codeCache = { ...options, entryPoints: ['src/bin/code-cache.ts'], outfile: path.join(dist, 'code-cache.cjs'), target: 'node12', sourcemap: false, banner: {} };
  // Each letter of it is read at each call.
  const quick = { ...options, entryPoints: ['src/bin/quick.ts'], outfile: path.join(dist, 'quick.cjs'), sourcemap: false, minifyIdentifiers: true };
  let results;
  let types;
  try {
    results = await Promise.all([esbuild.build(options), esbuild.build(codeCache), esbuild.build(quick), esbuild.build(libraryOptions({ ...options, keepNames: true }, root))]);
    types = await declarations(root);
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    const messages = await esbuild.formatMessages(error.errors, { kind: 'error', color: process.stderr.isTTY === true });
    throw new Problem(`cannot build:\n${messages.join('')}`);
  }
  for (const file of results[0].outputFiles) if (file.path === bundle) mustBeAscii(file);
  mkdirSync(dist, { recursive: true });
  // without its stamp, a build that is cut short is done again
  rmSync(path.join(dist, '.inputs'), { force: true });
  for (const file of results.flatMap((result) => result.outputFiles)) replaceFile(file.path, file.contents);
  removeOldDeclarations(root);
  for (const [name, text] of types) {
    mkdirSync(path.join(dist, 'types', path.dirname(name)), { recursive: true });
    replaceFile(path.join(dist, 'types', name), text);
  }
  const packages = new Set(results.flatMap((result) => bundledPackages(result.metafile)));
  replaceFile(path.join(dist, 'LICENSES'), collectLicences(root, [...packages].sort()));
  replaceFile(path.join(dist, '.inputs'), stamp);
  return true;
}

if (isProgram(import.meta.url)) await runMain(async () => {
  const { setup } = await import('./setup.mjs');
  await setup();
  const built = await build();
  const missing = buildManPages();
  if (process.argv.includes('--quiet')) return 0;
  say(`watchkeeper: ${built ? 'built dist/watchkeeper.cjs' : 'dist/watchkeeper.cjs is up to date'}${missing === undefined ? '' : `; ${missing}`}`);
  return 0;
});
