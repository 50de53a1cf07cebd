import { describe, expect, it } from 'vitest';
import { judge, readReply, revisionOf } from './reply.ts';
import { answer } from './testing.ts';

const read = (response: Response, bytesMax = 100) => readReply('http://a:1', response, bytesMax);

/** An endless answer that notes how it was left. */
function endless(): { response: Response; isCancelled(): boolean } {
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(40));
    },
    cancel() {
      isCancelled = true;
    },
  });
  return { response: new Response(stream), isCancelled: () => isCancelled };
}

describe('the body of an answer', () => {
  it('is read whole, with and without a length', async () => {
    expect((await read(answer(200, 'abc'))).body).toEqual(new TextEncoder().encode('abc'));
    const counted = await read(answer(200, 'abc', { 'content-length': '3' }));
    expect(counted.body).toEqual(new TextEncoder().encode('abc'));
    expect((await read(answer(204))).body).toHaveLength(0);
  });

  it('is not read further than the limit, and the connection is let go', async () => {
    const { response, isCancelled } = endless();
    await expect(read(response)).rejects.toThrow('longer than 100 bytes');
    expect(isCancelled()).toBe(true);
    await expect(read(answer(200, 'x', { 'content-length': '101' }))).rejects.toThrow('101 bytes');
  });
});

describe('an answer is judged', () => {
  it.each([
    [answer(503, 'not JSON'), { code: 'no_master', outcome: 'not-applied', retryable: true }],
    [answer(504, null), { code: 'write_timeout', outcome: 'unknown', retryable: true }],
    [answer(500, '[]'), { code: 'internal', outcome: 'unknown', retryable: false }],
    [answer(418, '{}'), { code: 'invalid_request', outcome: 'not-applied', retryable: false }],
    [answer(302, null), { code: 'internal', outcome: 'unknown' }],
  ])('by its status where it does not explain itself', async (response, problem) => {
    expect(judge(await read(response))).toMatchObject({ kind: 'failed', problem });
  });

  it('by what it says of itself, also with a code of a later version', async () => {
    const body = { code: 'brand_new', outcome: 'unknown', retryable: true, detail: 'later' };
    const verdict = judge(await read(answer(503, body, { 'retry-after': '2' })));
    const { code: _, ...said } = body;
    expect(verdict).toMatchObject({ kind: 'failed', problem: { ...said, retryAfterMs: 2000 } });
  });

  it('as a failure where it comes from something else on the same port', async () => {
    const verdict = judge(await read(new Response('welcome', { headers: { etag: '"1"' } })));
    expect(verdict).toMatchObject({ problem: { outcome: 'unknown', retryable: true } });
  });
});

describe('the revision of an answer', () => {
  it.each([
    ['"12"', 12],
    ['W/"12"', 12],
    ['"abc"', null],
    ['12', null],
    ['"99999999999999999"', null],
  ])('ETag %s is %s', async (etag, revision) => {
    expect(revisionOf(await read(answer(200, '', { etag })))).toBe(revision);
  });
});
