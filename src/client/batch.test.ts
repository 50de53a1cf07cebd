import { describe, expect, it } from 'vitest';
import { answer, type FakeRequest } from './testing.ts';
import { a, onWrite, setUp } from './testing-client.ts';

/** A node that answers every change so, and keeps what it was asked. */
function answering(give: () => Response) {
  const asked: FakeRequest[] = [];
  const node = onWrite((request) => {
    asked.push(request);
    return give();
  });
  return { ...setUp({ [a]: node }), asked };
}

const jsonOf = (asked: readonly FakeRequest[]): unknown => JSON.parse(asked[0]?.body ?? '');

describe('a batch', () => {
  const found = {
    ...{ op: 'get', key: 'a', status: 'found', revision: 3 },
    ...{ value: 'x', encoding: 'utf-8', contentType: 'text/plain' },
  };
  const absent = { op: 'get', key: 'b', status: 'not-found', revision: 0 };
  const detail = 'The precondition does not hold';
  const error = { code: 'precondition_failed', status: 412, detail, currentRevision: 8 };

  it('has a result for each item, failures among them', async () => {
    const refused = { op: 'put', key: 'p', error };
    const unknown = { op: 'put', key: 'q', error: { code: 'new', detail: 'new' } };
    const { client, time, asked } = answering(() => answer(200, [found, refused, unknown]));
    const items = [
      { op: 'get', key: 'a' },
      { op: 'put', key: 'p', value: 'v', if: { revision: 7 } },
      { op: 'delete', key: 'q' },
    ] as const;
    const [first, second, third] = await time.run(client.batch(items));
    expect(first).toMatchObject({ ok: true, status: 'found', revision: 3 });
    expect(first?.ok && first.entry?.text()).toBe('x');
    expect(second).toMatchObject({ ok: false, key: 'p', error: { code: 'precondition_failed' } });
    expect(second?.ok === false && second.error.details).toEqual({ currentRevision: 8 });
    expect(third).toMatchObject({ ok: false, key: 'q', error: { code: 'internal' } });
    expect(jsonOf(asked)).toMatchObject([{ op: 'get' }, { if: { revision: 7 } }, { op: 'delete' }]);
  });

  it('getMany gives entries in order, and null where there is none', async () => {
    const { client, time } = answering(() => answer(200, [found, absent]));
    const [first, second] = await time.run(client.getMany(['a', 'b']));
    expect([first?.text(), first?.revision, second]).toEqual(['x', 3, null]);
  });

  it('getMany throws where one could not be read', async () => {
    const { client, time } = answering(() => answer(200, [{ op: 'get', key: 'a', error }]));
    await expect(time.run(client.getMany(['a']))).rejects.toThrow(detail);
  });

  it('with a result too few is an error', async () => {
    const { client, time } = answering(() => answer(200, [found]));
    const all = time.run(client.getMany(['a', 'b']));
    await expect(all).rejects.toMatchObject({ code: 'internal' });
  });

  const busy = (code: string) => ({ op: 'put', key: 'p', error: { code, detail: 'try again' } });
  const put = { op: 'put', key: 'p', status: 'created', revision: 9 };
  const two = [
    { op: 'get', key: 'a' },
    { op: 'put', key: 'p', value: 'v' },
  ] as const;

  it('with items that fail for a while is repeated as a whole, under the same key', async () => {
    const answers = [
      [found, busy('overloaded')],
      [found, busy('stepped_down')],
      [found, put],
    ];
    const { client, time, asked } = answering(() => answer(200, answers.shift() ?? []));
    const results = await time.run(client.batch(two));
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(new Set(asked.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1);
    expect(asked).toHaveLength(3);
  });

  it('whose items keep failing gives the results that there are, when the time is over', async () => {
    const { client, time, asked } = answering(() => answer(200, [found, busy('overloaded')]));
    const [first, second] = await time.run(client.batch(two, { timeoutMs: 2000 }));
    expect([first?.ok, second?.ok === false && second.error.code]).toEqual([true, 'overloaded']);
    expect(asked.length).toBeGreaterThan(3);
    expect(time.pendingTimers).toBe(0);
  });

  it('that was repeated and got no answer may have been applied', async () => {
    let isFirst = true;
    const { client, time } = setUp({
      [a]: onWrite(() => {
        if (!isFirst) return 'break';
        isFirst = false;
        return answer(200, [found, busy('overloaded')]);
      }),
    });
    const failing = time.run(client.batch(two));
    await expect(failing).rejects.toMatchObject({ code: 'write_timeout', outcome: 'unknown' });
  });

  it('getMany reads: it needs no key, and a failure of it says that nothing happened', async () => {
    const { client, network, time } = setUp({ [a]: () => 'break' });
    const failing = time.run(client.getMany(['a', 'b']));
    await expect(failing).rejects.toMatchObject({ code: 'read_timeout', outcome: 'not-applied' });
    await expect(failing).rejects.toThrow('READ of 2 keys could not be served');
    expect(network.requests[0]?.headers.get('idempotency-key')).toBeNull();
  });
});
