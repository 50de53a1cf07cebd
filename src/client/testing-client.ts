/** For tests of the client: clients of fake nodes, and the ways in which such nodes answer. */
import { createClient } from './client.ts';
import {
  answer,
  type FakeAnswer,
  FakeNetwork,
  type FakeNode,
  type FakeRequest,
} from './testing.ts';
import type { ClientOptions, MasterChange } from './types.ts';

export const a = 'http://a:1';
export const b = 'http://b:1';
export const c = 'http://c:1';

/** A client of `a` and `b` and the nodes that exist; an absent one refuses connections. */
export function setUp(nodes: Record<string, FakeNode>, options: Partial<ClientOptions> = {}) {
  const network = new FakeNetwork();
  for (const [url, node] of Object.entries(nodes)) network.nodes.set(url, node);
  const { environment, time } = network;
  const client = createClient({ masters: [a, b], environment, ...options });
  const changes: MasterChange[] = [];
  client.onMasterChange((change) => changes.push(change));
  return { client, network, time, changes };
}

/** An active master, standby or slave that serves everything. */
export const serving =
  (headers: Record<string, string> = {}): FakeNode =>
  ({ path }) => {
    if (path === '/livez') return answer(200, null, headers);
    return answer(200, 'v', { etag: '"5"', ...headers });
  };

export const standby = (epoch: string): Record<string, string> => ({
  'dsm-node': 'nb',
  'dsm-role': 'standby',
  'dsm-epoch': epoch,
});
export const active = (node: string, epoch: string): Record<string, string> => ({
  'dsm-node': node,
  'dsm-role': 'active',
  'dsm-epoch': epoch,
});

/** Serves `/livez`, so that a write is sent, and gives the write this answer. */
export const onWrite =
  (give: FakeNode): FakeNode =>
  (request) =>
    request.method === 'GET' ? answer(200) : give(request);

export const notApplied = (headers: Record<string, string> = {}) =>
  answer(503, { code: 'no_quorum', outcome: 'not-applied', retryable: true }, headers);
export const unknown = () =>
  answer(504, { code: 'write_timeout', outcome: 'unknown', retryable: true, detail: 'too slow' });

export const held = () =>
  answer(409, { code: 'lock_held', outcome: 'not-applied', retryable: true });

/** A node with sessions; `lock` answers who asks for one. */
export function withSessions(lock: () => FakeAnswer = held) {
  const calls: string[] = [];
  const state: { keepAlive: () => FakeAnswer } = { keepAlive: () => answer(200, {}) };
  const node = ({ method, path }: FakeRequest): FakeAnswer => {
    if (path === '/livez') return answer(200);
    calls.push(`${method} ${path}`);
    if (method === 'DELETE') return answer(204);
    if (path.includes('keep-alive')) return state.keepAlive();
    if (path.startsWith('/v1/locks/')) return lock();
    return answer(201, { session: '17', ttl: 9 });
  };
  const options = { attemptTimeoutMs: 200, backoffMsMax: 50 };
  return { ...setUp({ [a]: node }, options), calls, state };
}

/** Lets virtual time pass. */
export const sleep = (time: ReturnType<typeof withSessions>['time'], ms: number) =>
  time.run(new Promise<void>((resolve) => time.setTimer(ms, resolve)));
