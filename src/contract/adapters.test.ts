/** What plugs into dsm, against real processes, some of which are killed meanwhile. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import Keyv from 'keyv';
import * as vitest from 'vitest';
import { runtimeCommand, runtimeNames } from '../cli/up/runtimes.ts';
import { createClient } from '../client/client.ts';
import { KeyvDsm } from '../integrations/keyv.ts';
import { sharedCluster } from './fixture.ts';
import { createFleet, limitPrefix, searchLimit, visit } from './hono-fleet.ts';
import { untilTimeoutMs } from './until.ts';

const { describe, expect, it } = vitest;
const cluster = sharedCluster({ slaves: 2 });

describe('the test suite of Keyv, with another node for each store', () => {
  let stores = 0;
  const store = () => {
    const { urls } = cluster();
    stores += 1;
    return new KeyvDsm({ masters: [urls[stores % urls.length] ?? ''] });
  };
  keyvTestSuite(vitest, Keyv, store);
  keyvIteratorTests(vitest, Keyv, store);
});

describe('every module of the client side', () => {
  const script = fileURLToPath(new URL('every-module.ts', import.meta.url));

  it.concurrent.each(runtimeNames)('works on %s', async (runtime) => {
    const [executable = '', ...words] = runtimeCommand(runtime, script);
    const all = [...words, cluster().masterUrls.join(','), `on-${runtime}`];
    const { stdout } = await promisify(execFile)(executable, all);
    expect(JSON.parse(stdout)).toEqual({
      client: ['hello', false, 'not_a_number', ['put', 'synced'], true],
      unstorage: [
        ...[{ age: 4 }, { age: 5 }],
        ...[
          ['users:alice', 'users:bob'],
          ['users:alice', 'users:bob'],
        ],
      ],
      keyv: [[{ b: 1 }, null], true, null],
      hono: [200, 'alice', 429],
      testing: ['v', null],
    });
  });
});

/** Runs `work`, which kills the active master meanwhile; then it is there again, and all are ready. */
async function throughKill(work: (kill: () => void) => Promise<unknown>) {
  const master = await cluster().active();
  let killing: Promise<void> | null = null;
  try {
    await work(() => {
      killing ??= master.kill();
    });
    expect(killing).not.toBeNull();
    await cluster().active(master);
  } finally {
    await killing;
    if (!master.isRunning) master.start();
    await cluster().ready();
  }
}

/** `count` workers, each of which does `turns` turns one after the other. */
function takeTurns(
  count: number,
  turns: number,
  turn: (worker: number, turn: number) => Promise<void>,
) {
  const worker = async (_: unknown, index: number) => {
    for (let i = 0; i < turns; i += 1) await turn(index, i);
  };
  return Promise.all(Array.from({ length: count }, worker));
}

const oneOf = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

describe('through kill -9 of the active master', () => {
  it('sessions keep every change that was answered, and none that was ended comes back', async () => {
    const fleet = createFleet(cluster().masterUrls, 3);
    const { cookie } = await visit(oneOf(fleet, 0), '/login/alice');
    const ended: string[] = [];
    await throughKill((kill) =>
      Promise.all([
        takeTurns(3, 30, async (worker, turn) => {
          const { text } = await visit(oneOf(fleet, worker + turn), '/visit', cookie);
          expect(text).toBe('true');
          if (turn === 10) kill();
        }),
        takeTurns(1, 10, async (_, turn) => {
          const first = await visit(oneOf(fleet, turn), '/login/bob');
          const second = await visit(oneOf(fleet, turn + 1), '/login/bob', first.cookie);
          await visit(oneOf(fleet, turn + 2), '/logout', second.cookie);
          ended.push(first.cookie, second.cookie);
        }),
      ]),
    );
    for (const url of cluster().urls) {
      const server = oneOf(createFleet([url], 1), 0);
      const me = async (id: string) => JSON.parse((await visit(server, '/me', id)).text);
      expect(await me(cookie)).toEqual({ user: 'alice', visits: 90 });
      expect(await Promise.all(ended.map(me))).toEqual(ended.map(() => null));
    }
  });

  it('a rate limit serves exactly as many requests as it is to', async () => {
    const fleet = createFleet(cluster().masterUrls, 3);
    const statuses: number[] = [];
    await throughKill((kill) =>
      takeTurns(6, searchLimit / 3, async (worker, turn) => {
        const { status } = await oneOf(fleet, worker + turn).request('/search');
        statuses.push(status);
        if (statuses.length === searchLimit / 2) kill();
      }),
    );
    const counted = (status: number) => statuses.filter((one) => one === status).length;
    expect([counted(200), counted(429)]).toEqual([searchLimit, searchLimit]);
    const client = createClient({ masters: cluster().urls });
    const counters: string[] = [];
    for await (const entry of client.list({ prefix: limitPrefix })) counters.push(entry.text());
    expect(counters).toEqual([String(2 * searchLimit)]);
  });

  it('one leads at a time, with a higher token each time', async () => {
    const acts: { readonly token: number; readonly revision: number }[] = [];
    let leaders = 0;
    await throughKill((kill) =>
      takeTurns(3, 4, async (candidate, term) => {
        const dsm = createClient({ masters: cluster().masterUrls, timeoutMs: untilTimeoutMs });
        await dsm.elect('rotating', async ({ token, signal }) => {
          leaders += 1;
          for (let act = 0; act < 3; act += 1) {
            expect([leaders, signal.aborted]).toEqual([1, false]);
            const { revision } = await dsm.put(`acts/${candidate}/${term}`, token);
            acts.push({ token, revision });
            if (acts.length === 12) kill();
          }
          leaders -= 1;
        });
      }),
    );
    const inOrder = acts.toSorted((a, b) => a.revision - b.revision).map(({ token }) => token);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect([inOrder.length, new Set(inOrder).size]).toEqual([36, 12]);
  });

  it('a leader that is cut off stops before the next one leads', async () => {
    const { masterUrls: masters } = cluster();
    const over = new AbortController();
    const told: string[] = [];
    const tokens: number[] = [];
    let isCut = false;
    const lead = async (dsm: ReturnType<typeof createClient>, who: string, begun: () => void) => {
      const options = { ttl: 3, signal: over.signal };
      await dsm.elect(
        'duty',
        async ({ token, signal }) => {
          told.push(`${who} leads`);
          tokens.push(token);
          begun();
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          told.push(`${who} stops`);
        },
        options,
      );
    };
    const leading = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    // Cut off from all nodes: nothing comes back, and nothing is refused.
    const fetchUnlessCut: typeof fetch = (url, init) =>
      isCut
        ? new Promise((_, reject) => init?.signal?.addEventListener('abort', reject))
        : fetch(url, init);
    const first = createClient({ masters, fetch: fetchUnlessCut });
    const second = createClient({ masters });
    const both = [lead(first, 'first', leading[0].resolve)];
    await leading[0].promise;
    both.push(lead(second, 'second', leading[1].resolve));
    await throughKill(async (kill) => {
      isCut = true;
      kill();
      await leading[1].promise;
      expect(told).toEqual(['first leads', 'first stops', 'second leads']);
    });
    expect(tokens[1]).toBeGreaterThan(tokens[0] ?? Infinity);
    isCut = false;
    over.abort();
    await Promise.all(both);
  });
});
