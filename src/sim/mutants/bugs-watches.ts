/** Bugs in what watches are told (DESIGN.md §6, Watches). */
import type { Mutant } from './mutant.ts';

export const watchBugs: readonly Mutant[] = [
  {
    name: 'a watch that goes on elsewhere misses what lies between',
    rule: 'watches: every change after `from`, at whatever node',
    hunter: 'state',
    patches: [
      {
        file: 'node/watcher.ts',
        find: 'this.#toldLsn = needsSnapshot ? voter.store.appliedLsn : from;',
        replace: 'this.#toldLsn = voter.store.appliedLsn;',
      },
    ],
  },
  {
    name: 'a watch that goes on is told its last change again',
    rule: 'watches: every change once',
    hunter: 'state',
    patches: [
      {
        file: 'node/watcher.ts',
        find: 'this.#toldLsn = needsSnapshot ? voter.store.appliedLsn : from;',
        replace: 'this.#toldLsn = needsSnapshot ? voter.store.appliedLsn : Math.max(0, from - 1);',
      },
    ],
  },
  {
    name: 'a watch skips what came while it slept',
    rule: 'watches: every change, in the order of revisions',
    hunter: 'state',
    patches: [
      {
        file: 'node/watcher.ts',
        find: 'this.#toldLsn = lsn - 1;',
        replace: 'this.#toldLsn = lsn;',
      },
    ],
  },
  {
    name: 'what was refused is told',
    rule: 'watches: a record whose condition failed has changed nothing',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (result.revision !== record.lsn) this.history.except(record.lsn);',
        replace: '',
      },
    ],
  },
  {
    name: 'the end of a session is not told',
    rule: 'watches: the keys of a session are told as removed when it ends',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'keys.map((key) => ({ kind, key, revision })),',
        replace: 'keys.map((key) => ({ kind, key, revision })).slice(1),',
      },
    ],
  },
  {
    name: 'a list is read before it is confirmed',
    rule: 'rule 6: a list is as new as a READ with the same options',
    hunter: 'state',
    patches: [
      {
        file: 'node/node.ts',
        find: 'list(query: ListQuery, options: ReadOptions, done: ListDone): void {',
        replace:
          'list(query: ListQuery, given: ReadOptions, done: ListDone): void {\n' +
          "    const options = { ...given, consistency: 'stale' } as const;",
      },
    ],
  },
];
