import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  callsExcept,
  type DocumentedCall,
  faultOf,
  operations,
} from '../http/testing/document-requests.ts';
import { call, expectWritten, put } from './call.ts';
import { sharedCluster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 1 });

/** Nobody has so much time, and a revision that is not there yet is 503 in the end. */
function hurried({ target }: DocumentedCall): string {
  const awaited = /[?&]consistency=stale(?:&|$)/.test(target)
    ? /([?&](?:min-revision|from)=)\d+/g
    : /([?&]min-revision=)\d+/g;
  return target
    .replace(/([?&]wait=)[\d.]+/, target.startsWith('/v1/watch') ? '$11' : '$10.1')
    .replaceAll(awaited, '$11');
}

/** A stream has no end: of one it is enough that it began. */
async function bounded(answer: Response): Promise<Response> {
  if (answer.headers.get('content-type') !== 'text/event-stream') return answer;
  await answer.body?.cancel();
  return new Response('', { status: answer.status, headers: answer.headers });
}

/** A session, a lock, a text and a number: so that there is something to meet. */
async function makeSomething(url: string): Promise<string> {
  const post = { method: 'POST' };
  const { session } = JSON.parse((await call(`${url}/v1/sessions?ttl=60`, post)).text);
  await call(`${url}/v1/locks/a?session=${session}`, post);
  expectWritten(await put(url, 'a', 'text'));
  await call(`${url}/v1/kv/n?op=increment`, post);
  return session;
}

/** Of a real cluster the first record is not a session. */
function inSession(target: string, session: string): string {
  return target
    .replace(/^(\/v1\/sessions\/)\d+(?=[?]|$)/, `$1${session}`)
    .replace(/([?&]session=)\d+(?=&|$)/, `$1${session}`);
}

it('every node answers as the document says, and none with a 5xx', async () => {
  const { urls } = cluster();
  const succeeded = new Set<string>();
  const lists = fc.array(callsExcept([]), { minLength: 5, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(lists, fc.nat(urls.length - 1), async (calls, first) => {
      const session = await makeSomething(urls[first] ?? '');
      for (const [index, one] of calls.entries()) {
        const { id, method, headers, body } = one;
        const url = `${urls[(first + index) % urls.length]}${inSession(hurried(one), session)}`;
        const answer = await bounded(await fetch(url, { method, headers, body }));
        if (answer.ok) succeeded.add(id);
        expect(answer.status, `${method} ${url}`).toBeLessThan(500);
        expect(await faultOf(id, answer)).toBeNull();
      }
    }),
    { numRuns: 50 },
  );
  // Refusals alone would prove little. Which few calls have no luck is chance; one needs the secret.
  expect([...succeeded]).toContain('watch');
  expect(succeeded.size).toBeGreaterThan(operations.length - 5);
});
