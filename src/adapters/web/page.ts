/**
 * The status page as one HTML document. What is wrong comes first. Each
 * `data-part` can be replaced by the same part of a later rendering, each
 * `data-list` item by item (script.ts).
 */
import type { DaemonStatus } from '../../core/daemon-status.js';
import { formatDuration } from '../../core/duration.js';
import { bySeverity } from '../../core/severity.js';
import { row, trouble } from './daemon-parts.js';
import { dayAxis } from './day-picture.js';
import { html, type Markup } from './html.js';
import { hourAndMinute, instant, zoneName } from './instants.js';
import { legend, news, order, roles, tasks } from './parts.js';
import type { View } from './view.js';

/** @param assets paths of style and script, which change with their contents */
export async function page(view: View, assets: { readonly style: string; readonly script: string }, breathe: () => Promise<void>): Promise<string> {
  const { info, catalogue, now, host } = view;
  const sorted = bySeverity(view.daemons);
  const wrong = [...(sorted.get('bad') ?? []), ...(sorted.get('warn') ?? [])];
  const mood = (sorted.get('bad') ?? []).length > 0 ? 'bad' : wrong.length > 0 ? 'warn' : 'good';
  const rows: Markup[] = [];
  const specs = new Map(catalogue.daemons.map((spec) => [spec.name, spec]));
  // A thousand of them take a moment that others must not wait for.
  for (const [index, daemon] of view.daemons.entries()) {
    if (index % 25 === 24) await breathe();
    rows.push(row(daemon, specs.get(daemon.name), view));
  }
  const document = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title(wrong)} &middot; ${info.group}</title>
<link rel="icon" href="/icon-${mood}.svg" type="image/svg+xml"><link rel="stylesheet" href="${assets.style}"><script src="${assets.script}" defer></script></head>
<body><a class="skip" href="#main">Skip to the daemons</a>
<header><div class="who"><p class="group">${info.group}</p><p class="host">${host}</p></div>
<p class="asof" id="asof">as of <time>${hourAndMinute(now)}</time> ${zoneName(now)} <a href="/">reload</a></p></header>
<main id="main">
<section aria-live="polite"><div id="headline" data-part><h1 class="m-${mood}">${headline(wrong, view.daemons)}</h1>
<p class="counts">${counts(view.daemons)}</p>${info.staleConfiguration && html`<p class="stale">The configuration on the disk is newer than the one in force: <code>watchkeeper reload</code></p>`}${info.waitsForRestart.length > 0 && html`<p class="stale">In force when the watcher is restarted: the new ${info.waitsForRestart.join(', ')}</p>`}${failedTasks(view)}</div></section>
<ul class="troubles" id="troubles" data-list>${wrong.map((daemon) => trouble(daemon, view))}</ul>
<section aria-labelledby="h-day"><h2 id="h-day">Daemons, and their last 24 hours</h2>
<div id="legend" data-part>${legend(view)}</div>
<div class="daemons"><div id="axis" data-part>${dayAxis(now)}</div><ul id="daemons" data-list>${rows}</ul></div>${catalogue.daemons.length === 0 && html`<p class="empty">No daemons are configured.</p>`}</section>
<div class="columns"><section aria-labelledby="h-news"><h2 id="h-news">What happened last</h2><div id="news" data-part>${news(view)}</div></section>
<section aria-labelledby="h-tasks"><h2 id="h-tasks">Tasks</h2><div id="tasks" data-part>${tasks(view)}</div>
<div id="roles" data-part>${roles(view) !== undefined && html`<h2>Roles of this node</h2>`}${roles(view)}</div></section></div>
<section aria-labelledby="h-order"><h2 id="h-order">Start order</h2><div id="order" data-part>${order(view)}</div></section>
</main>
<footer id="foot" data-part><p>Watchkeeper ${info.version}; ${info.restartOwner} restarts (${info.serviceManager.reason}); the watcher has run since ${instant(Math.floor((now - info.uptime) / 60_000) * 60_000, now)}. This page only shows: nothing can be changed by it.</p></footer>
</body></html>
`;
  return document.toString();
}

function failedTasks({ tasks: all }: View): Markup | false {
  const failed = all.filter(({ last }) => last !== null && last.result !== 'ok' && last.result !== 'running');
  return failed.length > 0 && html`<p class="stale">Failed at the last run: <a href="#h-tasks">${failed.map(({ name }) => name).join(', ')}</a></p>`;
}

function title(wrong: readonly DaemonStatus[]): string {
  return wrong.length === 0 ? 'All well' : `${wrong.length} wrong`;
}

function headline(wrong: readonly DaemonStatus[], all: readonly DaemonStatus[]): string {
  if (all.length === 0) return 'Nothing to watch';
  const [first, ...others] = wrong;
  if (first === undefined) return 'All is well';
  return others.length === 0 ? `${first.name} needs a look` : `${wrong.length} daemons need a look`;
}

/** "11 running, 1 crash-loop of 12 daemons" */
function counts(daemons: readonly DaemonStatus[]): string {
  const known = new Map<string, number>();
  for (const { observed } of daemons) known.set(observed, (known.get(observed) ?? 0) + 1);
  const waits = daemons.flatMap(({ nextTry }) => (nextTry === null ? [] : [nextTry]));
  const longest = waits.length === 0 ? '' : `; next tries within ${formatDuration(Math.ceil(Math.max(...waits) / 60_000) * 60_000)}`;
  return `${[...known].map(([state, count]) => `${count} ${state}`).join(', ')}${daemons.length === 1 ? '' : ` of ${daemons.length} daemons`}${longest}`;
}
