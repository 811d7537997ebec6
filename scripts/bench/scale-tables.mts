/** What scale.mts measured, in tables; and how it grows. */
import { asked, exponent, markdown, mean, median, outcome, shown, spread, type Bar, type Section } from './figures.mjs';
import { SLICE, type Figures, type ScalePlan } from './scale.mjs';

/** Finds what a peer was measured at, at the same size. */
type Beside = (peer: string) => Figures | undefined;

interface Cost {
  readonly title: string;
  readonly of: (figures: Figures) => number;
  readonly cell: (figures: Figures) => string;
  /** What it is to be held against. */
  readonly ratios?: readonly { readonly title: string; reference(beside: Beside): number }[];
}

/** A median, the largest of many in brackets. */
const largest = (middle: number, values: readonly number[]): string => shown(middle) + (values.length > 1 ? ` (${shown(Math.max(...values))})` : '');
const times = (title: string, of: (figures: Figures) => readonly number[]): Cost => ({ title, of: (figures) => outcome(of(figures)), cell: (figures) => spread(of(figures)) });

const START: Cost = {
  ...times('start all, ms', ({ start }) => start),
  ratios: ['bare-node-ssd', 'limit-node'].map((name) => ({ title: `× ${name}`, reference: (beside) => median(beside(name)?.start ?? []) })),
};
const STATUS: Cost = {
  ...times('status of all, ms', ({ status }) => status),
  // Where there is no command for it, none failed.
  of: ({ status }) => median(status),
  ratios: [{ title: '× an empty Node program', reference: (beside) => median(beside('ours')?.emptyNode ?? []) }],
};
const IDLE: Cost = { title: 'idle CPU, % of a core', of: ({ idle }) => mean(idle), cell: ({ idle }) => largest(mean(idle), idle) };
const MEMORY: Cost = { title: 'PSS, MB', of: ({ memory }) => median(memory), cell: ({ memory }) => largest(median(memory), memory) };
const DEATH = times('all killed at once: all back, ms', ({ death }) => death);
const COSTS: readonly Cost[] = [START, times('stop all, ms', ({ stop }) => stop), IDLE, MEMORY, STATUS, DEATH, times('one killed among them, ms', ({ one }) => one)];

function table(all: readonly Figures[]): string {
  const beside: Beside = (peer) => all.find((one) => one.peer === peer);
  const columns = COSTS.flatMap(({ title, of, cell, ratios = [] }) => [
    { title, cell },
    ...ratios.map((ratio) => ({ title: ratio.title, reference: ratio.reference(beside) }))
      .filter(({ reference }) => Number.isFinite(reference))
      .map((ratio) => ({ title: ratio.title, cell: (figures: Figures) => shown(of(figures) / ratio.reference) })),
  ]);
  return markdown(['peer', ...columns.map(({ title }) => title)], all.map((one) => [one.peer, ...columns.map(({ cell }) => cell(one))]));
}

export function scaleSection(all: readonly Figures[], plan: ScalePlan): Section {
  const at = (size: number): Beside => (peer) => all.find((one) => one.size === size && one.peer === peer);
  const figure = (size: number, peer: string, cost: (figures: Figures) => number): number => {
    const found = at(size)(peer);
    return found === undefined ? NaN : cost(found);
  };
  const start = (peer: string): number => figure(100, peer, (figures) => START.of(figures));
  const bars: Bar[] = [
    ...['bare-node-ssd', 'limit-node'].map((bare) => ({ what: 'start of 100', measured: start('ours'), unit: 'ms', most: 1.5 * start(bare), of: `1.5 × ${bare}` })),
    { what: 'start of 100', measured: start('ours'), unit: 'ms', most: start('systemd'), of: 'systemd' },
    { what: 'idle CPU of 1000', measured: figure(1000, 'ours', (figures) => IDLE.of(figures)), unit: '%', most: 0.5 },
    { what: 'PSS of 1000', measured: figure(1000, 'ours', (figures) => MEMORY.of(figures)), unit: 'MB', most: 70 },
    ...[100, 1000].map((size) => ({
      what: `status of all ${size}`,
      measured: figure(size, 'ours', ({ status }) => outcome(status)),
      unit: 'ms',
      most: 1.5 * figure(size, 'ours', ({ emptyNode }) => median(emptyNode)),
      of: '1.5 × an empty Node program',
    })),
    { what: 'death of all 1000: all back', measured: figure(1000, 'ours', (figures) => DEATH.of(figures)), unit: 'ms', most: 3000 },
  ];
  const sizes = [...new Set(all.map(({ size }) => size))];
  const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
  const parts = sizes.map((size) => `${counted(size, 'daemon', 'daemons')}, ${counted(plan.rounds(size), 'start and stop', 'starts and stops')}, ${counted(plan.deaths, 'death', 'deaths')} of all:\n\n${table(all.filter((one) => one.size === size))}`);
  return {
    name: 'scale',
    title: `What many daemons cost (medians, and p95 in brackets; idle over ${plan.idle} s: mean CPU and median PSS, and the largest of ${SLICE} s in brackets)`,
    parts,
    bars: asked(bars),
    figures: all,
  };
}

/** Exponents over all sizes that were measured. */
export function growthSection(all: readonly Figures[]): Section {
  const sizes = [...new Set(all.map(({ size }) => size))].filter((size) => size > 1);
  const peers = [...new Set(all.map(({ peer }) => peer))];
  const rows = peers.flatMap((peer) => COSTS.map(({ title, of }) => {
    const points = all.filter((one) => one.peer === peer && one.size > 1).map((one) => ({ n: one.size, cost: of(one) }));
    return [peer, title, ...sizes.map((size) => shown(points.find(({ n }) => n === size)?.cost ?? NaN)), shown(exponent(points))];
  }));
  return {
    name: 'growth',
    title: 'How cost grows: cost = c · nᵏ',
    parts: [markdown(['peer', 'cost', ...sizes.map((size) => `${size} daemons`), 'k'], rows)],
    bars: [],
    figures: rows,
  };
}
