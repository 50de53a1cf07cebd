/**
 * `GET /v1/admin/snapshot`: the whole state at one revision, as a file. It is pulled: a piece is
 * encoded when the runtime has sent the one before, so a slow client costs no memory but that of the
 * frozen state, and one that takes nothing is cut off. A file that was not sent whole lacks its end,
 * and whoever reads it sees that.
 */
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import type { StateView } from '../node/state-views.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { answerLater } from './answer-later.ts';
import { parseReadOptions, queryOf } from './queries.ts';
import type { RouteOptions } from './route-options.ts';
import { stalledMs } from './watch-stream.ts';

export const snapshotPath = '/v1/admin/snapshot';

export function addSnapshotRoute(app: Hono, options: RouteOptions): void {
  app.get(snapshotPath, (c) => {
    const { method, headers, url } = c.req.raw;
    // Ids of sessions are in it, with which locks are released.
    options.checkSecret(headers);
    // It would freeze a state that nobody reads.
    if (method === 'HEAD') throw new DsmError('method_not_allowed', 'A snapshot takes GET only');
    return onSave(options, queryOf(url));
  });
}

function onSave({ node, answers, clock }: RouteOptions, query: string): Promise<Response> {
  const read = parseReadOptions(query);
  return answerLater((settle) =>
    node.viewState(read, (error, view) =>
      settle(() => {
        if (error !== null) return answers.problem(error);
        assert(view !== null, 'without an error there is a view');
        const name = `dsm-${view.position.lsn}.snapshot`;
        return answers.stream(streamOf(view, clock), {
          'content-type': 'application/octet-stream',
          'content-disposition': `attachment; filename="${name}"`,
          'cache-control': 'no-store',
        });
      }),
    ),
  );
}

function streamOf(view: StateView, clock: Clock): ReadableStream<Uint8Array> {
  let stalled: Timer | null = null;
  const end = () => {
    stalled?.cancel();
    view.release();
  };
  const expectClient = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    stalled = clock.setTimer(stalledMs, () => {
      end();
      controller.error(new Error('the client has taken nothing for too long'));
    });
  };
  return new ReadableStream<Uint8Array>(
    {
      start: expectClient,
      pull(controller) {
        stalled?.cancel();
        const next = view.chunks.next();
        if (next.done === true) {
          end();
          controller.close();
          return;
        }
        controller.enqueue(next.value);
        expectClient(controller);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
