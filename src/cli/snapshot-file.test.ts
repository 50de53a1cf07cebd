import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as directories from '../adapters/open-directory.ts';
import { createTestStore } from '../testing.ts';
import { checkSnapshot, saveSnapshot } from './snapshot-file.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, open: vi.fn(real.open), rename: vi.fn(real.rename) };
});

vi.mock('../adapters/open-directory.ts', async (original) => {
  const real = await original<typeof directories>();
  return { openDirectory: vi.fn(real.openDirectory) };
});

const url = 'http://node.test';
/** In virtual time only: elsewhere it must never pass, however slow the machine is. */
const timeoutMs = 600_000;

let whole: Uint8Array;
let file: string;

beforeEach(async () => {
  file = join(mkdtempSync(join(tmpdir(), 'dsm-save-')), 'a.snapshot');
  await using store = createTestStore();
  for (let key = 0; key < 20; key += 1) await store.client.put(`key-${key}`, 'x'.repeat(10_000));
  const answer = await store.fetch(new Request(`${url}/v1/admin/snapshot`));
  whole = new Uint8Array(await answer.arrayBuffer());
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.clearAllMocks();
  rmSync(dirname(file), { recursive: true });
});

/** The answer of a node, piece by piece, as a test sends it; it breaks off where who asked stops. */
class Answer {
  #sending: ReadableStreamDefaultController | undefined;
  readonly #body = new ReadableStream({
    start: (controller) => {
      this.#sending = controller;
    },
  });

  to(init: RequestInit): Response {
    init.signal?.addEventListener('abort', () => this.#sending?.error(init.signal?.reason));
    return new Response(this.#body, { headers: { 'dsm-node': 'n1' } });
  }

  send(bytes: Uint8Array): void {
    this.#sending?.enqueue(bytes);
  }

  end(bytes: Uint8Array): void {
    this.send(bytes);
    this.#sending?.close();
  }
}

/** What is asked for next is answered by these, in this order. */
function stubAnswers(...answers: Answer[]): void {
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => answers.shift()?.to(init));
}

const save = () =>
  saveSnapshot(file, { urls: [url], secret: null, consistency: 'linearizable', timeoutMs });

/** Until this many files are being written. */
const opened = (count: number) =>
  vi.waitFor(() => expect(fs.open).toHaveBeenCalledTimes(count), { timeout: 60_000 });

const half = () => whole.length >> 1;
const listed = () => readdirSync(dirname(file));

describe('saving a snapshot', () => {
  it('does not meet another that saves to the same file', async () => {
    const [slow, fast] = [new Answer(), new Answer()];
    stubAnswers(slow, fast);
    const first = save();
    slow.send(whole.subarray(0, half()));
    await opened(1);
    const second = save();
    fast.end(whole);
    expect(await second).toMatchObject({ keys: 20 });
    expect(await checkSnapshot(file)).toMatchObject({ keys: 20 });
    slow.end(whole.subarray(half()));
    expect(await first).toMatchObject({ keys: 20 });
    expect(await checkSnapshot(file)).toMatchObject({ keys: 20 });
    expect(listed()).toEqual(['a.snapshot']);
  });

  it('that fails leaves what another has saved meanwhile, and nothing of its own', async () => {
    const [slow, fast] = [new Answer(), new Answer()];
    stubAnswers(slow, fast);
    const first = save();
    slow.send(whole.subarray(0, half()));
    await opened(1);
    fast.end(whole);
    await save();
    slow.end(new Uint8Array(0));
    await expect(first).rejects.toThrow('before it was whole');
    expect(readFileSync(file)).toEqual(Buffer.from(whole));
    expect(listed()).toEqual(['a.snapshot']);
  });

  it('makes a file that its owner alone reads, and syncs it and then its name', async () => {
    writeFileSync(file, 'what everybody could read', { mode: 0o644 });
    const answer = new Answer();
    stubAnswers(answer);
    answer.end(whole);
    await save();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [[part, ...how] = []] = vi.mocked(fs.open).mock.calls;
    expect(how).toEqual(['wx', 0o600]);
    const { openDirectory } = directories;
    expect(vi.mocked(fs.rename).mock.calls).toEqual([[part, file]]);
    expect(vi.mocked(openDirectory).mock.calls).toEqual([[dirname(file)]]);
    const [renamed = 0] = vi.mocked(fs.rename).mock.invocationCallOrder;
    const [synced = 0] = vi.mocked(openDirectory).mock.invocationCallOrder;
    expect(renamed).toBeLessThan(synced);
  });

  it('waits for a slow disk, and does not blame the node', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open } = await vi.importActual<typeof fs>('node:fs/promises');
    vi.mocked(fs.open).mockImplementationOnce(async (...how) => {
      const target = await open(...how);
      const write = target.writeFile.bind(target);
      vi.spyOn(target, 'writeFile').mockImplementation(async (...what) => {
        await vi.advanceTimersByTimeAsync(timeoutMs * 2);
        return write(...what);
      });
      return target;
    });
    const answer = new Answer();
    stubAnswers(answer);
    answer.send(whole.subarray(0, half()));
    answer.end(whole.subarray(half()));
    expect(await save()).toMatchObject({ keys: 20 });
  });

  it('leaves a node that gives nothing for so long, before a piece and after one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const pieces of [0, 1]) {
      const answer = new Answer();
      stubAnswers(answer);
      if (pieces > 0) answer.send(whole.subarray(0, half()));
      let outcome: unknown = null;
      void save().catch((error: unknown) => {
        outcome = error;
      });
      while (outcome === null) {
        await vi.advanceTimersByTimeAsync(timeoutMs);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(String(outcome)).toContain(`${url} gave nothing for ${timeoutMs} ms`);
    }
    expect(listed()).toEqual([]);
  });
});
