/**
 * The HTTP app of one node: clients, people and other nodes. No protocol decision is taken here:
 * routes parse, ask the node, and say what it answered.
 */
import { Hono, type HonoRequest } from 'hono';
import { DsmError } from '../core/errors.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { LoggedEvent, Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Transport } from '../ports/transport.ts';
import { addAdminRoutes } from './admin-routes.ts';
import { servingOrigins } from './allowed-origins.ts';
import { type AnswerOptions, Answers } from './answers.ts';
import { addBatchRoutes } from './batch-routes.ts';
import { BodyReader, type IncomingBody } from './bodies.ts';
import { expectSameSite, HostGuard } from './browser-guard.ts';
import { Changes } from './changes.ts';
import { ClusterView } from './cluster-view.ts';
import { Forwarder } from './forward.ts';
import { keysPath, locksPath, pathStart, unstoragePath } from './keys.ts';
import { addKvRoutes, putKey } from './kv-routes.ts';
import { addListRoutes } from './list-routes.ts';
import { addLockRoutes } from './lock-routes.ts';
import { addMetricsRoute, type ProcessFacts } from './metrics/metrics-route.ts';
import { RequestCounts } from './metrics/request-counts.ts';
import { addOpRoutes } from './op-routes.ts';
import { addPeerRoutes, onPeerCall } from './peer-routes.ts';
import { asDsmError } from './problem.ts';
import { createSecretCheck } from './secret.ts';
import { addSessionRoutes } from './session-routes.ts';
import { type Call, ShortCut } from './short-cut.ts';
import { addSnapshotRoute } from './snapshot-route.ts';
import { addStatusRoutes } from './status-routes.ts';
import { addTxnRoutes } from './txn-routes.ts';
import { addUnstorageRoutes } from './unstorage-routes.ts';
import { addWatchRoutes } from './watch-routes.ts';

export interface AppOptions extends AnswerOptions {
  readonly node: NodeApi;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The cluster secret; null lets everybody call as a node, fit for one machine only. */
  readonly secret: string | null;
  /** The node is bound to loopback: it is asked for by loopback names only. */
  readonly isLoopback: boolean;
  /** Names that a node may be asked for by, beside those that it knows itself; see `HostGuard`. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may use this node though it did not serve them. */
  readonly allowedOrigins?: readonly string[];
  /** For a body from its first byte to its last; default 10 s. */
  readonly bodyTimeoutMs?: number;
  /** What `/metrics` says of the process; nothing where it is not given. */
  readonly processFacts?: () => ProcessFacts;
  /** What was logged last, the newest last; nothing where it is not given. */
  readonly recentEvents?: () => readonly LoggedEvent[];
}

const defaultBodyTimeoutMs = 10_000;

export function createApp(options: AppOptions): Hono {
  const { node, clock, logger, secret } = options;
  const answers = new Answers(node, options);
  const bodies = new BodyReader(clock, options.bodyTimeoutMs ?? defaultBodyTimeoutMs);
  const forwarder = new Forwarder({ ...options, answers });
  const checkSecret = createSecretCheck(secret);

  const app = new Hono({ getPath: routingPath });
  const changes = new Changes({ ...options, answers, forwarder });
  const parts = { node, answers, bodies, changes, forwarder, clock, checkSecret };
  addKvRoutes(app, parts);
  addOpRoutes(app, parts);
  addTxnRoutes(app, parts);
  addBatchRoutes(app, parts);
  addSessionRoutes(app, parts);
  addLockRoutes(app, parts);
  addListRoutes(app, parts);
  addUnstorageRoutes(app, parts);
  addWatchRoutes(app, parts);
  addPeerRoutes(app, parts);
  addAdminRoutes(app, parts);
  addSnapshotRoute(app, parts);
  const counts = new RequestCounts();
  const recentEvents = options.recentEvents ?? (() => []);
  const cluster = new ClusterView({ ...options, recentEvents });
  addStatusRoutes(app, { node, answers, cluster, recentEvents });
  addMetricsRoute(app, { node, answers, counts, processFacts: options.processFacts });
  app.notFound((c) => onNoRoute(app, answers, c.req));

  const fail = (thrown: unknown): Response => {
    const error = asDsmError(thrown);
    if (error.code === 'internal') logger.error('a request failed by accident', about(thrown));
    return answers.problem(error);
  };
  app.onError(fail);
  const { isLoopback, allowedHosts = [] } = options;
  const hosts = new HostGuard({ isLoopback, allowedHosts, ownUrl: () => node.status().url });
  const origins = new Set(options.allowedOrigins);
  const sameSite = (request: Request) => expectSameSite(request, origins);
  const put: Call = (request, incoming) => putKey(parts, request, undefined, incoming);
  const append: Call = (request, incoming) => onPeerCall(parts, 'append', request, incoming);
  const shortCut = new ShortCut({ node, answers, expectSameSite: sameSite, put, append, fail });
  return guarded(app, { shortCut, hosts, origins, sameSite, counts, fail });
}

/** What Hono's adapter of Node hands over beside a Request. */
interface NodeEnv {
  readonly incoming: IncomingBody;
}

interface Guards {
  readonly shortCut: ShortCut;
  readonly hosts: HostGuard;
  readonly origins: ReadonlySet<string>;
  readonly sameSite: (request: Request) => void;
  readonly counts: RequestCounts;
  readonly fail: (thrown: unknown) => Response;
}

/** Puts the short cut and the guards before the router: middleware would slow every route. */
function guarded(app: Hono, guards: Guards): Hono {
  const { shortCut, hosts, origins, sameSite, counts, fail } = guards;
  const routed = app.fetch;
  app.fetch = servingOrigins(origins, (request, env) => {
    try {
      const answer = shortCut.answer(request, (env as Partial<NodeEnv> | undefined)?.incoming);
      if (answer !== undefined) return counts.count(request, answer);
      const { url, method } = request;
      const isKnownHost = hosts.expect(request);
      if (method !== 'GET' && method !== 'HEAD') sameSite(request);
      if (isKnownHost) shortCut.letIn(url);
      return counts.count(request, routed(request));
    } catch (error) {
      return counts.count(request, fail(error));
    }
  });
  return app;
}

function about(thrown: unknown): { readonly error: string } {
  return { error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}

/**
 * What the router sees: the raw path, undecoded, so that it cannot mistake a key for a path. All
 * keys are one path: the router finds it in a table, without a pattern.
 */
function routingPath(request: Request): string {
  const { url } = request;
  const start = pathStart(url);
  if (url.startsWith(keysPath, start)) return keysPath;
  if (url.startsWith(locksPath, start)) return locksPath;
  if (url.startsWith(unstoragePath, start)) return unstoragePath;
  const mark = url.indexOf('?', start);
  return mark === -1 ? url.slice(start) : url.slice(start, mark);
}

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const;

/** 404, or 405 with what is allowed at this path. */
function onNoRoute(app: Hono, answers: Answers, request: HonoRequest): Response {
  const path = request.path.slice(0, 100);
  const allowed = methods.filter((method) => {
    const [handlers] = app.router.match(method === 'HEAD' ? 'GET' : method, request.path);
    return handlers.length > 0;
  });
  if (allowed.length === 0) {
    return answers.problem(new DsmError('no_route', `There is nothing at ${path}; see /`));
  }
  const allow = allowed.join(', ');
  const text = `${request.method} is not allowed at ${path}, only ${allow}`;
  return answers.problem(new DsmError('method_not_allowed', text), { allow });
}
