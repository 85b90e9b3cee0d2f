/**
 * The style of every page and notebook display, scoped to `.lf`.
 *
 * @module
 */

import { STYLE } from "./svg.ts";
import { FONT, themeCss } from "./theme.ts";

/** Each row of such a table as a card, its cells below one another behind the names of their columns. */
function cards(table: string): string {
  return `.lf ${table} table,.lf ${table} tbody,.lf ${table} tr,.lf ${table} tbody th,.lf ${table} td{display:block;width:100%}
.lf ${table} thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.lf ${table} tr{padding:8px 10px;border-bottom:1px solid var(--lf-grid)}
.lf ${table} tr:last-child{border-bottom:0}
.lf ${table} table th:nth-child(n),.lf ${table} table td:nth-child(n){border:0;padding:2px 0;overflow-wrap:anywhere}
.lf ${table} table td:nth-child(n){display:flex;justify-content:flex-end;gap:8px;text-align:right}
.lf ${table} td::before{content:attr(data-label);color:var(--lf-muted);text-align:left;overflow-wrap:normal;margin-right:auto}
.lf ${table} td:empty{display:none}`;
}

/** Style of the parts: facts, tables, figures, cards. All that a notebook display needs. */
export const PART_STYLE: string = `${themeCss(".lf")}
${STYLE}
.lf{font-family:${FONT};color:var(--lf-ink);line-height:1.55;overflow-wrap:break-word}
.lf *{box-sizing:border-box}
.lf.display,.lf>main{container:lf/inline-size}
.lf.display{min-width:300px;background:var(--lf-page);padding:4px 12px;border-radius:10px}
.lf .facts{display:grid;grid-template-columns:repeat(3,1fr);gap:12px;margin:16px 0}
.lf .fact{margin:0;background:var(--lf-surface);border:1px solid var(--lf-grid);border-radius:10px;padding:14px 16px;border-top:4px solid var(--lf-muted)}
.lf .fact.before{border-top-color:var(--lf-before)}.lf .fact.after{border-top-color:var(--lf-after)}.lf .fact.error{border-top-color:var(--lf-error)}
.lf .fact dt{font-weight:600;color:var(--lf-muted);font-size:.9rem}
.lf .fact dt,.lf .fact dd{display:block;width:auto;margin:0;padding:0}
.lf .fact .value{font-size:1.75rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums;white-space:nowrap}
.lf .fact .note{font-size:.85rem;color:var(--lf-muted);line-height:1.4}
.lf .scroll{overflow-x:auto;margin:14px 0;border:1px solid var(--lf-grid);border-radius:10px;background:var(--lf-surface)}
.lf .scroll table{table-layout:auto;border-collapse:collapse;width:100%;margin:0;font-size:.95rem;color:var(--lf-ink);background:var(--lf-surface);border:0}
.lf .scroll td{overflow-wrap:anywhere}
.lf .scroll th,.lf .scroll td{text-align:left;padding:8px 14px;border-bottom:1px solid var(--lf-grid);vertical-align:top;background:none;max-width:none;white-space:normal}
.lf .scroll tr:last-child>td,.lf .scroll tr:last-child>th{border-bottom:0}
.lf .scroll tbody tr:nth-child(n),.lf .scroll thead tr{background:var(--lf-surface)}
.lf .scroll thead th.number,.lf .scroll thead th{white-space:normal;font-weight:600;color:var(--lf-muted);font-size:.85rem}
.lf .scroll tbody th{font-weight:600}
.lf .scroll .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.lf .ops{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:1px;margin:14px 0;padding:0;background:var(--lf-surface);border:1px solid var(--lf-grid);border-radius:10px;overflow:hidden;font-size:.9rem}
.lf .ops div{display:flex;justify-content:space-between;gap:8px;padding:6px 14px;box-shadow:0 0 0 1px var(--lf-grid);flex:1}
.lf .ops dt,.lf .ops dd{display:block;width:auto;margin:0;padding:0;overflow-wrap:anywhere}
.lf .ops dt{font-weight:600}
.lf .ops dd{color:var(--lf-muted);font-variant-numeric:tabular-nums}
.lf .range{color:var(--lf-muted);white-space:nowrap}
.lf .name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.85em;overflow-wrap:anywhere}
.lf .verdict{font-weight:600;white-space:nowrap}
.lf .verdict.faster{color:var(--lf-after)}.lf .verdict.slower{color:var(--lf-before)}
.lf .meaning{margin:12px 0}
.lf .notes{border-left:4px solid var(--lf-before);background:var(--lf-surface);padding:10px 16px;border-radius:0 10px 10px 0;margin:16px 0}
.lf .notes p{margin:4px 0}
.lf figure{margin:16px 0;background:var(--lf-surface);border:1px solid var(--lf-grid);border-radius:10px;padding:4px}
.lf figure svg{margin:0 auto}
.lf .narrow{display:none}
.lf .pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}
.lf .pair figure{margin:0}
.lf details{border:1px solid var(--lf-grid);border-radius:10px;background:var(--lf-surface);margin:10px 0;overflow:hidden}
.lf details .scroll{margin:0;border:0;border-top:1px solid var(--lf-grid);border-radius:0;max-height:420px;overflow:auto}
.lf summary{cursor:pointer;padding:10px 14px;overflow-wrap:anywhere}
.lf summary .count{float:right;color:var(--lf-muted);font-variant-numeric:tabular-nums;margin-left:12px}
.lf :target{outline:3px solid var(--lf-fused);outline-offset:-3px}
${cards(".many")}
@container lf (max-width:600px){
.lf .facts{grid-template-columns:1fr;gap:10px}
.lf .fact{padding:10px 14px}
.lf .scroll th,.lf .scroll td{padding:7px 6px}.lf .scroll th:first-child,.lf .scroll td:first-child{padding-left:10px}
.lf .scroll table{font-size:.84rem}
.lf .scroll thead th{font-size:.74rem}
.lf .wide{display:none}.lf .narrow{display:block}
.lf .pair{grid-template-columns:1fr;gap:14px}
${cards(".stack")}
}`;

