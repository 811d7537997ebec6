/** What is made of the measured figures: medians, growth, bars, tables. Pure. */

/**
 * Linear between neighbours; NaN of nothing. NaN is what was not measured and is
 * left out; Infinity is what was waited for and never came, so later than all.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((one, other) => (one === other ? 0 : one - other));
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  // Infinity has no share that could be taken.
  return low === high || Number.isInteger(at) ? low : low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median of what was tried. NaN: it was not; Infinity: nothing came of it at all, or not of half. */
export function outcome(tried: readonly number[] | undefined): number {
  return tried?.length === 0 ? Infinity : median(tried ?? []);
}

/** What one took more than another. Infinity: it never came; NaN: there is nothing to compare it with. */
export function beyond(one: number, other: number): number {
  return Number.isFinite(other) ? one - other : one === Infinity ? one : NaN;
}

/**
 * The exponent k of cost = c · n^k by least squares on the logarithms: 0 is the
 * same for any n, 1 in proportion to it. NaN with fewer than two sizes. What is
 * not above zero has no logarithm and is left out.
 */
export function exponent(points: readonly { readonly n: number; readonly cost: number }[]): number {
  const logs = points.filter(({ n, cost }) => n > 0 && cost > 0).map(({ n, cost }) => [Math.log(n), Math.log(cost)] as const);
  const mean = (index: 0 | 1): number => logs.reduce((sum, point) => sum + point[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spread === 0 ? NaN : logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

/** Three digits that count; an en dash for what was not measured. */
export function shown(value: number): string {
  if (value === Infinity) return 'never';
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The median, and of several p95 in brackets. */
export function spread(values: readonly number[]): string {
  const measured = values.filter((value) => !Number.isNaN(value));
  return shown(median(measured)) + (measured.length > 1 ? ` (${shown(quantile(measured, 0.95))})` : '');
}

export function amount(value: number, unit: string): string {
  return value === Infinity ? shown(value) : `${shown(value)} ${unit}`.trim();
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}

export interface Bar {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  /** Most that it may be, in words, where it is no number of its own. */
  readonly most: number;
  readonly of?: string;
}

/** undefined: not measured, or nothing to compare it with. What never came meets nothing. */
export function isMet({ measured, most }: Bar): boolean | undefined {
  if (measured === Infinity) return false;
  return Number.isFinite(measured) && Number.isFinite(most) ? measured <= most : undefined;
}

export function barTable(bars: readonly Bar[]): string {
  const rows = bars.map((bar) => {
    const met = isMet(bar);
    return [bar.what, amount(bar.measured, bar.unit), amount(bar.most, bar.unit) + (bar.of === undefined ? '' : ` (${bar.of})`), met === undefined ? 'not measured' : met ? 'yes' : '**no**'];
  });
  return markdown(['bar', 'measured', 'at most', 'met'], rows);
}

/** Without those whose peer or size nobody asked for. */
export function asked(bars: readonly Bar[]): readonly Bar[] {
  return bars.filter(({ measured }) => !Number.isNaN(measured));
}

/** JSON has no Infinity, and would make null of it as of what was not measured. */
export function inJson(_key: string, value: unknown): unknown {
  return value === Infinity ? 'never' : value;
}

/** One question's answer. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** Tables and remarks, Markdown. */
  readonly parts: readonly string[];
  readonly bars: readonly Bar[];
  /** All that was measured, for JSON. */
  readonly figures: unknown;
}

export function sectionText({ title, parts, bars }: Section): string {
  return [`### ${title}`, ...parts, ...(bars.length === 0 ? [] : [barTable(bars)])].join('\n\n');
}

/** The document with `text` between the two markers of this name. @throws where it has no place for it */
export function placed(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: written by npm run bench -- ${name} --write -->`, `<!-- ${name}: end -->`];
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`there is no place for it: the lines ${begin} and ${end}`);
  return `${document.slice(0, before)}${begin}\n\n${text}\n\n${document.slice(after)}`;
}
