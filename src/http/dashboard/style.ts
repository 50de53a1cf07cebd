/** The style of the dashboard: light and dark as the system is, from a phone's width on. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #fff; --ink: #1b1f24; --faint: #5b6570; --line: #d9dee4;
  --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; --accent: #0a5fce;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0e1116; --card: #171b21; --ink: #e6e9ee; --faint: #98a2ad; --line: #2c333c;
    --good: #3fb950; --warn: #d29922; --bad: #ff7b72; --accent: #6cb2ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
h1 { margin: 0; font-size: 1.1rem; }
h2 { margin: 1.5rem 0 .5rem; font-size: .95rem; color: var(--faint); font-weight: 600; }
a { color: var(--accent); }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
header p { margin: 0; color: var(--faint); overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
#verdict {
  margin: .75rem 0; padding: .6rem .9rem; border-left: .35rem solid var(--line); font-weight: 600;
}
#verdict.good { border-left-color: var(--good); }
#verdict.warn { border-left-color: var(--warn); }
#verdict.bad { border-left-color: var(--bad); }
#verdict small { display: block; font-weight: 400; color: var(--faint); overflow-wrap: anywhere; }
.tiles { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.tile { padding: .6rem .9rem; overflow: hidden; }
.tile b { display: block; font-size: 1.4rem; line-height: 1.3; }
.tile span, .tile small { color: var(--faint); font-size: .85rem; }
.tile svg { display: block; width: 100%; height: 2rem; margin-top: .25rem; }
.tile polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
#nodes { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.node { padding: .6rem .9rem; border-top: .25rem solid var(--good); }
.node.warn { border-top-color: var(--warn); }
.node.bad { border-top-color: var(--bad); }
.node p { margin: 0; display: flex; flex-wrap: wrap; gap: .15rem .5rem; align-items: baseline; }
.node a { overflow-wrap: anywhere; }
.badge { padding: 0 .45rem; border-radius: 1rem; border: 1px solid var(--line); font-size: .85rem; }
.node.active .badge { background: var(--good); border-color: var(--good); color: var(--card); }
.node.bad .badge { color: var(--bad); border-color: var(--bad); }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; margin: .4rem 0 0; }
dt { color: var(--faint); }
dd { margin: 0; text-align: right; }
#events { margin: 0; padding: .3rem .9rem; list-style: none; overflow-wrap: anywhere; }
#events:empty { display: none; }
#events li { padding: .25rem 0; border-bottom: 1px solid var(--line); }
#events li:last-child { border-bottom: 0; }
#events time, #events small { color: var(--faint); }
#events .warn { color: var(--warn); }
#events .error { color: var(--bad); }
footer { margin: 1.5rem 0 0; color: var(--faint); font-size: .85rem; }
`;
