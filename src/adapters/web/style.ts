/** The page's style; colours are chosen for a contrast of at least 4.5 to 1 in light and in dark. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#566173;--line:#dde2e9;--link:#0b5cad;
--bad:#b3201d;--bad-soft:#fdecea;--warn:#8a5200;--warn-soft:#fff4df;--busy:#1f5fb0;--good:#1a7040;--off:#5d6778;
--w-up:#4fae78;--w-degraded:#e0a23a;--w-starting:#6b9fe0;--w-waiting:#c9a25c;--w-backing:#e07f35;--w-loop:#d0342c;--w-failed:#8f1d1a;--w-paused:#9a86d6;--w-stopped:#98a2b3}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1a2029;--ink:#e6eaf0;--dim:#9fabbd;--line:#2b3441;--link:#83b8ff;
--bad:#ff8d85;--bad-soft:#351c1d;--warn:#f3b95f;--warn-soft:#31270f;--busy:#8bbcff;--good:#6fd39a;--off:#a1adbe;
--w-up:#3f9a66;--w-degraded:#d19a35;--w-starting:#5a8fd4;--w-waiting:#a98a4e;--w-backing:#d6782f;--w-loop:#e5534b;--w-failed:#ff8078;--w-paused:#8f7bd0;--w-stopped:#6c7789}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:0 1.25rem 3rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
code{font:.9em ui-monospace,"SFMono-Regular","DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem;z-index:1}
header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;padding:1.1rem 0 .6rem;color:var(--dim)}
header p{margin:0}.who{display:flex;gap:.75rem;align-items:baseline;min-width:0}.group{font-weight:650;color:var(--ink)}.host{overflow-wrap:anywhere}
.asof{font-size:.875rem;text-align:right;white-space:nowrap}.asof.live::before{content:"";display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:var(--w-up);margin-right:.4rem}
.asof.lost{color:var(--bad);font-weight:600}
h1{font-size:clamp(1.7rem,5vw,2.4rem);line-height:1.15;margin:.6rem 0 .25rem;letter-spacing:-.01em}
.m-bad{color:var(--bad)}.m-warn{color:var(--warn)}.m-good{color:var(--good)}
h2{font-size:1.05rem;margin:2.2rem 0 .6rem}
.counts{margin:0;color:var(--dim)}.stale{color:var(--warn)}
ul,ol{list-style:none;margin:0;padding:0}
.troubles:not(:empty){margin-top:1.1rem;display:grid;gap:.7rem}
.trouble{background:var(--card);border:1px solid var(--line);border-left:5px solid currentColor;border-radius:10px;padding:.75rem 1rem}
.trouble.s-bad{background:var(--bad-soft);border-left-color:var(--bad)}.trouble.s-warn{background:var(--warn-soft);border-left-color:var(--warn)}
.trouble>*{color:var(--ink)}.trouble h2{margin:0;font-size:1.1rem;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}.trouble h2 a{color:inherit}
.trouble p{margin:.3rem 0 0;overflow-wrap:anywhere}.trouble .complaint{font-weight:600}.trouble .next{font-size:.9rem}
.state{font-size:.9rem;white-space:nowrap;color:var(--off);display:inline-flex;align-items:center;gap:.45rem}
.dot{flex:none;width:.65rem;height:.65rem;border-radius:50%;background:currentColor}
.state.s-bad{color:var(--bad);font-weight:650}.s-bad>.dot{border-radius:1px}.state.s-warn{color:var(--warn);font-weight:600}.s-warn>.dot{border-radius:1px;transform:rotate(45deg) scale(.85)}
.state.s-busy{color:var(--busy)}.s-busy>.dot{background:none;border:2px solid currentColor}.state.s-good{color:var(--good)}.s-off>.dot{height:3px;border-radius:0}
.c-unhealthy .state{color:var(--bad);font-weight:650}.c-healthy .state{color:var(--good)}.c-unhealthy .dot{border-radius:1px}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.85rem;color:var(--dim);margin-bottom:.5rem}.legend li{display:flex;align-items:center;gap:.4rem}
.swatch{width:.8rem;height:.8rem;border-radius:3px;border:1px solid var(--line)}
.daemons{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}
.daemons>ul>li+li{border-top:1px solid var(--line)}
summary,.axis{display:grid;grid-template-columns:minmax(7rem,13rem) 8rem 1fr 4.2rem;gap:1rem;align-items:center;padding:.5rem 1rem}
summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}summary:hover{background:color-mix(in srgb,var(--line) 35%,transparent)}
summary:focus-visible{outline-offset:-3px;border-radius:12px}
.name{font-weight:600;overflow-wrap:anywhere}.name::before{content:"▸";color:var(--dim);display:inline-block;width:1.1em;font-weight:400}details[open] .name::before{content:"▾"}
.strip{display:block;width:100%;height:24px;border-bottom:1px solid var(--line)}
.restarts{text-align:right;font-variant-numeric:tabular-nums;font-size:.9rem;color:var(--dim)}
.axis{padding-bottom:0;padding-top:.45rem;font-size:.75rem;color:var(--dim);grid-template-columns:minmax(7rem,13rem) 8rem repeat(4,1fr) 4.2rem;column-gap:0}
.axis .mark{grid-row:1}.axis .mark:nth-child(1){grid-column:3;margin-left:2rem}.axis .mark:nth-child(2){grid-column:4;margin-left:1.25rem}.axis .mark:nth-child(3){grid-column:5;margin-left:.5rem}.axis .mark:nth-child(4){grid-column:6}.axis .now{grid-column:7;margin-left:-.8rem}
.w-up{fill:var(--w-up);background:var(--w-up)}.w-degraded{fill:var(--w-degraded);background:var(--w-degraded)}.w-starting,.w-stopping{fill:var(--w-starting);background:var(--w-starting)}.w-waiting{fill:var(--w-waiting);background:var(--w-waiting)}.w-backing-off{fill:var(--w-backing);background:var(--w-backing)}.w-crash-loop{fill:var(--w-loop);background:var(--w-loop)}.w-failed{fill:var(--w-failed);background:var(--w-failed)}.w-paused{fill:var(--w-paused);background:var(--w-paused)}.w-stopped{fill:var(--w-stopped);background:var(--w-stopped)}
dl{margin:0;padding:.2rem 1rem 1rem 2.1rem;display:grid;gap:.25rem;font-size:.925rem}dl>div{display:grid;grid-template-columns:7rem 1fr;gap:1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.checks li{display:block}.columns{display:grid;grid-template-columns:1fr 1fr;gap:0 2.5rem}.columns>*{min-width:0}
.news li{padding:.3rem 0;border-bottom:1px solid var(--line);font-size:.925rem;overflow-wrap:anywhere}.news time{color:var(--dim);font-variant-numeric:tabular-nums;margin-right:.35rem}.news .bad .what{color:var(--bad);font-weight:650}.why{color:var(--dim)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.925rem}th,td{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}thead th{color:var(--dim);font-weight:500}tbody th{font-weight:600}tbody th .why{font-weight:400}td code{white-space:nowrap}
.roles li,.empty,.loose{font-size:.925rem}.empty,.loose{color:var(--dim)}
.order{display:block}.order rect{fill:var(--card);stroke:var(--line);stroke-width:1.5}.order text{fill:var(--ink);font:13px ui-monospace,"DejaVu Sans Mono",monospace}.order circle{fill:var(--off)}
.order .s-good circle{fill:var(--w-up)}.order .s-bad rect{stroke:var(--bad);stroke-width:2.5}.order .s-bad circle{fill:var(--bad)}.order .s-warn rect{stroke:var(--warn);stroke-width:2}.order .s-warn circle{fill:var(--warn)}.order .s-busy circle{fill:var(--busy)}.order .s-off rect{stroke-dasharray:4 3}
.edge{fill:none;stroke:var(--dim);stroke-width:1.4}.edge.loose{stroke-dasharray:5 4}marker path{fill:var(--dim)}
footer{margin-top:2.5rem;border-top:1px solid var(--line);font-size:.85rem;color:var(--dim)}
@media (max-width:46rem){body{padding:0 .8rem 2rem}.columns{grid-template-columns:1fr}header{flex-wrap:wrap}.asof{text-align:left}
summary{grid-template-columns:1fr auto auto;gap:.35rem .8rem;padding:.6rem .8rem}summary .strip{grid-row:2;grid-column:1/-1}.axis{display:none}dl{padding-left:1rem}dl>div{grid-template-columns:5.5rem 1fr}}
@media (forced-colors:active){.dot,.swatch,svg *{forced-color-adjust:none}}
`;
