/**
 * The configuration: files, drop-ins and environment → settings and catalogue.
 * Nothing else in Watchkeeper imports the YAML parser or convict; import this
 * module lazily where a command may not need it.
 */
import { resolve } from 'node:path';

import { type CatalogueProblem, checkCatalogue } from '../../core/catalogue-check.js';
import type { Catalogue } from '../../core/catalogue.js';
import { checkHooks } from '../../core/hook-check.js';
import { checkTasks } from '../../core/task.js';
import { assembleCatalogue, assembleHooks, assembleSettings, assembleTasks } from './assemble.js';
import type { LoadedConfiguration } from './configuration.js';
import { DAEMON_SCHEMA } from './daemon-schema.js';
import { Draft } from './draft.js';
import type { Environment } from './location.js';
import { describePlace, type Place, Problems } from './problems.js';
import { readSources, type Source } from './sources.js';
import type { FileStamp } from './trusted-file.js';
import { parseYaml } from './yaml-document.js';

/**
 * @param main path of the main file, as configurationFile says
 * @throws WatchkeeperError CONFIG_UNREADABLE or CONFIG_INVALID, with every problem on a line of its own
 */
export function loadConfiguration(main: string, environment: Environment): LoadedConfiguration {
  return loadWithTexts(main, environment).configuration;
}

/** The same, with the texts of its files, for whoever keeps both (cache.ts). */
export function loadWithTexts(main: string, environment: Environment): { readonly configuration: LoadedConfiguration; readonly texts: readonly string[] } {
  const problems = new Problems();
  const { sources, files, texts } = readSources(resolve(main), problems);
  return { configuration: build(resolve(main), sources, files, environment, problems), texts };
}

/**
 * A configuration that comes with the program.
 *
 * @param name what stands for a file in messages and origins
 * @throws as loadConfiguration
 */
export function configurationFromText(name: string, text: string, environment: Environment): LoadedConfiguration {
  const problems = new Problems();
  const root = parseYaml(name, text, problems);
  return build(name, root === undefined ? [] : [{ file: name, root }], [], environment, problems);
}

function build(main: string, sources: readonly Source[], files: readonly FileStamp[], environment: Environment, problems: Problems): LoadedConfiguration {
  const draft = new Draft(problems);
  for (const source of sources) draft.addDocument(source.file, source.root);
  draft.addEnvironment(environment);
  const readable = problems.list.length === 0;
  if (readable && !draft.daemonsGiven) {
    // An empty file is more often an accident (full disk, lost edit) than a wish.
    problems.add({ file: main, line: undefined }, '', "no daemons are declared; write 'daemons:' or 'catalogue:', and 'daemons: {}' if there are to be none");
  }
  const settings = assembleSettings(draft.settings);
  const catalogue = assembleCatalogue(draft, settings.paths);
  reportCatalogue(main, draft, catalogue, problems);
  const tasks = assembleTasks(draft);
  const roles = catalogue.group.roles.map(({ name }) => name);
  reportProblems(main, draft, checkTasks(tasks, roles), problems);
  const hooks = assembleHooks(draft);
  reportProblems(main, draft, checkHooks(hooks, catalogue), problems);
  problems.throwIfAny();
  return {
    settings,
    paths: settings.paths,
    catalogue,
    tasks,
    hooks,
    main,
    files,
    origin: (key) => {
      const origin = originOf(draft, key);
      return origin === undefined ? 'default' : typeof origin === 'string' ? origin : describePlace(origin);
    },
  };
}

function reportCatalogue(main: string, draft: Draft, catalogue: Catalogue, problems: Problems): void {
  // A value that could not be read stands at its default here: one problem with it is enough.
  const told = new Set(problems.list.map((problem) => problem.key));
  for (const [name, daemon] of draft.daemons) {
    const key = `daemons.${name}.executable`;
    const written = daemon.given.get('executable') ?? draft.defaults.get('executable');
    if (written !== undefined || told.has(key) || told.has('defaults.executable')) continue;
    problems.add(daemon.place, key, 'it is missing; the absolute path of a program is needed');
  }
  reportProblems(main, draft, checkCatalogue(catalogue), problems);
}

function reportProblems(main: string, draft: Draft, found: readonly CatalogueProblem[], problems: Problems): void {
  const told = new Set(problems.list.map((problem) => problem.key));
  for (const problem of found) {
    const key = problem.path.join('.');
    if (told.has(key) || told.has(inDefaults(problem.path) ?? key)) continue;
    problems.add(placeOf(main, draft, problem.path), key, problem.message);
  }
}

function inDefaults(path: readonly string[]): string | undefined {
  return path[0] === 'daemons' && path.length > 2 ? ['defaults', ...path.slice(2)].join('.') : undefined;
}

/** Of the value itself, else of what `defaults:` says, else of the daemon, else of the whole. */
function placeOf(main: string, draft: Draft, path: readonly string[]): Place {
  const entries = { daemons: draft.daemons, tasks: draft.tasks, hooks: draft.hooks }[path[0] ?? ''];
  const candidates = [path.join('.'), inDefaults(path), path.slice(0, -1).join('.'), path.slice(0, 2).join('.')];
  for (const key of candidates) {
    const origin = key === undefined ? undefined : draft.origins.get(key);
    if (typeof origin === 'object') return origin;
  }
  return entries?.get(path[1] ?? '')?.place ?? { file: main, line: undefined };
}

function originOf(draft: Draft, key: string): Place | string | undefined {
  const own = draft.origins.get(key);
  if (own !== undefined || !key.startsWith('daemons.')) return own;
  // A name may hold dots: the key of the daemon is the longest end that the schema knows.
  for (let dot = key.indexOf('.', 'daemons.'.length); dot >= 0; dot = key.indexOf('.', dot + 1)) {
    const name = key.slice('daemons.'.length, dot);
    const leaf = key.slice(dot + 1);
    const daemon = draft.daemons.get(name);
    if (daemon === undefined || !DAEMON_SCHEMA.leaves.has(leaf)) continue;
    return daemon.given.has(leaf) ? undefined : draft.origins.get(`defaults.${leaf}`);
  }
  return undefined;
}
