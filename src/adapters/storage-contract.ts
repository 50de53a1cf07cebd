/** What every `Storage` does (ports/storage.ts): one suite for the file log and its twin. */
import { describe, expect, test } from 'vitest';
import type { DiskDone } from '../ports/disk.ts';
import type { Recovered, Storage } from '../ports/storage.ts';
import { call, makeMeta, makeRecords, nameOf } from './storage-fixtures.ts';

export interface StorageHarness {
  /** A storage on what the one before has left, as after a restart. */
  open(): Storage;
  /** Lets time pass where it is virtual, until everything under way has come to its end. */
  drive(): void;
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

export function describeStorage(title: string, createHarness: () => StorageHarness): void {
  describe(`storage contract: ${title}`, () => {
    /** A fresh storage with its meta saved, and what a restart finds at the end of a test. */
    async function begin() {
      const harness = createHarness();
      let storage = harness.open();
      storage.recover();
      const finish = (start: (done: DiskDone) => void) => {
        const finished = call(start);
        harness.drive();
        return finished;
      };
      const restart = (): Recovered => {
        storage.close();
        harness.drive();
        storage = harness.open();
        return storage.recover();
      };
      await finish((done) => storage.saveMeta(makeMeta(1), done));
      return { storage: () => storage, finish, restart, drive: () => harness.drive() };
    }

    test('nothing is found where nothing was saved', () => {
      const recovered = createHarness().open().recover();
      expect(recovered).toEqual({ meta: null, snapshot: null, records: [], repairs: [] });
    });

    test('records and meta are there after a restart, byte for byte', async () => {
      const { storage, finish, restart } = await begin();
      const records = makeRecords(1, 3);
      await finish((done) => storage().append(records, done));
      await finish((done) => storage().saveMeta(makeMeta(7), done));
      const recovered = restart();
      expect(recovered.records.map(nameOf)).toEqual(records.map(nameOf));
      expect(recovered.meta).toEqual(makeMeta(7));
      expect(recovered.repairs).toEqual([]);
      await finish((done) => storage().append(makeRecords(4, 1), done));
      expect(restart().records.map(({ lsn }) => lsn)).toEqual([1, 2, 3, 4]);
    });

    test('calls are answered once, in their order, and never at once', async () => {
      const { storage, finish } = await begin();
      const answers: string[] = [];
      const note = (name: string) => (error?: Error) => answers.push(error?.message ?? name);
      storage().append(makeRecords(1, 2), note('first'));
      storage().append(makeRecords(3, 1), note('second'));
      storage().cut(3, note('cut'));
      storage().cut(3, note('cut of nothing'));
      storage().saveMeta(makeMeta(2), note('meta'));
      expect(answers).toEqual([]);
      await finish((done) => storage().append(makeRecords(3, 1, { epoch: 2 }), done));
      expect(answers).toEqual(['first', 'second', 'cut', 'cut of nothing', 'meta']);
    });

    test('a record that was cut is gone, and another stands at its lsn', async () => {
      const { storage, finish, restart } = await begin();
      const kept = makeRecords(1, 2);
      const replaced = makeRecords(3, 2, { epoch: 2 });
      await finish((done) => storage().append([...kept, ...makeRecords(3, 4)], done));
      storage().cut(3, () => {});
      await finish((done) => storage().append(replaced, done));
      expect(restart().records.map(nameOf)).toEqual([...kept, ...replaced].map(nameOf));
      await finish((done) => storage().cut(1, done));
      expect(restart().records).toEqual([]);
    });

    test('a snapshot stands for the records up to its lsn', async () => {
      const { storage, finish, restart } = await begin();
      await finish((done) => storage().append(makeRecords(1, 5), done));
      expect(storage().logBytes).toBeGreaterThan(0);
      const chunks = [encode('one '), encode(''), encode('two')];
      const save = (done: DiskDone) =>
        storage().saveSnapshot(5, chunks, { replaceLog: false }, done);
      await finish(save);
      expect(storage().logBytes).toBe(0);
      await finish((done) => storage().append(makeRecords(6, 2), done));
      const recovered = restart();
      expect(recovered.snapshot?.lsn).toBe(5);
      expect(decode(recovered.snapshot?.bytes)).toBe('one two');
      expect(recovered.records.map(({ lsn }) => lsn)).toEqual([6, 7]);
      expect(storage().logBytes).toBeGreaterThan(0);
    });

    test('appends go on while a snapshot is saved', async () => {
      const { storage, finish, restart } = await begin();
      await finish((done) => storage().append(makeRecords(1, 2), done));
      const saved = call((done) =>
        storage().saveSnapshot(2, [encode('a'), encode('b')], { replaceLog: false }, done),
      );
      await finish((done) => storage().append(makeRecords(3, 2), done));
      await saved;
      expect(restart().records.map(({ lsn }) => lsn)).toEqual([3, 4]);
    });

    test('a snapshot of another node replaces the whole log', async () => {
      const { storage, finish, restart } = await begin();
      await finish((done) => storage().append(makeRecords(1, 9), done));
      const replace = (lsn: number, text: string) => (done: DiskDone) =>
        storage().saveSnapshot(lsn, [encode(text)], { replaceLog: true }, done);
      await finish(replace(4, 'shorter'));
      const shorter = restart();
      expect([decode(shorter.snapshot?.bytes), shorter.records]).toEqual(['shorter', []]);
      replace(20, 'longer')(() => {});
      await finish((done) => storage().append(makeRecords(21, 1, { epoch: 3 }), done));
      const longer = restart();
      expect([decode(longer.snapshot?.bytes), longer.snapshot?.lsn]).toEqual(['longer', 20]);
      expect(longer.records.map(({ lsn }) => lsn)).toEqual([21]);
    });

    test('records with a gap before them are refused', async () => {
      const { storage } = await begin();
      expect(() => storage().append(makeRecords(2, 1), () => {})).toThrow('without a gap');
    });

    test('a closed storage answers every call with an error', async () => {
      const { storage, finish } = await begin();
      storage().close();
      const append = finish((done) => storage().append(makeRecords(1, 1), done));
      await expect(append).rejects.toThrow('closed');
      const save = finish((done) => storage().saveMeta(makeMeta(3), done));
      await expect(save).rejects.toThrow('closed');
    });
  });
}
