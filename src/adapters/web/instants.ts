/** Instants for people, by the clock of this node. */
import { html, type Markup } from './html.js';

const DAY = 86_400_000;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** "03:12" */
export function hourAndMinute(instant: number): string {
  const date = new Date(instant);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "03:12:45", "20 Nov 03:12" if that is more than a day away from `now`. */
export function instant(at: number, now: number): Markup {
  const date = new Date(at);
  const text = Math.abs(now - at) < DAY ? `${hourAndMinute(at)}:${two(date.getSeconds())}` : `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''} ${hourAndMinute(at)}`;
  return html`<time datetime="${iso(date)}">${text}</time>`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function iso(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** "UTC", "CET" … of this node. */
export function zoneName(at: number): string {
  return new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
