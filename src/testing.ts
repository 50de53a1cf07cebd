/**
 * `dsm/testing`: a store in memory for the tests of what uses one. It is not an imitation: the same
 * code as of a real node, alone in its cluster, without sockets and without a disk, behind a real
 * client. So conditions, transactions, lifetimes, watches and locks are what they will be.
 *
 *     import { createTestStore } from 'dsm/testing';
 *
 *     test('a session ends after half an hour', async () => {
 *       await using store = createTestStore();
 *       const app = createApp({ dsm: store.client });
 *       …
 *       await store.advance(30 * 60_000);
 *       expect(await store.client.get('session/17')).toBeNull();
 *     });
 */
import { createMemoryStorage } from './adapters/memory-storage.ts';
import { ShiftedClock } from './adapters/shifted-clock.ts';
import { createSystemRandom } from './adapters/system-random.ts';
import { type Client, createClient } from './client/client.ts';
import { makeLimits } from './core/limits.ts';
import { createApp } from './http/app.ts';
import { createPeers } from './http/peer-client.ts';
import { MasterNode } from './node/master-node.ts';
import { recoverState } from './node/recovery.ts';
import type { Logger } from './ports/logger.ts';
import type { Transport } from './ports/transport.ts';

export interface TestStore extends AsyncDisposable {
  /** As `createClient` makes it. */
  readonly client: Client;
  /** The HTTP API, for what calls it by itself; the host of the URL does not matter. */
  fetch(request: Request): Promise<Response>;
  /** Lets `ms` pass at once, for the store and its client: lifetimes end, sessions are kept alive. */
  advance(ms: number): Promise<void>;
  /** Ends watches and timers. Idempotent. */
  close(): Promise<void>;
}

/** The client's only master; nothing listens there. */
const url = 'http://dsm.test';

/** Empty, and of its own: tests that run side by side do not meet. */
export function createTestStore(): TestStore {
  const clock = new ShiftedClock();
  const random = createSystemRandom();
  const storage = createMemoryStorage({ clock });
  const recovered = storage.recover();
  const node = new MasterNode({
    self: { nodeId: random.id(), role: 'master', url },
    limits: makeLimits(),
    ports: {
      clock,
      random,
      logger: silent,
      peers: createPeers({ transport: nowhere, secret: null }),
    },
    masterUrls: [url],
    storage,
    recovered,
    ...recoverState(recovered),
    onFatal: (error) => {
      throw error;
    },
    placement: 'hash',
    readFrom: 'master',
    newCluster: true,
    mayFound: true,
  });
  const options = { transport: nowhere, secret: null, isLoopback: false };
  const app = createApp({ node, clock, random, logger: silent, ...options });
  const ask = async (request: Request) => app.fetch(request);
  const client = createClient({
    masters: [url],
    fetch: (target, init) => ask(new Request(target, init)),
    environment: {
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, onFire) => {
        const timer = clock.setTimer(delayMs, onFire);
        return () => timer.cancel();
      },
    },
  });
  const close = async () => {
    node.stop();
    storage.close();
    clock.stop();
  };
  return {
    client,
    fetch: ask,
    advance: (ms) => clock.advance(ms),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const ignore = () => {};
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** There is no other node. */
const nowhere: Transport = {
  send: (_url, _request, done) => queueMicrotask(() => done('refused', null)),
  close: ignore,
};
