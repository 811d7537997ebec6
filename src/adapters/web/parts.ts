/** The sections of the page beside the daemons. */
import { formatDuration } from '../../core/duration.js';
import { orderGraph } from '../../core/order-graph.js';
import type { RunResult } from '../../core/task-run.js';
import type { NewsKind } from '../../core/supervision-state.js';
import { TIMELINE_WORDS, type TimelineWord } from '../../core/history.js';
import type { TaskStatus } from '../../ports/task-control.js';
import { html, type Fillable, type Markup } from './html.js';
import { instant } from './instants.js';
import { orderPicture } from './order-picture.js';
import type { View } from './view.js';

/** A picture of more says nothing. */
const MOST_DRAWN = 150;

const BAD_NEWS: ReadonlySet<NewsKind> = new Set<NewsKind>(['crash', 'crash-loop', 'given-up', 'stop-failed', 'unhealthy']);
const GOOD_RESULTS: ReadonlySet<RunResult> = new Set<RunResult>(['ok', 'running']);

/** The words that the strips of this view have. */
export function legend({ day }: View): Markup {
  const seen = new Set<TimelineWord>();
  for (const words of day?.values() ?? []) for (const word of words) seen.add(word);
  const known = TIMELINE_WORDS.filter((word) => word !== 'unknown' && seen.has(word));
  return html`<ul class="legend" aria-label="What the strips mean">${known.map((word) => html`<li><span class="swatch w-${word}"></span>${word === 'stopped' ? 'stopped by hand' : word}</li>`)}<li><span class="swatch"></span>no watcher</li></ul>`;
}

export function roles({ roles: known, now }: View): Markup | undefined {
  const told = known.filter(({ since }) => since !== null);
  if (told.length === 0) return undefined;
  const item = ({ name, held, reason, since }: (typeof told)[number]): Markup =>
    html`<li><b>${name}</b>: ${held === null ? 'not known' : held ? 'held by this node' : 'not held by this node'}${since !== null && html` since ${instant(since, now)}`} <span class="why">${reason}</span></li>`;
  return html`<ul class="roles">${told.map(item)}</ul>`;
}

export function order({ catalogue, daemons }: View): Fillable {
  if (catalogue.daemons.length > MOST_DRAWN) return html`<p class="empty">${catalogue.daemons.length} daemons are too many for a picture; <code>watchkeeper graph</code> prints them.</p>`;
  const graph = orderGraph(catalogue.daemons);
  const loose = graph.loose.length > 0 && html`<p class="loose">Nothing orders ${graph.loose.map(({ name }) => name).join(', ')}.</p>`;
  if (graph.nodes.length === 0) return loose;
  const picture = orderPicture(graph, new Map(daemons.map((daemon) => [daemon.name, daemon])));
  return html`<div class="wide" role="region" aria-label="Start order as a graph" tabindex="0" id="order-graph">${picture}</div><p class="loose">What an arrow leads to is started after what it comes from; a solid one: and not unless that is ready.</p>${loose}`;
}

export function tasks({ tasks: all, now }: View): Fillable {
  if (all.length === 0) return html`<p class="empty">No tasks are configured.</p>`;
  return html`<div class="wide" role="region" aria-label="Table of tasks" tabindex="0" id="task-table"><table><thead><tr><th scope="col">Task</th><th scope="col">Schedule</th><th scope="col">Last run</th><th scope="col">Next</th></tr></thead><tbody>${all.map((task) => taskRow(task, now))}</tbody></table></div>`;
}

function taskRow({ name, description, schedule, timezone, enabled, next, queued, last, skipped }: TaskStatus, now: number): Markup {
  const lastRun = last === null ? 'never' : html`<span class="state s-${last.result === 'running' ? 'busy' : GOOD_RESULTS.has(last.result) ? 'good' : 'bad'}"><span class="dot"></span>${last.result}</span> ${instant(last.startedAt, now)}${last.took !== null && `, took ${formatDuration(last.took)}`}${!GOOD_RESULTS.has(last.result) && html`<br><span class="why">${last.reason}</span>`}`;
  const left = skipped !== null && html`<br><span class="why">left out ${skipped.count} times: ${skipped.why}</span>`;
  return html`<tr><th scope="row">${name}${description !== '' && html`<br><span class="why">${description}</span>`}</th><td><code>${schedule}</code>${timezone !== null && ` ${timezone}`}${!enabled && ' (disabled)'}</td><td>${lastRun}${left}</td><td>${queued ? 'queued' : next === null ? '–' : instant(next, now)}</td></tr>`;
}

export function news({ news: items, now }: View): Fillable {
  if (items.length === 0) return html`<p class="empty">Nothing has happened yet.</p>`;
  return html`<ol class="news">${items.map(({ at, daemon, news: what, reason }) => html`<li class="${BAD_NEWS.has(what) ? 'bad' : 'plain'}">${instant(at, now)} <b>${daemon}</b> <span class="what">${what}</span> <span class="why">${reason}</span></li>`)}</ol>`;
}
