/** Bugs in transactions and in what a repeated one does (DESIGN.md §3, §5 rule 14, §6). */
import type { Mutant } from './mutant.ts';

export const transactionBugs: readonly Mutant[] = [
  {
    name: 'a failed transaction leaves its first half',
    rule: '§6: all or nothing',
    hunter: 'state',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'failedAt }, writes: none, changes: [] };',
        replace:
          'failedAt }, writes: this.#writes.size > 0 ? this.#writes : none, changes: this.#changes };',
      },
    ],
  },
  {
    name: 'the wrong branch runs',
    rule: '§6: `then` where all compares hold, else `else`',
    hunter: 'state',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'of (holds ? operations : otherwise).entries()',
        replace: 'of (holds ? otherwise : operations).entries()',
      },
    ],
  },
  {
    name: 'the revision of a compare is off by one',
    rule: '§6: a compare of the revision is exact',
    hunter: 'state',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'return entry?.revision === condition;',
        replace: 'return entry !== undefined && Math.abs(entry.revision - condition) <= 1;',
      },
    ],
  },
  {
    name: 'a compare sees what is no more',
    rule: '§6: the compares hold at the record of the transaction',
    hunter: 'state',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'return entry?.revision === condition;',
        replace: 'return entry !== undefined && entry.revision >= condition;',
      },
    ],
  },
  {
    name: 'a repeated transaction runs again',
    rule: 'rule 14: a transaction that has run is answered with its first result',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (answer !== null) return answer;',
        replace: "if (answer !== null && command.kind !== 'txn') return answer;",
      },
    ],
  },
  {
    name: 'a repeated session call runs again',
    rule: 'rule 14: so is what was asked of sessions and locks',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (answer !== null) return answer;',
        replace: "if (answer !== null && command.kind !== 'session') return answer;",
      },
    ],
  },
];
