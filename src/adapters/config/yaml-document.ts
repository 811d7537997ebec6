/** YAML text → located data, by the `yaml` package; the parts of YAML that surprise are refused. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type ParsedNode } from 'yaml';

import { quoted } from '../../core/printable.js';
import type { Located, LocatedMap } from './located.js';
import type { Problems } from './problems.js';

/** The parser's time grows with these; 1000 daemons of 15 lines each need a third. */
const MAX_STRUCTURE = 200_000;
const MAX_DEPTH = 16;
const MAX_SYNTAX_ERRORS = 20;

/** @returns undefined if the text is no YAML map; the problems say why */
export function parseYaml(file: string, text: string, problems: Problems): LocatedMap | undefined {
  const refuse = (line: number | undefined, message: string): void => problems.add({ file, line }, '', message);
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text);
  if (control !== null) {
    refuse(lineOf(text, control.index), 'a control character, which YAML does not allow; is this a text file?');
    return undefined;
  }
  if (structure(text) > MAX_STRUCTURE) {
    refuse(undefined, `more than ${MAX_STRUCTURE} lines, brackets, commas and indicators; no catalogue needs that many`);
    return undefined;
  }
  const lines = new LineCounter();
  // uniqueKeys compares every pair of keys; the walk below does the same with a Map.
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, lineCounter: lines });
  const complaints = [...document.errors, ...document.warnings];
  for (const complaint of complaints.slice(0, MAX_SYNTAX_ERRORS)) {
    const message = complaint.code === 'TAG_RESOLVE_FAILED' ? TAG_REFUSED : `not YAML: ${complaint.message}`;
    refuse(lines.linePos(complaint.pos[0]).line, message);
  }
  if (complaints.length > 0) return undefined;
  const root = document.contents;
  if (root === null || (isScalar(root) && root.source === '')) return { kind: 'map', line: 1, entries: new Map() };
  const located = new Walker(file, lines, problems).walk(root, 0);
  if (located.kind === 'map') return located;
  refuse(located.line, "the file must hold 'key: value' lines (a YAML map) at its top");
  return undefined;
}

const TAG_REFUSED = 'tags (!name) are not allowed; write the value alone';

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Counts what the parser spends its time on, without parsing. */
function structure(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if ('\n[]{},'.includes(character)) count += 1;
    else if ((character === '-' || character === '?' || character === ':') && text.charAt(index + 1) === ' ') count += 1;
  }
  return count;
}

class Walker {
  constructor(
    readonly file: string,
    readonly lines: LineCounter,
    readonly problems: Problems,
  ) {}

  walk(node: ParsedNode | null, depth: number): Located {
    if (node === null) return { kind: 'scalar', line: 1, value: null };
    const line = this.lines.linePos(node.range[0]).line;
    const nothing: Located = { kind: 'scalar', line, value: null };
    const refuse = (message: string): Located => {
      this.problems.add({ file: this.file, line }, '', message);
      return nothing;
    };
    if (isAlias(node)) return refuse(`aliases (*${node.source}) are not allowed; 'defaults:' says once what holds for all daemons`);
    if (node.anchor !== undefined) return refuse(`anchors (&${node.anchor}) are not allowed; 'defaults:' says once what holds for all daemons`);
    if (node.tag !== undefined) return refuse(TAG_REFUSED);
    if (depth > MAX_DEPTH) return refuse(`more than ${MAX_DEPTH} levels deep`);
    if (isScalar(node)) {
      const absent = node.type === 'PLAIN' && (node.source === '' || node.source === '~' || node.source === 'null');
      return { kind: 'scalar', line, value: absent ? null : String(node.value) };
    }
    if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => this.walk(item, depth + 1)) };
    const entries = new Map<string, { line: number; node: Located }>();
    for (const { key, value } of isMap(node) ? node.items : []) {
      const name = this.walk(key, depth + 1);
      if (name.kind !== 'scalar') {
        this.problems.add({ file: this.file, line: name.line }, '', 'a key must be a word, not a list or a map');
        continue;
      }
      const text = name.value ?? (isScalar(key) ? key.source : undefined) ?? '';
      const earlier = entries.get(text);
      if (earlier !== undefined) {
        this.problems.add({ file: this.file, line: name.line }, '', `the key ${quoted(text)} is there already, in line ${earlier.line}`);
      }
      entries.set(text, { line: name.line, node: value === null ? nothing : this.walk(value, depth + 1) });
    }
    return { kind: 'map', line, entries };
  }
}
