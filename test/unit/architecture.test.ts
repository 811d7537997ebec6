/** The rules of docs/architecture.md that a machine can keep. */
import { readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { ERROR_CODES } from '../../src/core/errors.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SRC = path.join(ROOT, 'src');
const MOST_LINES = 250;

interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Only types: nothing of it is there at run time. */
  readonly typeOnly: boolean;
  readonly names: readonly string[];
}

interface Source {
  /** Relative to src/. */
  readonly name: string;
  readonly floor: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

function read(name: string): Source {
  const text = readFileSync(path.join(SRC, name), 'utf8');
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  return { name, floor: name.split('/')[0] ?? '', text, tree, imports: importsOf(tree) };
}

function each(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => each(child, visit));
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  each(tree, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings !== undefined && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
      const allTypes = named.length > 0 && clause?.name === undefined && named.every((element) => element.isTypeOnly);
      found.push({
        specifier: node.moduleSpecifier.text,
        typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes,
        names: named.map((element) => (element.propertyName ?? element.name).text),
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly, names: [] });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      // a computed one could reach any floor
      found.push({ specifier: argument !== undefined && ts.isStringLiteral(argument) ? argument.text : '(computed)', typeOnly: false, names: [] });
    }
  });
  return found;
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map(read);

/** Floor that a specifier leads to; `node:` and `package` for what is not ours. */
function target(source: Source, specifier: string): string {
  if (isBuiltin(specifier)) return 'node:';
  if (!specifier.startsWith('.')) return 'package';
  const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(source.name), specifier));
  return resolved === '../package.json' ? 'package' : (resolved.split('/')[0] ?? '');
}

/** What breaks the rule, as "file: what", so that a failure names its culprits. */
function offences(judge: (source: Source) => readonly string[]): string[] {
  return sources.flatMap((source) => judge(source).map((what) => `${source.name}: ${what}`));
}