/** Style of a whole page around the parts. */
export const PAGE_STYLE: string = `${PART_STYLE}
html{-webkit-text-size-adjust:100%}
body.lf{margin:0;background:var(--lf-page);font-size:16px}
body.lf>main{max-width:800px;margin:0 auto;padding:36px 20px 56px}
.lf h1{font-size:2.1rem;line-height:1.15;letter-spacing:-.01em;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
.lf h2{font-size:1.35rem;line-height:1.25;margin:2.6rem 0 .6rem}
.lf h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
.lf p{margin:.6rem 0}
.lf a{color:var(--lf-after)}
.lf .kicker{color:var(--lf-muted);font-size:.85rem;margin:0}
.lf .byline{color:var(--lf-muted);margin:.2rem 0 0;font-size:.92rem;overflow-wrap:anywhere}
.lf .lede{font-size:1.15rem;line-height:1.5;margin:1rem 0 0}
.lf pre{background:var(--lf-surface);border:1px solid var(--lf-grid);border-radius:10px;padding:12px 14px;overflow-x:auto;font-size:.85rem;line-height:1.5}
.lf code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.9em}
.lf img{max-width:100%;height:auto}
.lf pre code{font-size:1em}
.lf math[display=block]{overflow-x:auto;overflow-y:hidden;padding:6px 0;font-size:1.08em}
.lf .prose .scroll{overflow-wrap:anywhere}
.lf .button{display:inline-block;padding:8px 14px;border:1px solid var(--lf-grid);border-radius:8px;background:var(--lf-surface);text-decoration:none;font-weight:600}
.lf .fact a,.lf a.fact{color:inherit;text-decoration:none}
.lf .prose pre{white-space:pre-wrap}
.lf .prose h2{margin:2.6rem 0 .6rem}
.lf .prose a{text-underline-offset:2px}
.lf .prose em{color:inherit}
.lf .prose blockquote{margin:1rem 0;padding-left:14px;border-left:3px solid var(--lf-grid);color:var(--lf-muted)}
.lf details.code{background:none;border-style:dashed;margin:14px 0 10px}
.lf details.code summary{padding:4px 12px;font-size:.82rem;color:var(--lf-muted)}
.lf details.code pre{margin:0;border:0;border-top:1px dashed var(--lf-grid);border-radius:0}
.lf pre.output{white-space:pre-wrap}
.lf pre.error{border-left:4px solid var(--lf-before)}
.lf main .display{padding:0;background:none;min-width:0}
.lf footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--lf-grid);color:var(--lf-muted);font-size:.9rem}
.lf .scroll.environment th{width:11rem;color:var(--lf-muted);font-weight:500}
@media (max-width:640px){
body.lf>main{padding:22px 14px 40px}
.lf h1{font-size:1.6rem}
.lf h2{margin-top:2rem}
.lf .lede{font-size:1.05rem}
.lf .scroll.environment th{width:7.5rem}
}
@media print{.lf details{break-inside:avoid}.lf figure,.lf .fact{margin:0;break-inside:avoid}body.lf{background:none}}`;
