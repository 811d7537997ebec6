/** The start order as a picture. */
import type { DaemonStatus } from '../../core/daemon-status.js';
import type { GraphEdge, GraphNode, OrderGraph } from '../../core/order-graph.js';
import { severityOf } from '../../core/severity.js';
import { html, type Markup } from './html.js';

const HEIGHT = 30;
const ROW = 44;
const GAP = 56;
const MARGIN = 6;
/** A letter of the font, at the size that the style gives it. */
const LETTER = 8;
const LONGEST = 22;

export function orderPicture(graph: OrderGraph, statuses: ReadonlyMap<string, DaemonStatus>): Markup {
  const longest = Math.min(LONGEST, Math.max(0, ...graph.nodes.map(({ spec }) => spec.name.length)));
  const width = longest * LETTER + 34;
  const place = ({ column, row }: GraphNode): { readonly x: number; readonly y: number } => ({ x: MARGIN + column * (width + GAP), y: MARGIN + row * ROW });
  const total = { width: 2 * MARGIN + graph.columns * (width + GAP) - GAP, height: 2 * MARGIN + graph.rows * ROW - (ROW - HEIGHT) };
  const edge = ({ from, to, required }: GraphEdge): Markup => {
    const [a, b] = [place(from), place(to)];
    const [x1, y1, x2, y2] = [a.x + width, a.y + HEIGHT / 2, b.x - 4, b.y + HEIGHT / 2];
    const bend = (x2 - x1) / 2;
    return html`<path class="edge${required ? '' : ' loose'}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#tip)"/>`;
  };
  const node = (one: GraphNode): Markup => {
    const { x, y } = place(one);
    const { name } = one.spec;
    const status = statuses.get(name);
    const severity = status === undefined ? 'off' : severityOf(status);
    const shown = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
    return html`<g class="node s-${severity}"><title>${name}: ${status?.observed ?? 'not known'}</title><rect x="${x}" y="${y}" width="${width}" height="${HEIGHT}" rx="7"/><circle cx="${x + 14}" cy="${y + HEIGHT / 2}" r="4.5"/><text x="${x + 25}" y="${y + HEIGHT / 2 + 5}">${shown}</text></g>`;
  };
  return html`<svg class="order" role="img" aria-label="${inWords(graph)}" width="${total.width}" height="${total.height}" viewBox="0 0 ${total.width} ${total.height}"><defs><marker id="tip" viewBox="0 0 6 6" refX="4" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z"/></marker></defs>${graph.edges.map(edge)}${graph.nodes.map(node)}</svg>`;
}

function inWords(graph: OrderGraph): string {
  const steps = Array.from({ length: graph.columns }, (_, column) =>
    graph.nodes.filter((node) => node.column === column).map(({ spec }) => spec.name).join(', '),
  );
  return `Start order: ${steps.join('; then ')}`;
}
