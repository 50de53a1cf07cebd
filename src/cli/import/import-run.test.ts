import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BatchItem, BatchResult } from '../../client/types.ts';
import { DsmError } from '../../core/errors.ts';
import { ImportRun } from './import-run.ts';
import type { Put } from './items.ts';

let errors = '';
let told = '';
beforeEach(() => {
  errors = '';
  told = '';
  const written = (add: (text: string) => void) => (text: unknown, done?: unknown) => {
    add(String(text));
    if (typeof done === 'function') done();
    return true;
  };
  vi.spyOn(process.stderr, 'write').mockImplementation(written((text) => (errors += text)));
  vi.spyOn(process.stdout, 'write').mockImplementation(written((text) => (told += text)));
});
afterEach(() => void vi.restoreAllMocks());

/** An import into a node that takes everything but the keys that it `refuses`. */
function importing(refuses: (key: string) => boolean = () => false) {
  const clock = { nowMs: 1_000_000 };
  const requests: BatchItem[][] = [];
  const batch = async (items: readonly BatchItem[]): Promise<BatchResult[]> => {
    requests.push([...items]);
    if (items.some(({ key }) => refuses(key))) throw new DsmError('invalid_request', 'refused');
    return items.map(({ key }) => ({
      ...{ ok: true, op: 'put', key, status: 'created', revision: 1, entry: null },
    }));
  };
  const run = new ImportRun({ batch }, { ifAbsent: false, now: () => clock.nowMs });
  const take = (put: Omit<Put, 'value'> & { value?: Uint8Array }) =>
    run.take({ kind: 'put', put: { value: new Uint8Array(1), ...put } });
  const end = async () => {
    await run.flush();
    await run.tell(true);
    return JSON.parse(told);
  };
  return { clock, requests, take, end, run };
}

const none = { stored: 0, skipped: 0, failed: 0, leftOut: 0, expired: 0 };
const ttlsOf = (items: readonly BatchItem[] = []) =>
  items.map((item) => (item.op === 'put' ? [item.key, item.ttl] : []));

test('a lifetime is what is left of it when the key is sent, and one that has ended is passed over', async () => {
  const { clock, requests, take, end } = importing();
  await take({ key: 'a', expiresAtMs: clock.nowMs + 60_000 });
  await take({ key: 'b', expiresAtMs: clock.nowMs + 50_000 });
  await take({ key: 'c', ttl: 40 });
  clock.nowMs += 50_000;
  expect(await end()).toEqual({ ...none, stored: 2, expired: 1 });
  expect(requests.map(ttlsOf)).toEqual([
    [
      ['a', 10],
      ['c', 40],
    ],
  ]);
  expect(requests[0]?.[0]).not.toHaveProperty('expiresAtMs');
});

test('keys that have all ended make no request', async () => {
  const { clock, requests, take, end, run } = importing();
  await take({ key: 'a', expiresAtMs: clock.nowMs });
  expect(await end()).toEqual({ ...none, expired: 1 });
  expect([requests, run.isComplete]).toEqual([[], true]);
});

test('keys of a batch that is refused are sent alone, and each is counted once', async () => {
  const { clock, requests, take, end } = importing((key) => key === 'bad');
  await take({ key: 'a', expiresAtMs: clock.nowMs + 1000 });
  await take({ key: 'bad' });
  await take({ key: 'ended', expiresAtMs: clock.nowMs });
  expect(await end()).toEqual({ ...none, stored: 1, failed: 1, expired: 1 });
  expect(requests.map((items) => items.map(({ key }) => key))).toEqual([
    ['a', 'bad'],
    ['a'],
    ['bad'],
  ]);
});

test('a value that no request can hold is refused at once, and what is behind it is stored', async () => {
  const { requests, take, end } = importing();
  await take({ key: 'large', value: new Uint8Array(4 * 1024 * 1024 + 1) });
  await take({ key: 'x'.repeat(5000), value: new Uint8Array(4 * 1024 * 1024 + 1) });
  await take({ key: 'small' });
  expect(await end()).toEqual({ ...none, stored: 1, failed: 2 });
  expect(requests.map((items) => items.map(({ key }) => key))).toEqual([['small']]);
  expect(errors).toContain(
    'dsm import: "large": a value of 4194305 bytes; a request has at most 4194304\n',
  );
  expect(errors.length).toBeLessThan(500);
});
