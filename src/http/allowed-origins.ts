/**
 * Web pages that may use a node though they are of another origin, as the operator said
 * (`--allowed-origins`): they are answered as CORS asks for. Nobody else's request passes here.
 */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { headerNames } from './headers.ts';

/** `env` is what Hono's adapter of a runtime hands over. */
type Serve = (request: Request, env?: unknown) => Response | Promise<Response>;

/** What a page may see of an answer, beside what it sees anyway. */
const shownHeaders = [
  ...['etag', 'location', 'retry-after', 'preference-applied'],
  ...[headerNames.node, headerNames.role, headerNames.epoch, headerNames.revision],
  ...[headerNames.expiresIn, headerNames.master],
];

/** Browsers ask so seldom whether they may, seconds. */
const maxAge = 600;

/** `serve`, and for who is of `origins` the headers that CORS asks for. */
export function servingOrigins(origins: ReadonlySet<string>, serve: Serve): Serve {
  if (origins.size === 0) return serve;
  const allowMethods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
  const rules = { origin: [...origins], allowMethods, exposeHeaders: shownHeaders, maxAge };
  const app = new Hono().use(cors(rules)).all('*', (c) => serve(c.req.raw));
  return (request, env) => {
    const origin = request.headers.get('origin');
    return origin !== null && origins.has(origin) ? app.fetch(request) : serve(request, env);
  };
}
