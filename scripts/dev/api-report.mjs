/**
 * What the library promises to those who import it, as text: each name that
 * `import 'watchkeeper'` gives, and each type that is reachable from one, without
 * comments, by name. docs/library-api.md is the report that was agreed on; this
 * program writes it anew, and a test compares.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { ROOT, isProgram, runMain } from './project.mjs';

const HEADING = `# The library's public surface

Made by \`node scripts/dev/api-report.mjs\` from the declarations that are shipped; a test compares. A line that goes or changes here breaks somebody's program: that is for a new version, and for CHANGELOG.md.
`;

export const REPORT = 'docs/library-api.md';

export async function apiReport(root = ROOT) {
  const { default: ts } = await import('typescript');
  const types = path.join(root, 'dist/types');
  const program = ts.createProgram([path.join(types, 'lib/watchkeeper.d.ts')], {
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2023,
    strict: true, types: ['node'], typeRoots: [path.join(root, 'node_modules/@types')],
  });
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const resolved = (symbol) => ((symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol));
  const declarationsOf = (symbol) => (symbol.declarations ?? []).filter((node) => node.getSourceFile().fileName.startsWith(`${types}/`) && isNamed(ts, node));
  const entry = program.getSourceFile(path.join(types, 'lib/watchkeeper.d.ts'));
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)).map((symbol) => [symbol.name, resolved(symbol)]);
  const found = new Map(exported.map(([, symbol]) => [symbol, undefined]));
  // a Map goes on to what was added to it meanwhile
  for (const symbol of found.keys()) {
    const nodes = declarationsOf(symbol);
    found.set(symbol, nodes.map((node) => printer.printNode(ts.EmitHint.Unspecified, statement(ts, node), node.getSourceFile())).join('\n'));
    const visit = (node) => {
      if (ts.isIdentifier(node)) {
        const referenced = checker.getSymbolAtLocation(node);
        const other = referenced === undefined ? undefined : resolved(referenced);
        if (other !== undefined && !found.has(other) && declarationsOf(other).length > 0) found.set(other, undefined);
      }
      ts.forEachChild(node, visit);
    };
    nodes.forEach(visit);
  }
  const names = new Set(exported.map(([, symbol]) => symbol));
  const section = (title, chosen) => `## ${title}\n\n\`\`\`ts\n${chosen.map(([, text]) => text.replace(/^export (declare )?/gm, '')).sort().join('\n\n')}\n\`\`\`\n`;
  const all = [...found];
  return [HEADING, section('Exported', all.filter(([symbol]) => names.has(symbol))), section('Reachable from these', all.filter(([symbol]) => !names.has(symbol)))].join('\n');
}

/** What has a name of its own at the top of a module. */
function isNamed(ts, node) {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isEnumDeclaration(node) || (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent));
}

function statement(ts, node) {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node;
}

if (isProgram(import.meta.url)) await runMain(async () => {
  await build();
  writeFileSync(path.join(ROOT, REPORT), await apiReport());
  return 0;
});
