import { describe, expect, test } from 'vitest';
import { putOf, told } from './testing/fake-watch.ts';
import { setUp } from './testing/set-up.ts';
import { Reader, streaming } from './testing/streaming.ts';
import { bookmarkMs } from './watch-stream.ts';

const put = (key: string, text: string, revision: number) => told(putOf(key, text, revision));

describe('many watches that go on far behind', () => {
  const watchers = 50;
  const piecesOfEach = 6;
  const pieceMs = 1.25;

  /** How late a timer of the node is at worst, ms, while all read the log at once, each to one change. */
  async function worstPauseOf(query: string) {
    const { app, node, clock } = setUp();
    const open = async () => new Reader(await app.request(`/v1/watch?${query}`));
    const readers: Reader[] = [];
    const reading = Array.from({ length: watchers }, async () => {
      const reader = await open();
      readers.push(reader);
      await reader.readOn();
    });
    for (const watch of node.watches) {
      watch.onTake = () => clock.pass(pieceMs);
      for (let piece = 1; piece < piecesOfEach; piece += 1) watch.tellNothingYet();
      watch.tell(put('a', 'x', 1));
    }
    let worstMs = 0;
    let beats = 0;
    const beat = () => {
      const dueMs = clock.monotonicMs() + 1;
      clock.setTimer(1, () => {
        worstMs = Math.max(worstMs, clock.monotonicMs() - dueMs);
        beats += 1;
        if (beats < 1000) beat();
      });
    };
    beat();
    await clock.advance(1000);
    for (const watch of node.watches) watch.close();
    await clock.advance(1000);
    await Promise.all(reading);
    return { worstMs, texts: readers.map(({ text }) => text) };
  }

  test.each(['from=0', 'from=0&wait=10'])(
    'hold the rest of the node up for no more than two pieces of the log: ?%s',
    async (query) => {
      const { worstMs, texts } = await worstPauseOf(query);
      expect(texts).toHaveLength(watchers);
      for (const text of texts) expect(text).toContain('"key":"a"');
      expect(worstMs).toBeLessThanOrEqual(2 * pieceMs);
    },
  );

  test('are not silent while they read', async () => {
    const { reader, watch, clock } = await streaming('?from=0');
    watch.onTake = () => clock.pass(bookmarkMs / 2);
    for (let piece = 0; piece < 3; piece += 1) watch.tellNothingYet();
    watch.tell(put('a', 'x', 1));
    void reader.readOn();
    await clock.advance(10_000);
    const [comment, ...events] = (await reader.taken()).split(/(?<=\n\n)(?=id)/);
    expect(comment).toBe('retry: 1000\n\n: still reading the log\n\n');
    expect(events).toHaveLength(1);
  });
});
