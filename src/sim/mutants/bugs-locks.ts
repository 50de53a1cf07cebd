/** Bugs in sessions and locks (`core/sessions.ts`). */
import type { Mutant } from './mutant.ts';

export const lockBugs: readonly Mutant[] = [
  {
    name: 'a lock has two holders',
    rule: 'locks: the first of the queue owns it, alone',
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: "if (lock.queue[0] === id) return { status: 'acquired', revision: lock.token };",
        replace:
          "if (lock.queue.includes(id)) return { status: 'acquired', revision: lock.token };",
      },
      {
        file: 'node/lock-waits.ts',
        find: 'lock?.queue[0] === wait.session',
        replace: 'lock?.queue.includes(wait.session) === true',
      },
    ],
  },
  {
    name: 'the token does not rise',
    rule: "locks: a later owner's token is higher",
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: 'token: isNew ? lsn : lock.token, queue',
        replace: 'token: isNew && lsn === 0 ? lsn : lock.token, queue',
      },
    ],
  },
  {
    name: 'the last to come is the next',
    rule: 'locks: owners follow in the order of their asking',
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: 'queue: [...lock.queue, id] }',
        replace: 'queue: [...lock.queue.slice(0, 1), id, ...lock.queue.slice(1)] }',
      },
    ],
  },
  {
    name: 'a lock outlives its session',
    rule: 'sessions: the places of a session are given up when it ends',
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: 'for (const name of this.locksOf(id)) this.#remove(lsn, name, id, logTimeMs);',
        replace: '',
      },
    ],
  },
  {
    name: 'a new owner has what is left of its lifetime',
    rule: "sessions: a new owner's lifetime begins anew with its turn",
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: 'if (isNew && session !== undefined) this.#renew(owner, session, lsn, logTimeMs);',
        replace: '',
      },
    ],
  },
  {
    name: 'a keep-alive is forgotten',
    rule: 'sessions: a session lives for its ttl after each keep-alive',
    hunter: 'state',
    patches: [
      {
        file: 'core/sessions.ts',
        find: 'this.#renew(command.session, session, lsn, logTimeMs);',
        replace: '',
      },
    ],
  },
  {
    name: 'keys outlive their session',
    rule: 'sessions: what is attached to a session ends with it',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'if (entry !== undefined) this.#remove(key, entry);\n      }\n    }\n    return this.#sessions.apply(',
        replace: '}\n    }\n    return this.#sessions.apply(',
      },
    ],
  },
];
