/** One daemon: as something that is wrong, and as a row of all. */
import type { DaemonSpec } from '../../core/daemon.js';
import type { DaemonStatus } from '../../core/daemon-status.js';
import type { CheckReport } from '../../core/health.js';
import { timelineWord } from '../../core/history.js';
import { complaints, severityOf } from '../../core/severity.js';
import { dayInWords, dayPicture } from './day-picture.js';
import { html, type Fillable, type Markup } from './html.js';
import { instant } from './instants.js';
import type { View } from './view.js';

/** A state's word, with a mark whose shape says as much as its colour. */
export function state(daemon: DaemonStatus): Markup {
  return html`<span class="state s-${severityOf(daemon)}"><span class="dot"></span>${word(daemon)}</span>`;
}

function word(daemon: DaemonStatus): string {
  const { observed, desired, paused } = daemon;
  if (timelineWord({ state: observed, desired, paused: typeof paused === 'string' }) === 'paused') return 'paused';
  return observed === 'running' ? 'up' : observed;
}

/** What is wrong with it, why, and what to type. */
export function trouble(daemon: DaemonStatus, { now }: View): Markup {
  const { name, reason, nextTry, paused } = daemon;
  const told = complaints(daemon).filter((line) => !reason.includes(line.slice(line.indexOf(': ') + 2)));
  const next = nextTry === null ? undefined : html`<p class="next">Next try at ${instant(now + nextTry, now)}; <code>watchkeeper retry-now ${name}</code> does not wait for it.</p>`;
  return html`<li id="trouble-${name}" class="trouble s-${severityOf(daemon)}">
<h2><a href="#daemon-${name}">${name}</a> ${state(daemon)}</h2>
<p>${reason}</p>
${told.map((line) => html`<p class="complaint">${line}</p>`)}${typeof paused === 'string' && html`<p>${paused}</p>`}${next}<p class="next"><code>watchkeeper status ${name}</code> tells more.</p>
</li>`;
}

/** A row that opens. */
export function row(daemon: DaemonStatus, spec: DaemonSpec | undefined, view: View): Markup {
  const { name, restarts } = daemon;
  const words = view.day?.get(name);
  return html`<li id="daemon-${name}"><details><summary id="row-${name}"><span class="name">${name}</span>${state(daemon)}${words === undefined ? html`<span class="strip"></span>` : dayPicture(words)}<span class="restarts" title="restarts">${restarts === 0 ? html`<span class="none">&ndash;</span>` : html`<span class="hidden">restarts: </span>${restarts}<span class="sign" aria-hidden="true"> &#8635;</span>`}</span></summary>
<dl>${facts(daemon, spec, view).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl></details></li>
`;
}

function facts(daemon: DaemonStatus, spec: DaemonSpec | undefined, view: View): readonly (readonly [term: string, value: Fillable])[] {
  const { name, desired, observed, pid, uptime, reason, restarts, paused, waitsFor = [], says, nextTry, recentFailures = 0, owner } = daemon;
  const words = view.day?.get(name);
  const { now } = view;
  const all: readonly (readonly [string, Fillable])[] = [
    ['What it is', spec?.description],
    ['State', `${observed}, wanted ${desired}`],
    ['Why', reason],
    ['Up since', uptime !== null && pid !== null && html`${instant(now - uptime, now)} (pid ${pid})`],
    ['Next try', nextTry !== null && instant(now + nextTry, now)],
    ['Restarts', `${restarts}${recentFailures === 0 ? '' : `; ${recentFailures} failures lately`}; restart owner ${owner}`],
    ['Paused', paused ?? undefined],
    ['Waits for', waitsFor.join(', ')],
    ['It says', says ?? undefined],
    ['Roles', spec?.roles.join(', ')],
    ['Checks', checks(daemon.health ?? [])],
    ['Warnings', complaints({ ...daemon, health: [] }).join('; ')],
    ['Last 24 h', words === undefined ? 'the history cannot be read' : dayInWords(words, now)],
  ];
  return all.filter(([, value]) => value !== undefined && value !== '' && value !== false);
}

function checks(reports: readonly CheckReport[]): Fillable {
  if (reports.length === 0) return undefined;
  return html`<ul class="checks">${reports.map(({ name, kind, by, state: verdict, last }) => html`<li class="c-${verdict}"><span class="state"><span class="dot"></span>${verdict}</span> <b>${name}</b> (${kind}, ${by})${last === null ? '' : `: ${last}`}</li>`)}</ul>`;
}
