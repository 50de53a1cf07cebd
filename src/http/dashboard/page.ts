/**
 * The dashboard: one page that every node has at `/`, for browsers. It holds all it needs, and the
 * browser is told to run and load nothing else, so a node without a way to the internet shows it too
 * and nothing that a client stored can become a part of it.
 */
import { createHash } from 'node:crypto';
import type { HeaderFields } from '../answers.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** `name` is also the id of its value. */
const tile = (name: string, label: string, more = '') =>
  `<div class="tile card"><b id="${name}">–</b>${label}${more}</div>`;

const line = (name: string) =>
  `<svg viewBox="0 0 119 32" preserveAspectRatio="none" aria-hidden="true">` +
  `<polyline id="${name}-line"></polyline></svg>`;

export const dashboard = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dsm</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header><h1>dsm</h1><p id="asked"></p><p id="cluster"></p></header>
<div id="verdict" class="card" role="status">
<span id="verdict-text">Asking this node…</span><small id="verdict-detail"></small>
</div>
<div class="tiles">
${tile('writes', '<span>writes/s</span>', line('writes'))}
${tile('reads', '<span>reads/s</span>', line('reads'))}
${tile('keys', '<span>keys</span>')}
${tile('memory', '<span id="limit">memory</span>')}
${tile('lsn', '<span>committed records</span>')}
${tile('epoch', '<span>epoch of the master</span>')}
${tile('quorum', '<span id="acks">voters</span>')}
</div>
<h2>Nodes</h2>
<div id="nodes"></div>
<h2>Events</h2>
<p id="no-events">Nothing happened since the nodes were started.</p>
<ul id="events" class="card"></ul>
<footer><a href="v1/status">status</a> · <a href="metrics">metrics</a> ·
<a href="readyz?verbose">checks</a> · <a href="openapi.json">API</a> ·
<noscript>This page needs JavaScript; </noscript>curl this address for commands to try.</footer>
<script>${script}</script>
</body>
</html>
`;

/** As a browser computes it of what stands between the tags. */
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const dashboardHeaders: HeaderFields = Object.freeze({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
  vary: 'accept',
});
