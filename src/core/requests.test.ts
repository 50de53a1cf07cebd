import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smallResultBytesMax } from './limits.ts';
import { Requests } from './requests.ts';
import { noResult, type Result, resultBytes } from './result.ts';

const window = { recordsMax: 100, bytesMax: 1_000_000, resultBytesMax: 10_000 };

/** The result of a get of so many bytes. */
function large(bytes: number, revision: number): Result {
  const value = new Uint8Array(bytes);
  return { status: 'committed', revision, results: [{ ...noResult, status: 'found', value }] };
}

const remember = (requests: Requests, lsn: number, result: Result) =>
  requests.remember(`r${lsn}`, { lsn, payloadHash: lsn, result });

describe('large results', () => {
  test('are forgotten oldest first, and their keys are not', () => {
    const requests = new Requests(window);
    for (let lsn = 1; lsn <= 4; lsn += 1) remember(requests, lsn, large(3000, lsn));
    expect(requests.get('r1')?.result).toEqual({ status: 'committed', revision: 1, results: null });
    expect(requests.get('r3')?.result.results).toHaveLength(1);
    expect(requests.forgottenLsn).toBe(0);
    const again = { id: 'r1', payloadHash: 1, keyRevision: 0 };
    expect(requests.answerTo(again)).toMatchObject({ results: null });
  });

  test('do not push out the results of others', () => {
    const requests = new Requests(window);
    remember(requests, 1, { status: 'created', revision: 1 });
    for (let lsn = 2; lsn <= 50; lsn += 1) remember(requests, lsn, large(9000, lsn));
    expect(requests.get('r1')?.result).toEqual({ status: 'created', revision: 1 });
  });

  test('do not keep alive what they are a view of', () => {
    const requests = new Requests(window);
    const batch = new Uint8Array(1_000_000);
    const value = batch.subarray(5, 10);
    const results = [{ ...noResult, status: 'found', value } as const];
    remember(requests, 1, { status: 'committed', revision: 1, results });
    expect(requests.get('r1')?.result.results?.[0]?.value?.buffer.byteLength).toBe(5);
  });

  test('are counted the same after a snapshot', () => {
    const requests = new Requests(window);
    const restored = new Requests(window);
    for (let lsn = 1; lsn <= 4; lsn += 1) remember(requests, lsn, large(3000, lsn));
    for (const [id, remembered] of requests.freeze()) restored.restore(id, remembered);
    for (const one of [requests, restored]) remember(one, 5, large(3000, 5));
    expect(restored.freeze()).toEqual(requests.freeze());
    expect(restored.hash).toBe(requests.hash);
  });
});

/** How it is to be, as slow as it likes. */
class Model {
  readonly entries: { id: string; lsn: number; bytes: number; large: number }[] = [];
  forgottenLsn = 0;

  remember(id: string, lsn: number, valueBytes: number): void {
    const bytes = resultBytes(large(valueBytes, lsn));
    const isLarge = bytes > smallResultBytesMax;
    const own = id.length + 160 + (isLarge ? 0 : bytes);
    this.entries.push({ id, lsn, bytes: own, large: isLarge ? bytes : 0 });
    while (this.entries.length > tight.recordsMax || this.#sum('bytes') > tight.bytesMax) {
      this.forgottenLsn = this.entries.shift()?.lsn ?? 0;
    }
    for (const entry of this.entries) {
      if (this.#sum('large') <= tight.resultBytesMax) return;
      entry.large = 0;
    }
  }

  #sum(name: 'bytes' | 'large'): number {
    return this.entries.reduce((sum, entry) => sum + entry[name], 0);
  }
}

const tight = { recordsMax: 12, bytesMax: 6000, resultBytesMax: 9000 };

test('whatever comes, it is forgotten oldest first, and no more than must be', () => {
  const sizes = fc.array(fc.constantFrom(1, 1, 1, 400, 900, 1200, 5000, 9500), {
    maxLength: 200,
    size: 'max',
  });
  fc.assert(
    fc.property(sizes, (valueSizes) => {
      const requests = new Requests(tight);
      const model = new Model();
      for (const [index, bytes] of valueSizes.entries()) {
        const lsn = index + 1;
        // An id may come again once it is forgotten.
        const id = `r${lsn % 50}`;
        if (requests.get(id) !== undefined) continue;
        requests.remember(id, { lsn, payloadHash: lsn, result: large(bytes, lsn) });
        model.remember(id, lsn, bytes);
        const known = [...requests.freeze()].map(([key, { lsn: at, result }]) => [
          ...[key, at],
          resultBytes(result) > smallResultBytesMax,
        ]);
        expect(known).toEqual(model.entries.map((entry) => [entry.id, entry.lsn, entry.large > 0]));
        expect(requests.forgottenLsn).toBe(model.forgottenLsn);
      }
    }),
  );
});

describe('small results', () => {
  test('live as long as their keys, however many large ones come', () => {
    const requests = new Requests(window);
    for (let lsn = 1; lsn <= 10; lsn += 1) remember(requests, lsn, large(10, lsn));
    for (let lsn = 11; lsn <= 60; lsn += 1) remember(requests, lsn, large(5000, lsn));
    expect(requests.get('r1')?.result.results).toHaveLength(1);
    expect(requests.get('r59')?.result.results).toBeNull();
  });

  test('count with their keys: the window stays bounded in bytes', () => {
    const requests = new Requests({ ...window, recordsMax: 1000, bytesMax: 100_000 });
    for (let lsn = 1; lsn <= 500; lsn += 1) remember(requests, lsn, large(900, lsn));
    expect(requests.freeze().size).toBeLessThan(100);
    expect(requests.freeze().size).toBeGreaterThan(80);
    // Those that are forgotten no longer count.
    for (let lsn = 501; lsn <= 1500; lsn += 1) {
      remember(requests, lsn, { status: 'created', revision: lsn });
    }
    expect(requests.freeze().size).toBeGreaterThan(500);
  });
});