function nodes(source: Source, describeOffence: (node: ts.Node) => string | undefined): string[] {
  const found: string[] = [];
  each(source.tree, (node) => {
    const what = describeOffence(node);
    if (what !== undefined) found.push(`${what} in line ${source.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
  });
  return found;
}

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  ports: ['core', 'ports'],
  app: ['core', 'ports', 'app'],
  adapters: ['core', 'ports', 'adapters', 'node:', 'package'],
  cli: ['core', 'ports', 'app', 'adapters', 'cli', 'node:', 'package'],
  bin: ['core', 'ports', 'app', 'adapters', 'cli', 'bin', 'node:', 'package'],
  lib: ['core', 'ports', 'bin', 'lib', 'node:'],
};

describe('the floors', () => {
  it('are all there is in src/', () => {
    const floors = readdirSync(SRC, { withFileTypes: true }).map((entry) => entry.name);
    expect(floors.filter((name) => !(name in MAY_IMPORT))).to.deep.equal([]);
    expect(sources.length).to.be.greaterThan(20);
  });

  for (const [floor, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${floor}/ imports only ${allowed.join(', ')}`, () => {
      const wrong = offences((source) =>
        source.floor !== floor ? [] : source.imports.map(({ specifier }) => specifier).filter((specifier) => !allowed.includes(target(source, specifier))),
      );
      expect(wrong).to.deep.equal([]);
    });
  }

  it('ports/ takes only types from core/', () => {
    const wrong = offences((source) =>
      source.floor !== 'ports' ? [] : source.imports.filter((one) => !one.typeOnly).map(({ specifier }) => specifier),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('have no file that is a mere list of re-exports', () => {
    const wrong = offences((source) => (source.tree.statements.every((statement) => ts.isExportDeclaration(statement)) ? ['a barrel'] : []));
    expect(wrong).to.deep.equal([]);
  });

  it('have no file whose name says nothing', () => {
    expect(sources.map((source) => source.name).filter((name) => /(^|\/)(utils?|helpers?|common|misc|shared|index)\.ts$/.test(name))).to.deep.equal([]);
  });

  it(`have no file longer than ${MOST_LINES} lines`, () => {
    const wrong = offences((source) => {
      const lines = source.text.trimEnd().split('\n').length;
      return lines > MOST_LINES ? [`${lines} lines`] : [];
    });
    expect(wrong).to.deep.equal([]);
  });
});

/** Names of the world outside, which a pure function has no business with. */
const IMPURE = new Set(['Date', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'console', 'crypto', 'fetch', 'globalThis', 'require', 'Temporal']);

function isReference(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  return !('name' in parent && parent.name === node);
}

function impurity(node: ts.Node): string | undefined {
  if (isReference(node) && IMPURE.has(node.text)) return node.text;
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const text = node.getText();
  if (text === 'Math.random') return text;
  // `process` is a word of ours as well: a ProcessIdentity
  return /^process\.(env|exit|exitCode|kill|on|hrtime|stdout|stderr|cwd|argv|platform|nextTick|uptime|getuid|emitWarning)$/.test(text) ? text : undefined;
}

describe('core/, ports/ and app/', () => {
  it('know no clock, chance, process or console', () => {
    const wrong = offences((source) => (['core', 'ports', 'app'].includes(source.floor) ? nodes(source, impurity) : []));
    expect(wrong).to.deep.equal([]);
  });
});

describe('src/', () => {
  it('starts programs by argv, never by a shell', () => {
    const wrong = offences((source) => [
      ...source.imports
        .filter(({ specifier }) => specifier.replace(/^node:/, '') === 'child_process')
        .flatMap(({ names }) => names.filter((name) => name === 'exec' || name === 'execSync')),
      ...nodes(source, (node) =>
        ts.isPropertyAssignment(node) && node.name.getText() === 'shell' && node.initializer.kind !== ts.SyntaxKind.FalseKeyword ? node.getText() : undefined,
      ),
    ]);
    expect(wrong).to.deep.equal([]);
  });

  it('evaluates no text as a program', () => {
    const wrong = offences((source) =>
      nodes(source, (node) => {
        if (ts.isCallExpression(node) && node.expression.getText() === 'eval') return 'eval';
        return ts.isNewExpression(node) && node.expression.getText() === 'Function' ? 'new Function' : undefined;
      }),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no any and no !', () => {
    const wrong = offences((source) =>
      nodes(source, (node) => (node.kind === ts.SyntaxKind.AnyKeyword || ts.isNonNullExpression(node) ? node.getText() : undefined)),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('sets the exit status in bin/ only', () => {
    const wrong = offences((source) =>
      source.floor === 'bin' ? [] : nodes(source, (node) => (ts.isPropertyAccessExpression(node) && /^process\.exit(Code)?$/.test(node.getText()) ? node.getText() : undefined)),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('does not decide by the text of an error', () => {
    const wrong = offences((source) =>
      nodes(source, (node) => (ts.isCallExpression(node) && /\b(err|error|cause)\.message\.(includes|startsWith|endsWith|match|search)$/.test(node.expression.getText()) ? node.expression.getText() : undefined)),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('knows no product that it supervises by name', () => {
    // comments may give it as an example
    const wrong = offences((source) =>
      nodes(source, (node) => (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) && /ganeti/i.test(node.text) ? node.text : undefined),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('says the words of the glossary', () => {
    const forbidden = /backend|driver|provider|(target|actual)State|plugin|cronJob/i;
    const wrong = offences((source) =>
      nodes(source, (node) => {
        if (!ts.isIdentifier(node)) return undefined;
        // "probe" is Pacemaker's word for one kind of monitor, and "job" systemd's for its own
        if (/probe/i.test(node.text) && !/ocf|cluster-/.test(source.name)) return node.text;
        if (/^jobs?$|^job[A-Z]|[a-z]Jobs?(?![a-z])/.test(node.text) && !/systemd|ocf/.test(source.name)) return node.text;
        return forbidden.test(node.text) ? node.text : undefined;
      }),
    );
    expect(wrong).to.deep.equal([]);
  });
});

/** The first column of each table row whose first cell is code. */
function documentedCodes(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
}

function failureCodes(): string[] {
  const found: string[] = [];
  each(read('core/outcome.ts').tree, (node) => {
    if (!ts.isTypeAliasDeclaration(node) || node.name.text !== 'FailureCode') return;
    each(node.type, (part) => {
      if (ts.isStringLiteral(part)) found.push(part.text);
    });
  });
  return found;
}

describe('docs/', () => {
  const page = (name: string): string => readFileSync(path.join(ROOT, 'docs', name), 'utf8');

  it('exit-codes.md explains each error code and failure code, and no other', () => {
    const documented = documentedCodes(page('exit-codes.md'));
    expect(documented.filter((code) => !/^\d+$/.test(code)).sort()).to.deep.equal([...Object.keys(ERROR_CODES), ...failureCodes()].sort());
  });

  it('exit-codes.md gives each error code its exit status', () => {
    for (const [name, { exitStatus }] of Object.entries(ERROR_CODES)) {
      expect(page('exit-codes.md')).to.include(`| \`${name}\` | ${exitStatus} |`);
    }
  });

  it('architecture.md describes each directory of src/', () => {
    const text = page('architecture.md');
    const directories = new Set(sources.map((source) => path.posix.dirname(source.name)));
    expect([...directories].filter((directory) => !text.includes(`\`${directory}/\``))).to.deep.equal([]);
  });
});
