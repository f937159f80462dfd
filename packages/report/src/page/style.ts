/** The page's style. Colours are variables, so that the dark and the printed page differ in them alone. */
export const style = `
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1b1e23;--soft:#5c6470;--line:#e2e4e8;--grid:#eceef1;--accent:#2864cf;--best:#d4480b;--pruned:#8b929c;--bad:#c62f2f;--warn:#fff7e0;--warn-line:#e8c65a;
--r0:#d3d8e0;--r1:#bccbe1;--r2:#a0bde3;--r3:#7fa9e2;--r4:#5c93df;--r5:#3a7bd6;--r6:#2261bd;--r7:#144894}
@media (prefers-color-scheme:dark){:root{--bg:#121418;--card:#1a1d23;--ink:#e6e8eb;--soft:#9ba4af;--line:#30353d;--grid:#262a31;--accent:#74a7ff;--best:#ffa14a;--pruned:#7b848f;--bad:#ff8080;--warn:#2d2712;--warn-line:#7a6420;
--r0:#353b45;--r1:#3b4a5e;--r2:#40597a;--r3:#466c9a;--r4:#4f82bb;--r5:#5f9ade;--r6:#85b6f5;--r7:#b9d6ff}}
@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--grid:#e6e6e6;--accent:#2864cf;--best:#d4480b;--pruned:#8b929c;--bad:#c62f2f;--warn:#fff;--warn-line:#999;
--r0:#d3d8e0;--r1:#bccbe1;--r2:#a0bde3;--r3:#7fa9e2;--r4:#5c93df;--r5:#3a7bd6;--r6:#2261bd;--r7:#144894}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1240px;margin:0 auto;padding:28px 20px 40px}
h1{margin:0;font-size:27px;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:0 0 2px;font-size:17px}
h3{margin:14px 0 2px;font-size:14px}
p{margin:0 0 8px}
a{color:var(--accent)}
.soft,.note{color:var(--soft)}
.note{font-size:13px;margin:0 0 8px}
.sub{color:var(--soft);margin:4px 0 18px;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0 0 16px;break-inside:avoid;min-width:0}
.pair{display:grid;grid-template-columns:1fr;gap:16px;margin:0 0 16px}
.pair>.card{margin:0}
@media (min-width:1040px){.pair{grid-template-columns:1fr 1fr}.pair>.card:only-child{grid-column:1/-1}}
.notice{margin:-10px 0 14px;font-size:14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(156px,1fr));gap:10px;margin:0 0 16px;padding:0}
.tiles>div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;min-width:0}
.tiles dt{color:var(--soft);font-size:13px}
.tiles dd{margin:0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.3;overflow-wrap:anywhere}
.tiles .wide dd{color:var(--best)}
.tiles small{display:block;font-size:13px;font-weight:400;color:var(--soft)}
.values{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:4px 26px;margin:6px 0 0}
.values>div{display:flex;justify-content:space-between;gap:12px;border-bottom:1px solid var(--grid);padding:3px 0;min-width:0}
.values dt{color:var(--soft);overflow-wrap:anywhere;min-width:0}
.values dd{margin:0;font-weight:600;font-variant-numeric:tabular-nums;text-align:right;overflow-wrap:break-word;max-width:65%;flex-shrink:0}
.scroll{overflow:auto}
.chart{display:block;width:100%;height:auto;font-size:12px;touch-action:pan-x pan-y}
.chart text{fill:var(--soft)}
.chart .name{fill:var(--ink);font-weight:600}
@media (max-width:700px){.chart{min-width:540px}#parallel{min-width:960px}}
@media (min-width:1040px){.pair>.card:only-child .chart{max-width:820px}}
.chart .halo{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.grid{stroke:var(--grid)}
.axis{stroke:var(--line)}
.inactive-line{stroke:var(--line);stroke-dasharray:3 3}
.mark{stroke:none;fill:var(--accent)}
.mark.s-pruned{fill:var(--card);stroke:var(--pruned);stroke-width:1.3}
.mark.s-failed{fill:none;stroke:var(--bad);stroke-width:1.6}
.mark.s-infeasible{fill:var(--card);stroke:var(--accent);stroke-width:1.3}
.mark.s-best{fill:var(--best)}
.line{fill:none;stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}
.line.s-complete,.line.s-infeasible{stroke:var(--accent);stroke-opacity:.5}
.line.s-pruned,.line.s-paused{stroke:var(--pruned);stroke-opacity:.5}
.line.s-failed{stroke:var(--bad);stroke-opacity:.5}
.line.s-running,.line.s-waiting{stroke:var(--accent);stroke-dasharray:4 3}
.line.s-best{stroke:var(--best);stroke-width:2.6;stroke-opacity:1}
.r0{stroke:var(--r0)}.r1{stroke:var(--r1)}.r2{stroke:var(--r2)}.r3{stroke:var(--r3)}.r4{stroke:var(--r4)}.r5{stroke:var(--r5)}.r6{stroke:var(--r6)}.r7{stroke:var(--r7)}
.rx{stroke:var(--pruned);stroke-opacity:.35;stroke-dasharray:2 3}
.many .line{stroke-width:1.1}
.many .line.s-complete{stroke-opacity:.26}
.many .r0,.many .r1,.many .r2,.many .r3,.many .r4,.many .r5,.many .r6,.many .r7{stroke-opacity:.7}
.many .line.s-best{stroke-width:2.6}
.so-far{fill:none;stroke:var(--best);stroke-width:1.6}
.front{fill:none;stroke:var(--best);stroke-width:1.4;stroke-dasharray:5 4}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:6px 0 0;padding:0;list-style:none;font-size:13px;color:var(--soft)}
.legend svg{vertical-align:-3px;margin-right:5px}
.live .on.line{stroke:var(--ink);stroke-opacity:1;stroke-width:3;stroke-dasharray:none}
.live .on.mark{stroke:var(--ink);stroke-width:2.5}
.off{opacity:.08}
.band{fill:var(--accent);fill-opacity:.22;stroke:var(--accent);pointer-events:none}
.brush{fill:transparent;cursor:ns-resize;touch-action:none}
#tip{position:fixed;z-index:9;pointer-events:none;max-width:340px;background:var(--card);color:var(--ink);border:1px solid var(--line);border-radius:8px;box-shadow:0 4px 18px rgb(0 0 0/.22);padding:8px 11px;font-size:13px;line-height:1.4}
#tip b{display:block}
#tip span{display:block;overflow-wrap:anywhere}
[hidden]{display:none!important}
.selection{display:flex;gap:12px;align-items:baseline;font-size:13px;color:var(--soft)}
button{font:inherit;color:inherit}
.selection button{border:1px solid var(--line);background:var(--card);border-radius:6px;padding:1px 10px;cursor:pointer}
.table{max-height:640px;overflow:auto;border:1px solid var(--line);border-radius:8px}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--grid);unicode-bidi:isolate;max-width:340px;overflow:hidden;text-overflow:ellipsis}
td.n,th.n{text-align:right}
thead th{position:sticky;top:0;background:var(--card);border-bottom:1px solid var(--line);z-index:1;font-weight:600}
thead button{border:0;background:none;padding:0;cursor:pointer;font-weight:600}
thead button:hover{color:var(--accent)}
th[aria-sort] button::after{content:"";display:inline-block;width:1em}
th[aria-sort=ascending] button::after{content:" ▲";font-size:10px}
th[aria-sort=descending] button::after{content:" ▼";font-size:10px}
td.none{color:var(--soft)}
tr.lead td{font-weight:600}
tr.lead td:first-child{box-shadow:inset 3px 0 var(--best)}
tbody tr:hover td,tr.on td{background:var(--grid)}
.s{display:inline-flex;align-items:center;gap:6px}
.s::before{content:"";width:8px;height:8px;border-radius:50%;background:var(--accent)}
.s.s-pruned::before{background:var(--pruned);border-radius:1px;transform:rotate(45deg)}
.s.s-failed::before{background:var(--bad);border-radius:1px}
.s.s-running::before,.s.s-waiting::before,.s.s-paused::before{background:none;border:1.5px solid var(--accent)}
.list{margin:6px 0 0;padding:0;list-style:none}
.list li{padding:7px 0;border-top:1px solid var(--grid);overflow-wrap:anywhere}
.list li:first-child{border-top:0}
.warned{background:var(--warn);border-color:var(--warn-line)}
.warned .list li{border-color:var(--warn-line)}
pre{overflow:auto;font-size:12px;line-height:1.4;background:var(--grid);border-radius:6px;padding:8px 10px;max-height:260px}
summary{cursor:pointer;color:var(--soft);font-size:13px}
footer{color:var(--soft);font-size:13px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media print{main{max-width:none;padding:0}.table{max-height:none;overflow:visible;border:0}table{font-size:9px}th,td{padding:2px 4px;white-space:normal}.screen{display:none}body{-webkit-print-color-adjust:exact;print-color-adjust:exact;font-size:12px}.scroll{overflow:visible}}
`
