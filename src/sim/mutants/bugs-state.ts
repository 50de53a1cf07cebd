/** Bugs in the state machine: every node must compute the same, once (DESIGN.md §3, §5 rule 14). */
import type { Mutant } from './mutant.ts';

export const stateBugs: readonly Mutant[] = [
  {
    name: 'idempotency keys forgotten at failover',
    rule: 'rule 14: the table of results is part of the replicated state, across epochs',
    hunter: 'default',
    patches: [
      {
        file: 'core/store.ts',
        find: "case 'config':\n      case 'epoch-start':",
        replace:
          "case 'epoch-start':\n" +
          '        this.#requests = Requests.thaw(new Map(), this.forgottenLsn, dedupeWindow);\n' +
          '        return null;\n' +
          "      case 'config':",
      },
    ],
  },
  {
    name: 'idempotency keys not in the snapshot',
    rule: 'rule 14: a snapshot holds the table of results',
    hunter: 'default',
    patches: [
      {
        file: 'core/store.ts',
        find: 'Requests.thaw(frozen.requests, frozen.forgottenLsn, window);',
        replace: 'Requests.thaw(new Map(), frozen.forgottenLsn, window);',
      },
    ],
  },
  {
    name: 'a request runs each time it is sent',
    rule: 'rule 14: a request that has run is answered with its first result',
    hunter: 'default',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (answer !== null) return answer;',
        replace: "if (answer?.status === 'request-mismatch') return answer;",
      },
    ],
  },
  {
    name: 'a condition ignores the revision',
    rule: '§3: conditions are evaluated when the record is applied, exactly',
    hunter: 'default',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (!conditionHolds(command.condition, entry)) {',
        replace:
          'const { condition } = command;\n' +
          "    const loose = typeof condition === 'number' ? 'present' : condition;\n" +
          '    if (!conditionHolds(loose, entry)) {',
      },
    ],
  },
  {
    name: 'a delete leaves the key in the map',
    rule: 'I7: a read sees the last change',
    hunter: 'default',
    patches: [
      {
        file: 'core/entries.ts',
        find: 'this.#map.delete(key);\n    this.#index.delete(key);',
        replace: 'this.#index.delete(key);',
      },
    ],
  },
];
