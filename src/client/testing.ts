/** For tests of the client: nodes without sockets, and a clock that moves only when all wait. */
import type { Environment } from './environment.ts';

interface PendingTimer {
  readonly atMs: number;
  readonly onFire: () => void;
}

export class VirtualTime {
  nowMs = 0;
  readonly #timers = new Set<PendingTimer>();

  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimer(delayMs: number, onFire: () => void): () => void {
    const timer = { atMs: this.nowMs + Math.max(0, delayMs), onFire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass until `work` has settled; nothing real is waited for. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = () => {
      isSettled = true;
    };
    work.then(end, end);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return work;
      this.#fireNext();
    }
  }

  #fireNext(): void {
    const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
    if (next === undefined) throw new Error('everything waits and no timer runs');
    this.#timers.delete(next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.onFire();
  }
}

export interface FakeRequest {
  readonly atMs: number;
  readonly node: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What happens to a request: an answer, or one of the ways to get none. */
export type FakeAnswer = Response | 'refuse' | 'break' | 'hang';
export type FakeNode = (request: FakeRequest) => FakeAnswer;

/** Nodes by their base URL. Every request is kept; an unknown URL refuses connections. */
export class FakeNetwork {
  readonly time = new VirtualTime();
  readonly requests: FakeRequest[] = [];
  readonly nodes = new Map<string, FakeNode>();
  #keys = 0;

  readonly environment: Environment = {
    fetch: (url, init) => this.#fetch(url, init),
    monotonicMs: () => this.time.nowMs,
    setTimer: (delayMs, onFire) => this.time.setTimer(delayMs, onFire),
    random: () => 1,
    newKey: () => {
      this.#keys += 1;
      return `key-${this.#keys}`;
    },
  };

  /** `node path` of the requests so far, without those that only ask for the revision. */
  get log(): string[] {
    const asked = this.requests.filter((request) => request.path !== '/livez');
    return asked.map((request) => `${request.method} ${request.node}`);
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { origin } = new URL(url);
    const request = {
      atMs: this.time.nowMs,
      node: origin,
      method: init.method ?? 'GET',
      path: url.slice(origin.length),
      headers: new Headers(init.headers),
      body: init.body instanceof Uint8Array ? new TextDecoder().decode(init.body) : '',
    };
    this.requests.push(request);
    const answer = this.nodes.get(origin)?.(request) ?? 'refuse';
    if (answer instanceof Response) return answer;
    if (answer === 'hang') return hang(init.signal ?? null);
    throw answer === 'refuse' ? refusal() : new TypeError('fetch failed');
  }
}

/** As Node says it. */
function refusal(): Error {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' });
  return new TypeError('fetch failed', { cause });
}

function hang(signal: AbortSignal | null): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** An answer with the headers that every node sends; `role` is `active` unless told otherwise. */
export function answer(
  status: number,
  body: string | object | null = null,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const common = {
    'dsm-node': 'n1',
    'dsm-role': 'active',
    'dsm-epoch': '1',
    'dsm-revision': '7',
  };
  const text = body === null || typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { ...common, ...headers } });
}
