/** What people and their monitors ask a node about itself. */
import type { Hono } from 'hono';
import type { Check, NodeApi } from '../node/api.ts';
import type { LoggedEvent } from '../ports/logger.ts';
import type { Answers } from './answers.ts';
import type { ClusterView } from './cluster-view.ts';
import { dashboard, dashboardHeaders } from './dashboard/page.ts';
import { openApiText } from './openapi/document.ts';

const links = Object.freeze({
  self: '/v1/status',
  live: '/livez',
  ready: '/readyz?verbose',
  metrics: '/metrics',
  cluster: '/v1/cluster',
  members: '/v1/admin/members',
  key: '/v1/kv/{key}',
  list: '/v1/kv?prefix={prefix}',
  watch: '/v1/watch?prefix={prefix}',
  document: '/openapi.json',
});

export interface StatusOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly cluster: ClusterView;
  readonly recentEvents: () => readonly LoggedEvent[];
}

export function addStatusRoutes(app: Hono, options: StatusOptions): void {
  const { node, answers, cluster, recentEvents } = options;
  app.get('/', (c) => {
    if (isForBrowser(c.req.raw)) return answers.make(200, dashboard, dashboardHeaders);
    return answers.text(200, howTo(node), { vary: 'accept' });
  });
  app.get('/v1/status', (c) => {
    const hasEvents = c.req.query('events') !== undefined;
    const more = hasEvents ? { events: recentEvents() } : {};
    return answers.json(200, { ...node.status(), ...more, links });
  });
  app.get('/v1/cluster', async () => answers.json(200, await cluster.look()));
  app.get('/openapi.json', () =>
    answers.make(200, openApiText(), { 'content-type': 'application/json' }),
  );
  app.get('/livez', () => answers.text(200, 'ok\n'));
  app.get('/readyz', (c) => {
    const isVerbose = c.req.query('verbose') !== undefined;
    return onReady(answers, node.checks(), isVerbose);
  });
}

/** Who types an address into a browser; curl and programs ask for anything. */
function isForBrowser({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/html') === true;
}

function onReady(answers: Answers, checks: readonly Check[], isVerbose: boolean): Response {
  const isReady = checks.every(({ ok }) => ok);
  // What is not ready is said in any case: that is what one comes for.
  const shown = isVerbose ? checks : checks.filter(({ ok }) => !ok);
  const lines = shown.map(({ name, ok, detail }) =>
    ok ? `[+]${name} ok` : `[-]${name} ${detail}`,
  );
  const text = [...lines, isReady ? 'ready' : 'not ready', ''].join('\n');
  return answers.text(isReady ? 200 : 503, text, isReady ? {} : { 'retry-after': '1' });
}

function howTo(node: NodeApi): string {
  const { url, master } = node.status();
  const masterLine = master === null ? 'no active master is known' : `active master: ${master.url}`;
  return `dsm: a replicated key-value store over HTTP
this node: ${node.nodeId}, ${node.role}, ${node.state}; ${masterLine}

  write     curl -X PUT --data-binary 'hello' ${url}/v1/kv/greeting
  read      curl ${url}/v1/kv/greeting
  change    curl -X PUT -H 'If-Match: "<ETag>"' --data-binary 'bye' ${url}/v1/kv/greeting
  delete    curl -X DELETE ${url}/v1/kv/greeting
  count     curl -X POST '${url}/v1/kv/visits?op=increment'
  expire    curl -X PUT --data-binary 'soon gone' '${url}/v1/kv/greeting?ttl=60'
  lock      curl -X POST '${url}/v1/locks/door?ttl=30&wait=10'
  list      curl '${url}/v1/kv?prefix=greet'
  watch     curl -N '${url}/v1/watch?prefix=greet'
  status    curl ${url}/v1/status
  ready?    curl ${url}/readyz?verbose
`;
}
