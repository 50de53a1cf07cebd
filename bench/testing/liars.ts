/**
 * Servers that would look good in a careless benchmark. Each is a whole target, so that what
 * catches it is the real chain: driver, judge, book-keeping and gates.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { restUntil } from '../measure/rest.ts';
import { dsmKind } from '../targets/dsm.ts';
import type { Target } from '../targets/target.ts';

export interface Store {
  readonly values: Map<string, string>;
  readonly counters: { reads: number; writes: number };
  /** Requests for keys so far. */
  requests: number;
}

/** Answers a request for a key itself and returns true, or leaves it to an honest server. */
export type Lie = (request: Asked, answer: ServerResponse, store: Store) => boolean;

export interface Asked {
  readonly kind: 'read' | 'write';
  readonly key: string;
  /** Of a write. */
  readonly value: string;
}

const respond = (answer: ServerResponse, status: number, body = ''): true => {
  answer.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  return true;
};

function serveHonestly({ kind, key, value }: Asked, answer: ServerResponse, store: Store): void {
  if (kind === 'write') {
    store.counters.writes += 1;
    store.values.set(key, value);
    respond(answer, 200);
    return;
  }
  store.counters.reads += 1;
  const found = store.values.get(key);
  respond(answer, found === undefined ? 404 : 200, found);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** The preload of so many keys is served honestly; the lie begins after it. */
export async function startLiar(lie: Lie, keyCount: number): Promise<Target> {
  const store: Store = { values: new Map(), counters: { reads: 0, writes: 0 }, requests: 0 };
  const server = createServer(async (request, answer) => {
    if (request.url === '/v1/status') {
      const status = { nodeId: 'liar', role: 'master', counters: store.counters };
      return void respond(answer, 200, JSON.stringify(status));
    }
    const asked: Asked = {
      kind: request.method === 'PUT' ? 'write' : 'read',
      key: request.url?.split('/').at(-1) ?? '',
      value: await readBody(request),
    };
    store.requests += 1;
    if (store.requests > keyCount && lie(asked, answer, store)) return;
    serveHonestly(asked, answer, store);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...dsmKind,
    nodes: [{ nodeId: 'liar', role: 'master', url, pid: null }],
    entries: [url],
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const every = (nth: number, store: Store): boolean => store.requests % nth === 0;

/** Each by the sentence that it stands for. */
export const lies = {
  'is honest': () => false,
  'answers every request with 500': (_asked, answer) => respond(answer, 500, 'no'),
  'answers reads with 200 and nothing': ({ kind }, answer, store) => {
    if (kind === 'write') return false;
    store.counters.reads += 1;
    return respond(answer, 200);
  },
  'returns the value of another key': ({ kind, key }, answer, store) => {
    if (kind === 'write') return false;
    store.counters.reads += 1;
    const other = [...store.values.keys()].find((known) => known !== key) ?? '';
    return respond(answer, 200, store.values.get(other));
  },
  'acknowledges every 20th write without doing it': ({ kind }, answer, store) => {
    if (kind === 'read' || !every(20, store)) return false;
    store.counters.writes += 1;
    return respond(answer, 200);
  },
  'acknowledges writes before it applies them': (asked, answer, store) => {
    if (asked.kind === 'read') return false;
    store.counters.writes += 1;
    void sleep(20).then(() => store.values.set(asked.key, asked.value));
    return respond(answer, 200);
  },
  'never answers': () => true,
  'closes the connection instead of every 50th answer': (_asked, answer, store) => {
    if (!every(50, store)) return false;
    answer.socket?.end();
    return true;
  },
  'breaks off in the middle of every 50th answer': (_asked, answer, store) => {
    if (!every(50, store)) return false;
    answer.writeHead(200, { 'content-length': '100' });
    answer.write('half of a value');
    setImmediate(() => answer.socket?.end());
    return true;
  },
  'does not count what it serves': (asked, answer, store) => {
    serveHonestly(asked, answer, { ...store, counters: { reads: 0, writes: 0 } });
    return true;
  },
  'serves writes twice': ({ kind }, _answer, store) => {
    if (kind === 'write') store.counters.writes += 1;
    return false;
  },
  'is honest and slow': (asked, answer, store) => {
    restUntil(performance.now() + 5, () => serveHonestly(asked, answer, store));
    return true;
  },
  'freezes for 400 ms once a second': (asked, answer, store) => {
    if (performance.now() % 1000 > 400) return false;
    const restMs = 400 - (performance.now() % 1000);
    void sleep(restMs).then(() => serveHonestly(asked, answer, store));
    return true;
  },
} as const satisfies Readonly<Record<string, Lie>>;
