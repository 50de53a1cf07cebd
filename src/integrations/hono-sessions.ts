/**
 * Sessions of people, shared by all servers: a random id in a cookie, the data in the store under a
 * hash of it, so that who can read the store cannot take over a session.
 *
 *     app.use(sessions<{ user?: string }>({ client }));
 *     app.post('/login', async (c) => {
 *       const user = await userOf(c);
 *       await c.var.session.regenerate({ user });
 *       return c.text(`hello ${user}`);
 *     });
 *
 * Every change is written when it is made, and awaited: what was answered is stored. Changes of one
 * session at two servers at once do not undo each other, and `update` does not bring back one that
 * was destroyed. `regenerate` begins a new one whatever became of the old: who signs in is in.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import type { Client } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { base64url, hashOf } from './base64url.ts';
import { isPassing, orUnavailable } from './hono-failure.ts';

/** Stored as JSON. */
export type SessionData = object;

export interface SessionsOptions {
  readonly client: Client;
  /** A session ends so long after it was last used, 1 to 400 days. Default 86 400, a day. */
  readonly ttlSeconds?: number | undefined;
  /**
   * Name of the cookie. Default `__Host-session`, which browsers take from this host alone; without
   * `secure`, `session`.
   */
  readonly cookie?: string | undefined;
  /** The cookie travels over HTTPS only. Default true; false for development over plain HTTP. */
  readonly secure?: boolean | undefined;
  /** Which requests of other sites bring the cookie along. Default `Lax`. */
  readonly sameSite?: 'Strict' | 'Lax' | undefined;
  /** Before the keys of all sessions. Default `sessions/`. */
  readonly prefix?: string | undefined;
}

export interface SessionsEnv<T extends SessionData> {
  Variables: { session: Session<T> };
}

/** A session that is used is renewed after this share of its lifetime: a write now and then. */
const renewalShare = 0.1;
/** As long as browsers keep a cookie. */
const ttlSecondsMax = 400 * 86_400;
const idBytes = 32;
const idPattern = /^[\w-]{43}$/;
/** Others changed the session each time, between the read and the write. */
const updateAttemptsMax = 100;
/** Who was slower so often makes the other attempts in its turn: against newcomers only. */
const eagerAttemptsMax = 4;
const turnMsMax = 5000;

type Turn = Awaited<ReturnType<Client['lock']>>;

interface Found<T> {
  readonly id: string;
  readonly key: string;
  readonly revision: number;
  readonly data: T;
}

/** The middleware; a session is stored only once it is updated. Fails with 503 without the store. */
export function sessions<T extends SessionData = Record<string, unknown>>(
  options: SessionsOptions,
): MiddlewareHandler<SessionsEnv<T>> {
  const settings = settingsOf(options);
  return async (c, next) => {
    const session = new Session<T>(settings, c);
    await session.load();
    c.set('session', session);
    await next();
    session.writeCookie();
  };
}

interface Settings {
  readonly client: Client;
  readonly ttl: number;
  readonly name: string;
  readonly prefix: string;
  readonly cookie: CookieOptions;
}

function settingsOf(options: SessionsOptions): Settings {
  const { client, ttlSeconds: ttl = 86_400, secure = true, sameSite = 'Lax' } = options;
  if (!(ttl >= 1 && ttl <= ttlSecondsMax)) {
    const text = `ttlSeconds is from 1 to ${ttlSecondsMax}, 400 days, not ${ttl}`;
    throw new DsmError('invalid_request', text);
  }
  const name = options.cookie ?? (secure ? '__Host-session' : 'session');
  const cookie = { path: '/', httpOnly: true, secure, sameSite, maxAge: Math.floor(ttl) };
  return { client, ttl, name, prefix: options.prefix ?? 'sessions/', cookie };
}

export class Session<T extends SessionData> {
  readonly #settings: Settings;
  readonly #context: Context;
  #found: Found<T> | null = null;
  /** What the answer is to say of the cookie; null: nothing, it stays as it is. */
  #cookie: { readonly id: string } | 'drop' | null = null;

  constructor(settings: Settings, context: Context) {
    this.#settings = settings;
    this.#context = context;
  }

  /** As it was read or last updated; null where there is no session. Frozen at its top. */
  get data(): Readonly<T> | null {
    return this.#found?.data ?? null;
  }

