/**
 * A rate limit that all servers share, exactly: each request is one increment of one counter, done
 * once however often it had to be sent. The window is fixed: it begins with the first request after
 * the last one ended. So twice the limit may come within one window's length, around its end.
 *
 *     app.use('/api/*', rateLimit({ client, limit: 100, windowSeconds: 60, key: userOf }));
 *
 * Answers carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
 */
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Client } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { hashOf } from './base64url.ts';
import { orUnavailable } from './hono-failure.ts';

export interface RateLimitOptions {
  readonly client: Client;
  /** Requests in one window, 1 or more. */
  readonly limit: number;
  /** Length of a window, 0.001 to ten years. */
  readonly windowSeconds: number;
  /**
   * Who is counted: a user, an API key, an address. Null: this request is not. There is no default,
   * because only the application knows which proxy may name an address. The store has a hash of it
   * only: reading the store is not reading API keys, and a visitor may send a text of any length.
   */
  readonly key: (c: Context) => string | null | Promise<string | null>;
  /** Letters, digits, `-` and `_`: of this limit, apart from others. Default `default`. */
  readonly name?: string | undefined;
  /** Before the keys of all counters. Default `ratelimit/`. */
  readonly prefix?: string | undefined;
  /** Where the store cannot be asked: `refuse` with 503, or `allow`. Default `refuse`. */
  readonly whenUnavailable?: 'refuse' | 'allow' | undefined;
  /** Longest time for the store to answer, ms. Default 2000. */
  readonly timeoutMs?: number | undefined;
  /** Answers what is too much; headers are set already. Default: 429 with a text. */
  readonly onLimited?: ((c: Context) => Response | Promise<Response>) | undefined;
}

/** The longest lifetime that nodes take. */
const windowSecondsMax = 10 * 365 * 86_400;

interface Count {
  readonly number: number;
  readonly resetSeconds: number;
}

/** Throws a DsmError `invalid_request` for a limit, a window or a name that is none. */
export function rateLimit(options: RateLimitOptions): MiddlewareHandler {
  const { limit, windowSeconds, name = 'default', prefix = 'ratelimit/' } = options;
  expectUsable(limit, windowSeconds, name);
  const { whenUnavailable = 'refuse', onLimited = tooMany } = options;
  const policy = `"${name}";q=${limit};w=${Math.ceil(windowSeconds)}`;

  return async (c, next) => {
    const who = await options.key(c);
    if (who === null) return next();
    const counting = hashOf(who).then((hash) => countOf(options, `${prefix}${name}/${hash}`));
    const count = await orUnavailable(counting).catch((error: unknown) => {
      if (error instanceof HTTPException && whenUnavailable === 'allow') return null;
      throw error;
    });
    if (count === null) return next();
    const { number, resetSeconds } = count;
    const isOver = number > limit;
    if (isOver) c.res = await onLimited(c);
    else await next();
    // Only now: what is said before is lost where a handler makes its own Response.
    const left = Math.max(0, limit - number);
    c.header('ratelimit-policy', policy, { append: true });
    c.header('ratelimit', `"${name}";r=${left};t=${resetSeconds}`, { append: true });
    if (isOver) c.header('retry-after', String(Math.max(1, resetSeconds)));
    return undefined;
  };
}

async function countOf(options: RateLimitOptions, key: string): Promise<Count> {
  const { client, timeoutMs = 2000 } = options;
  try {
    return await increment(options, key);
  } catch (error) {
    if (!(error instanceof DsmError) || !noCounter.has(error.code)) throw error;
    await client.delete(key, { timeoutMs });
    return increment(options, key);
  }
}

/** What stands there was not made by this, and would stand there for ever: it makes room. */
const noCounter: ReadonlySet<string> = new Set(['not_a_number', 'out_of_range']);

async function increment(
  { client, windowSeconds, timeoutMs = 2000 }: RateLimitOptions,
  key: string,
): Promise<Count> {
  const { number, expiresIn } = await client.increment(key, { ttl: windowSeconds, timeoutMs });
  // Made by another, as an import does, and it would never end. It stays and its window begins: to
  // delete it could take with it what other servers have counted meanwhile.
  if (expiresIn === undefined) await client.touch(key, windowSeconds, { timeoutMs });
  return { number, resetSeconds: Math.ceil(expiresIn ?? windowSeconds) };
}

function tooMany(c: Context): Response {
  return c.text('Too many requests', 429);
}

function expectUsable(limit: number, windowSeconds: number, name: string): void {
  const fault =
    !Number.isSafeInteger(limit) || limit < 1
      ? `limit is a whole number from 1 on, not ${limit}`
      : !(windowSeconds >= 0.001 && windowSeconds <= windowSecondsMax)
        ? `windowSeconds is from 0.001 to ${windowSecondsMax}, not ${windowSeconds}`
        : !/^[\w-]+$/.test(name)
          ? `the name of a rate limit has letters, digits, - and _, not ${JSON.stringify(name)}`
          : null;
  if (fault !== null) throw new DsmError('invalid_request', fault);
}
