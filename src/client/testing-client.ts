/** For tests of the client: clients of fake nodes, and the ways in which such nodes answer. */
import { createClient } from './client.ts';
import { answer, FakeNetwork, type FakeNode } from './testing.ts';
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
