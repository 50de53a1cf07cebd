import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../core/operations.ts';
import type { Command } from '../../core/record.ts';
import { Store } from '../../core/store.ts';
import { showResults } from '../clients/calls.ts';
import { put, records } from '../fixtures.ts';
import { sessionCommand } from '../session-arbitraries.ts';
import { txn } from '../txn-arbitraries.ts';
import { Oracle, showChange } from './oracle.ts';
import { StateModel } from './state-model.ts';

const isModelled = ({ kind }: Operation) => kind !== 'delete-range';
const key = fc.constantFrom('a', 'b', 'c', 'd');

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: sessionCommand },
  {
    weight: 4,
    arbitrary: txn.map((whole) => ({
      ...whole,
      operations: whole.operations.filter(isModelled),
      otherwise: whole.otherwise.filter(isModelled),
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ key, ttlMs: fc.constantFrom(0, 20), condition: fc.constantFrom('none', 'absent') })
      .map((asked) => put(asked.key, '5', asked as { ttlMs: number; condition: 'none' })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      key,
      condition: fc.integer({ min: 1, max: 10 }),
      request: fc.constant(null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('expire' as const),
      key,
      ttlLsn: fc.integer({ min: 1, max: 20 }),
    }),
  },
);

test('the model and the code agree on every answer, change and state', { timeout: 60_000 }, () => {
  const steps = fc.array(fc.record({ command, ms: fc.constantFrom(0, 1, 8) }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (run) => {
      const [store, model, oracle] = [new Store(), new StateModel(), new Oracle()];
      const seen = new Set<string>();
      let logTimeMs = 0;
      const applied = run.flatMap(({ command, ms }, index) => {
        logTimeMs += ms;
        return records([command], index + 1, 1, logTimeMs);
      });
      for (const record of applied) {
        const { command } = record;
        const result = store.apply(record);
        model.apply(record);
        const request = 'request' in command ? command.request : null;
        if (request !== null && !seen.has(request.id)) {
          seen.add(request.id);
          const known = model.answers.get(request.id);
          expect([known?.status, known?.revision]).toEqual([result?.status, result?.revision]);
          expect(showResults(known ?? {})).toEqual(showResults(result ?? {}));
        }
        const changes = store.history.changesOf(record).map((change) => {
          const text = change.kind === 'put' ? new TextDecoder().decode(change.value) : null;
          return showChange({ ...change, text });
        });
        // A lifetime that ended is a change of both, in whatever order the keys of a session go.
        expect(changes.toSorted()).toEqual(model.changes.map(showChange).toSorted());
      }
      oracle.check(applied, store);
    }),
    { numRuns: 2000 },
  );
});

describe('the oracle notices', () => {
  const request = { id: 'r1', payloadHash: 1, keyRevision: 0 };
  const applied = records([put('a', 'x', { request }), put('b', 'y'), put('a', 'z')], 1);

  function checked(prepare: (oracle: Oracle) => void): () => void {
    const oracle = new Oracle();
    const store = new Store();
    for (const record of applied) store.apply(record);
    prepare(oracle);
    return () => oracle.check(applied, store);
  }

  const followed = (changes: string[]) => ({ prefix: 'a', from: 0, until: 3, changes });

  test('nothing where all is as it must be', () => {
    checked((oracle) => {
      oracle.told.push({ requestId: 'r1', check: ({ revision }) => (revision === 1 ? null : '?') });
      oracle.listed.push({ prefix: '', revision: 2, shown: ['b=y', 'a=x'] });
      oracle.followed.push(followed(['1 put a x', '3 put a z']));
    })();
  });

  test('an answer that contradicts the log, and one that is in no log', () => {
    const told = (requestId: string) =>
      checked((oracle) => oracle.told.push({ requestId, check: () => 'another thing' }));
    expect(told('r1')).toThrow(/^I5: r1 was told another thing/);
    expect(told('r2')).toThrow(/^I1: r2 is done, and never ran/);
  });

  test('a list of another revision', () => {
    const list = { prefix: '', revision: 2, shown: ['a=z', 'b=y'] };
    expect(checked((oracle) => oracle.listed.push(list))).toThrow(/^I5: the list of \* at 2: a=z/);
  });

  test.each([
    ['lost', ['3 put a z']],
    ['doubled', ['1 put a x', '1 put a x', '3 put a z']],
    ['out of order', ['3 put a z', '1 put a x']],
    ['of another key', ['1 put a x', '2 put b y', '3 put a z']],
  ])('a change that is %s', (_, changes) => {
    const told = checked((oracle) => oracle.followed.push(followed(changes)));
    expect(told).toThrow(/^I5: the watch of a\* behind 0/);
  });

  test('a state that is not that of the log', () => {
    const store = new Store();
    for (const record of applied.slice(0, 2)) store.apply(record);
    store.apply(records([put('a', 'other')], 3)[0] ?? applied[0]!);
    expect(() => new Oracle().check(applied, store)).toThrow(
      /^I5: the state at 3 is not that of the log/,
    );
  });
});
