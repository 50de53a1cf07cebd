import fc from 'fast-check';
import { expect, it } from 'vitest';
import { callsExcept, type DocumentedCall, faultOf } from '../http/testing/document-requests.ts';
import { sharedCluster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 1 });

/** Nobody has so much time, and a revision that is not there yet is 503 in the end. */
const hurried = ({ target }: DocumentedCall) =>
  target
    .replace(/([?&]wait=)[\d.]+/, target.startsWith('/v1/watch') ? '$11' : '$10.1')
    .replace(/([?&]min-revision=)\d+/, '$11');

/** A stream has no end: of one it is enough that it began. */
async function bounded(answer: Response): Promise<Response> {
  if (answer.headers.get('content-type') !== 'text/event-stream') return answer;
  await answer.body?.cancel();
  return new Response('', { status: answer.status, headers: answer.headers });
}

it('every node answers as the document says, and none with a 5xx', async () => {
  const { urls } = cluster();
  const succeeded = new Set<string>();
  const lists = fc.array(callsExcept([]), { minLength: 5, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(lists, fc.nat(urls.length - 1), async (calls, first) => {
      for (const [index, call] of calls.entries()) {
        const { id, method, headers, body } = call;
        const url = `${urls[(first + index) % urls.length]}${hurried(call)}`;
        const answer = await bounded(await fetch(url, { method, headers, body }));
        if (answer.ok) succeeded.add(id);
        expect(answer.status, `${method} ${url}`).toBeLessThan(500);
        expect(await faultOf(id, answer)).toBeNull();
      }
    }),
    { numRuns: 30 },
  );
  expect([...succeeded]).toContain('watch');
  expect(succeeded.size).toBeGreaterThan(12);
});