  /** Finds the session that the cookie names. Called once, by the middleware. */
  async load(): Promise<void> {
    const { client, name, ttl } = this.#settings;
    const id = getCookie(this.#context, name);
    if (id === undefined) return;
    const key = idPattern.test(id) ? await this.#keyOf(id) : null;
    const entry = key === null ? null : await orUnavailable(client.get(key));
    // An unknown id is left alone: another answer may have put a new one in its place meanwhile.
    if (key === null || entry === null) return;
    this.#found = { id, key, revision: entry.revision, data: frozen(entry.json<T>()) };
    // One without an end was put there by another, as an import does: it gets one.
    const { expiresIn = 0 } = entry;
    if (expiresIn > ttl * (1 - renewalShare)) return;
    if (await this.#renew(key)) this.#cookie = { id };
  }

  /** Not now is soon enough: the session lives, and the next request tries again. */
  async #renew(key: string): Promise<boolean> {
    const { client, ttl } = this.#settings;
    try {
      return await client.touch(key, ttl);
    } catch (error) {
      if (isPassing(error)) return false;
      throw error;
    }
  }

  /**
   * Stores what `change` makes of the data, `{}` at first; it is called again where somebody else
   * was faster, so it should do nothing else. False where the session was ended meanwhile: nothing
   * is stored then. Rejects with an HTTPException 503 without the store, as all that follows does.
   */
  update(change: (data: Readonly<Partial<T>>) => T): Promise<boolean> {
    return orUnavailable(this.#update(change));
  }

  async #update(change: (data: Readonly<Partial<T>>) => T): Promise<boolean> {
    if (this.#found === null) {
      const nothing: Readonly<Partial<T>> = Object.freeze(Object.create(null));
      await this.#begin(change(nothing));
      return true;
    }
    return this.#replace(this.#found, change);
  }

  /** False where the session is gone. */
  async #replace(first: Found<T>, change: (data: Readonly<T>) => T): Promise<boolean> {
    const { client, ttl } = this.#settings;
    const { key } = first;
    let found = first;
    let turn: Turn | null = null;
    try {
      for (let attempt = 0; attempt < updateAttemptsMax; attempt += 1) {
        if (attempt === eagerAttemptsMax) turn = await this.#awaitTurn(key);
        const data = frozen(change(found.data));
        const txn = client.txn().check(key, { revision: found.revision }).put(key, data, { ttl });
        // What stands in the way comes with the refusal: a second call would give others more time.
        const { ok, revision, results } = await txn.else((list) => list.get(key)).commit();
        if (ok) {
          this.#found = { ...found, revision, data };
          this.#cookie = { id: found.id };
          return true;
        }
        const entry = results[0]?.entry ?? null;
        if (entry === null) {
          this.#found = null;
          return false;
        }
        found = { ...found, revision: entry.revision, data: frozen(entry.json<T>()) };
      }
    } finally {
      await turn?.release();
    }
    throw new DsmError('overloaded', 'The session is changed by too many at once');
  }

  /** Null where it does not come in time: then it is tried all the same. */
  #awaitTurn(key: string): Promise<Turn | null> {
    return this.#settings.client.lock(key, { waitMs: turnMsMax }).catch(() => null);
  }

  /**
   * Goes on under a new id, with this data: whenever somebody signs in or gets other rights, so that
   * an id which was known before is of no use. The old session ends as the new one begins.
   */
  regenerate(data: T): Promise<void> {
    return orUnavailable(this.#begin(data));
  }

  /**
   * Ends the session, at all servers, and its cookie. Where it rejects, the session may live on, and
   * the cookie stays: it may be called again, by this request or the next.
   */
  async destroy(): Promise<void> {
    const { client } = this.#settings;
    if (this.#found !== null) await orUnavailable(client.delete(this.#found.key));
    this.#found = null;
    this.#cookie = 'drop';
  }

  async #begin(data: T): Promise<void> {
    const { client, ttl } = this.#settings;
    const id = base64url(crypto.getRandomValues(new Uint8Array(idBytes)));
    const key = await this.#keyOf(id);
    const both = client.txn().put(key, data, { ttl });
    if (this.#found !== null) both.delete(this.#found.key);
    const { revision } = await both.commit();
    this.#found = { id, key, revision, data: frozen(data) };
    this.#cookie = { id };
  }

  async #keyOf(id: string): Promise<string> {
    return this.#settings.prefix + (await hashOf(id));
  }

  /**
   * Called once, by the middleware, when there is an answer: what is said before is lost where a
   * handler makes its own Response.
   */
  writeCookie(): void {
    const { name, cookie } = this.#settings;
    if (this.#cookie === 'drop') {
      const { maxAge: _, ...rest } = cookie;
      deleteCookie(this.#context, name, rest);
    } else if (this.#cookie !== null) setCookie(this.#context, name, this.#cookie.id, cookie);
  }
}

function frozen<T extends object>(data: T): Readonly<T> {
  return Object.freeze(structuredClone(data));
}
