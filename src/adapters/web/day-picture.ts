/** The last 24 hours of one daemon as a strip: the taller, the worse, so that no colour is needed. */
import { SLOT, SLOTS, runs } from '../../core/day-timeline.js';
import type { TimelineWord } from '../../core/history.js';
import { html, type Markup } from './html.js';
import { hourAndMinute } from './instants.js';

export const STRIP_HEIGHT = 24;

/** Of STRIP_HEIGHT, from the ground up. */
const HEIGHTS: Readonly<Record<TimelineWord, number>> = {
  failed: 24, 'crash-loop': 24, 'backing-off': 20, degraded: 17, waiting: 14, starting: 12, stopping: 12, up: 8, paused: 5, stopped: 2, unknown: 0,
};

export interface Bar {
  readonly word: TimelineWord;
  readonly x: number;
  readonly width: number;
  readonly height: number;
}

/** In units of one slot. */
export function bars(words: readonly TimelineWord[]): readonly Bar[] {
  return runs(words)
    .filter(({ word }) => word !== 'unknown')
    .map(({ word, first, count }) => ({ word, x: first, width: count, height: HEIGHTS[word] }));
}

export function dayPicture(words: readonly TimelineWord[]): Markup {
  const drawn = bars(words).map(({ word, x, width, height }) => html`<rect class="w-${word}" x="${x}" y="${STRIP_HEIGHT - height}" width="${width}" height="${height}"/>`);
  return html`<svg class="strip" viewBox="0 0 ${SLOTS} ${STRIP_HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${drawn}</svg>`;
}

/** Most stretches that are told. */
const MOST_TOLD = 12;

/** The same in words: "up since 14:05; 13:55–14:05 crash-loop". */
export function dayInWords(words: readonly TimelineWord[], now: number): string {
  const begin = (Math.floor(now / SLOT) - SLOTS + 1) * SLOT;
  const known = runs(words).filter(({ word }) => word !== 'unknown');
  if (known.length === 0) return 'no watcher saw it';
  const told = known.slice(-MOST_TOLD).reverse().map(({ word, first, count }) => {
    const from = hourAndMinute(begin + first * SLOT);
    return first + count === SLOTS ? `${word} since ${first === 0 ? `before ${from}` : from}` : `${from}–${hourAndMinute(begin + (first + count) * SLOT)} ${word}`;
  });
  return told.join('; ') + (known.length > MOST_TOLD ? '; …' : '');
}

/** Hours below all strips; each is at its place in the 24. */
export function dayAxis(now: number): Markup {
  const begin = (Math.floor(now / SLOT) - SLOTS + 1) * SLOT;
  const marks = [0, 6, 12, 18].map((hours) => html`<span class="mark">${hourAndMinute(begin + hours * 3_600_000)}</span>`);
  return html`<div class="axis" aria-hidden="true">${marks}<span class="mark now">now</span></div>`;
}
