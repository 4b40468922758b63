"""How does the page look? Its style sheet."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ground: #f4f5f7; --ink: #1c2127; --soft: #5b6673; --line: #dde1e6; --grid: #e9ecef;
  --accent: #1f5fa8; --before: #e08a3c; --after: #1f5fa8; --one: #7a4fb5; --two: #2b8a6e; --gap: #f1d9d6;
  --missing: #c2473d; --filled: #2b8a6e; --warn-ground: #fdf1dc; --warn-ink: #6b4300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171b20; --ground: #0f1215; --ink: #e4e8ec; --soft: #9aa6b2; --line: #303842; --grid: #242b33;
    --accent: #7db5f2; --before: #e39a55; --after: #6aaef5; --one: #b493e6; --two: #55bd9c; --gap: #45282a;
    --missing: #e0746b; --filled: #55bd9c; --warn-ground: #3a2c12; --warn-ink: #f3d8a4;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: 2px; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; z-index: 2; }
.layout { display: grid; grid-template-columns: 15rem minmax(0, 1fr); max-width: 88rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2rem 1rem 2rem 1.5rem;
  font-size: 14px; }
nav h2 { font-size: 12px; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 0 0 .5rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav ul ul { margin: .1rem 0 .4rem; padding-left: .8rem; border-left: 1px solid var(--line); }
nav a { display: block; padding: .12rem 0; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { color: var(--accent); text-decoration: underline; }
nav ul ul a { color: var(--soft); }
main { padding: 2rem 1.5rem 4rem; min-width: 0; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.4rem; margin: 0 0 1rem; }
h3 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; }
.about, .note, small { color: var(--soft); font-size: 13px; }
.about { overflow-wrap: anywhere; }
.note { margin: .25rem 0 1rem; }
.summary { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 2rem; padding: 0; list-style: none; }
.summary li { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem;
  min-width: 7rem; }
.summary b { display: block; font-size: 1.35rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.summary span { color: var(--soft); font-size: 13px; }
.faceset, .training, .merged { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.5rem; margin-bottom: 2rem; }
.clip { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: 1.25rem; }
.track { border: 1px solid var(--line); border-radius: 8px; margin-top: 1.25rem; padding: 1rem 1.1rem; }
.person { background: var(--grid); border-radius: 99px; padding: .1rem .6rem; font-weight: 500; font-size: 13px; }
.warning { background: var(--warn-ground); color: var(--warn-ink); border-radius: 6px; padding: .6rem .9rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 2rem;
  align-items: start; }
.facts dl { margin: 0 0 1rem; }
.clip > .facts dl { columns: 24rem 2; column-gap: 2rem; }
.clip > .facts dl div { break-inside: avoid; }
.facts dl div { display: grid; grid-template-columns: 12rem minmax(0, 1fr); gap: .75rem; padding: .22rem 0;
  border-bottom: 1px solid var(--grid); }
.columns .facts dl div { grid-template-columns: minmax(7rem, 11rem) minmax(0, 1fr); }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .25rem .5rem; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: middle; }
th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--line); vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; }
td img { display: block; width: 40px; height: 40px; border-radius: 4px; }
.number { text-align: right; }
.number, .name { white-space: nowrap; }
tbody tr:hover { background: var(--grid); }
details { margin-top: .25rem; }
summary { cursor: pointer; color: var(--accent); font-size: 14px; margin-bottom: .5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(108px, 1fr)); gap: .6rem .5rem;
  margin: 0 0 1.25rem; padding: 0; list-style: none; }
.tiles img { display: block; width: 100%; height: auto; border-radius: 5px; background: var(--grid); }
.tiles span { display: block; font-size: 11.5px; line-height: 1.45; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.tiles span b { color: var(--ink); font-weight: 600; }
.tiles .filled, .tiles .followed, .tiles .hand, .tiles .imported, .tiles .aside { font-weight: 500; }
.tiles .filled { color: var(--filled); }
.tiles .hand { color: var(--accent); }
.tiles .aside { color: var(--missing); }
.tiles.pairs { grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem 1.5rem;
  margin-bottom: 1.25rem; }
.chart { margin: 0; break-inside: avoid; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; }
.chart.poses svg { max-width: 31rem; }
.chart.wide { margin: .5rem 0 1.25rem; overflow-x: auto; }
.chart.wide svg { min-width: 46rem; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .75rem; margin-bottom: .2rem;
  font-size: 13.5px; }
.title { font-weight: 600; }
.unit { color: var(--soft); font-size: 12.5px; }
.key { font-size: 12.5px; color: var(--soft); }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 0; margin-right: .35em; vertical-align: .25em;
  border-top: 3px solid var(--key); border-radius: 2px; }
.marks { color: var(--soft); font-size: 12.5px; }
.marks .gap { --key: var(--gap); } .marks .filled { --key: var(--filled); }
.marks .gap::before, .marks .filled::before { border-top-width: 8px; vertical-align: .05em; }
.before { --key: var(--before); } .after { --key: var(--after); }
.one { --key: var(--one); } .two { --key: var(--two); }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
svg a text { fill: var(--accent); }
.axis { stroke: var(--soft); stroke-opacity: .6; fill: none; }
.grid { stroke: var(--grid); fill: none; }
.curve { fill: none; stroke: var(--key); stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.curve.before { stroke-width: 2.6; stroke-opacity: .6; }
.curve.faint { stroke-width: 1; stroke-opacity: .28; }
.gap { fill: var(--gap); } .gap.some { fill-opacity: .4; }
.filled { fill: var(--filled); } .pose { fill: var(--after); }
.lane { fill: var(--grid); } .present { fill: var(--after); } .missing { fill: var(--missing); }
.none { color: var(--soft); font-style: italic; }
.sheet { display: block; max-width: 100%; height: auto; border-radius: 6px; }
footer { color: var(--soft); font-size: 13px; }
@media (max-width: 60rem) {
  .layout { display: block; }
  nav { position: static; max-height: none; padding: 1.5rem 1.5rem 0; }
  main { padding: 1.5rem 1rem 3rem; }
  .facts dl div { grid-template-columns: minmax(8rem, 40%) minmax(0, 1fr); }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #e4e4e4;
    --accent: #1f5fa8; --before: #e08a3c; --after: #1f5fa8; --one: #7a4fb5; --two: #2b8a6e; --gap: #f1d9d6;
    --missing: #c2473d; --filled: #2b8a6e; --warn-ground: #fdf1dc; --warn-ink: #6b4300; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11px; }
  .layout { display: block; max-width: none; }
  nav { display: none; }
  main { padding: 0; }
  .faceset, .training, .merged, .track { border: 0; padding: 0; }
  .scroll, .chart.wide { overflow: visible; }
  .chart.wide svg { min-width: 0; }
  .tiles, tr, .columns > * { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
}
"""
