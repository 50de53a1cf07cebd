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
        find: 'readonly #requests: Requests;',
        replace: '#requests: Requests;',
      },
      {
        file: 'core/store.ts',
        find: "case 'config':\n      case 'epoch-start':",
        replace:
          "case 'epoch-start': {\n" +
          '        const { forgottenLsn } = this;\n' +
          '        this.#requests = new Requests(dedupeWindow);\n' +
          '        this.#requests.forgottenLsn = forgottenLsn;\n' +
          '        return null;\n' +
          '      }\n' +
          "      case 'config':",
      },
    ],
  },
  {
    name: 'a key loses its byte order mark',
    rule: '§3: whoever reads a record does what the one did who wrote it',
    hunter: 'default',
    patches: [
      {
        file: 'core/frame.ts',
        find: '{ fatal: true, ignoreBOM: true }',
        replace: '{ fatal: true }',
      },
    ],
  },
  {
    name: 'idempotency keys not in the snapshot',
    rule: 'rule 14: a snapshot holds the table of results',
    hunter: 'default',
    patches: [
      {
        file: 'core/snapshot.ts',
        find: 'this.#store.restoreRequest(id, request);',
        replace: '',
      },
      {
        file: 'core/snapshot.ts',
        find: 'if (this.#store.hash !== hash) throw this.#reader.notWhatItNames();',
        replace: '',
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
  {
    name: 'an increment counts what its process has done before',
    rule: '§3: a record is evaluated from the state and the record alone (I9)',
    hunter: 'default',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'const after = before + by;',
        replace:
          'incrementCount += 1;\n    const after = before + by + (incrementCount % 31 === 0 ? 1 : 0);',
      },
      {
        file: 'core/transaction.ts',
        find: 'const encoder = new TextEncoder();',
        replace: 'let incrementCount = 0;\nconst encoder = new TextEncoder();',
      },
    ],
  },
  {
    name: 'a lifetime is read back longer from a snapshot',
    rule: 'I9: nodes of equal appliedLsn have equal state, whichever way it came',
    hunter: 'state',
    patches: [
      {
        file: 'core/snapshot-reader.ts',
        find: 'const expiresAtMs = reader.f64();',
        replace:
          'const readMs = reader.f64();\n    const expiresAtMs = readMs === 0 ? 0 : readMs + 1;',
      },
      {
        file: 'core/snapshot.ts',
        find: 'if (this.#store.hash !== hash) throw this.#reader.notWhatItNames();',
        replace: '',
      },
      {
        file: 'core/entries.ts',
        find: 'mixNumber(mixNumber(hash, expiresAtMs), ttlLsn)',
        replace: 'mixNumber(hash, ttlLsn)',
      },
    ],
  },
];
