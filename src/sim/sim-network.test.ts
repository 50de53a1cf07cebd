import { describe, expect, test } from 'vitest';
import type { NodeApi } from '../node/api.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { calmNetwork, type NetworkFaults, type Repeats, SimNetwork } from './sim-network.ts';
import { Trace } from './trace.ts';

/** A caller at `http://a`, and at `http://b` one that answers with the number of the copy. */
function twoPlaces(faults: Partial<NetworkFaults> = {}) {
  const queue = new EventQueue();
  const network = new SimNetwork(queue, new SeededRandom(1), new Trace());
  network.faults = { ...calmNetwork, ...faults };
  const node = {} as NodeApi;
  network.listen({ url: 'http://b', clock: new SimClock(queue), node });
  const clock = new SimClock(queue);
  const ask = (repeats: Repeats = 'never', to = 'http://b') => {
    const arrivedMs: number[] = [];
    const ends: (string | number | null)[] = [];
    network.exchange<number>({
      from: 'http://a',
      to,
      clock,
      timeoutMs: 500,
      repeats,
      deliver: (_endpoint, answer) => answer(arrivedMs.push(queue.nowMs)),
      finish: (failure, answer) => ends.push(failure ?? answer),
    });
    while (queue.runNext(queue.nowMs + 10_000));
    return { arrivedMs, ends };
  };
  return { network, ask };
}

describe('the network', () => {
  test('brings a request there and its answer back', () => {
    expect(twoPlaces().ask().ends).toEqual([1]);
  });

  test('a place where nobody listens refuses', () => {
    expect(twoPlaces().ask('never', 'http://c').ends).toEqual(['refused']);
  });

  test.each([
    ['http://a', 'http://b', 0],
    ['http://b', 'http://a', 1],
  ])('a cut from %s to %s stops that direction only', (from, to, arrived) => {
    const { network, ask } = twoPlaces();
    const restore = network.cut(from, to);
    const { arrivedMs, ends } = ask();
    expect(arrivedMs).toHaveLength(arrived);
    expect(ends).toEqual(['timeout']);
    restore();
    expect(ask().ends).toEqual([1]);
  });

  test('cuts add up, and each is undone once', () => {
    const { network, ask } = twoPlaces();
    const [first, second] = [
      network.cut('http://a', 'http://b'),
      network.cut('http://a', 'http://b'),
    ];
    first();
    first();
    expect(ask().ends).toEqual(['timeout']);
    second();
    expect(ask().ends).toEqual([1]);
  });

  test('a lost answer is work that was done, and a failure', () => {
    const { arrivedMs, ends } = twoPlaces({ answerLossShare: 1 }).ask();
    expect(arrivedMs).toHaveLength(1);
    expect(ends).toEqual(['timeout']);
  });

  const twice = { duplicateShare: 1, duplicateLateMs: 400 };

  test('what may not be repeated arrives once', () => {
    expect(twoPlaces(twice).ask('never').arrivedMs).toHaveLength(1);
  });

  test('what may come at any time arrives twice, and the first answer counts', () => {
    const { arrivedMs, ends } = twoPlaces(twice).ask('any-time');
    expect(arrivedMs).toHaveLength(2);
    expect(ends).toEqual([1]);
  });

  test('of what is re-sent the second answer counts: the first connection broke', () => {
    const { arrivedMs, ends } = twoPlaces(twice).ask('re-sent');
    expect(arrivedMs).toHaveLength(2);
    expect(ends).toEqual([2]);
  });

  test('nothing is re-sent to a caller who has given up', () => {
    const { arrivedMs, ends } = twoPlaces({ ...twice, duplicateLateMs: 9000 }).ask('re-sent');
    expect(arrivedMs).toHaveLength(1);
    expect(ends).toEqual(['timeout']);
  });
});
