/** Bugs in lifetimes and in the log's time, by which they end (DESIGN.md §3). */
import type { Mutant } from './mutant.ts';

export const lifetimeBugs: readonly Mutant[] = [
  {
    name: 'lifetimes end by the clock on the wall',
    rule: '§3: log time is advanced by a monotonic clock',
    hunter: 'state',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return Math.floor(this.#startLogTimeMs + nowMs - this.#startedAtMs);',
        replace:
          'const leapMs = (globalThis as { wallLeapMs?: number }).wallLeapMs ?? 0;\n' +
          '    return Math.floor(this.#startLogTimeMs + nowMs - this.#startedAtMs + leapMs);',
      },
      // No clock of the wall is in reach there: its leaps are told by the simulated one.
      {
        file: 'sim/sim-clock.ts',
        find: 'this.#wallLeapMs += byMs;',
        replace:
          'this.#wallLeapMs += byMs;\n' +
          '    const world = globalThis as { wallLeapMs?: number };\n' +
          '    world.wallLeapMs = Math.max(0, (world.wallLeapMs ?? 0) + byMs);',
      },
    ],
  },
  {
    name: 'a takeover shortens lifetimes',
    rule: "§3: log time goes on from the adopted log's",
    hunter: 'state',
    patches: [
      {
        file: 'core/master.ts',
        find: 'this.#startLogTimeMs = Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);',
        replace:
          'this.#startLogTimeMs = 2000 + Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);',
      },
    ],
  },
  {
    name: 'a takeover begins a time of its own',
    rule: "§3: log time goes on from the adopted log's",
    hunter: 'state',
    patches: [
      {
        file: 'core/master.ts',
        find: 'this.#startLogTimeMs = Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);',
        replace: 'this.#startLogTimeMs = last === undefined ? 0 : nowMs;',
      },
    ],
  },
  {
    name: 'a touch changes nothing',
    rule: '§6: touch sets a new lifetime',
    hunter: 'state',
    patches: [
      {
        file: 'core/transaction.ts',
        find: 'this.#writes.set(key, entryOf(key, { ...entry, expiresAtMs, ttlLsn }));',
        replace: '',
      },
    ],
  },
  {
    name: 'a key is shown until it is removed',
    rule: '§3: a key is absent from the first record at or past its end',
    hunter: 'state',
    patches: [
      {
        file: 'core/store.ts',
        find: 'return entry.expiresAtMs > this.logTimeMs ? entry : undefined;',
        replace: 'return entry;',
      },
    ],
  },
  {
    name: 'a key is shown until a record hides it',
    rule: '§3: a read behind the end of a key waits for the record that says so',
    hunter: 'state',
    patches: [
      {
        file: 'node/master-node.ts',
        find: 'if (isEnding && entry.expiresAtMs <= active.master.logTimeMs(nowMs)) return undefined;',
        replace: 'if (isEnding && active === null) return undefined;',
      },
    ],
  },
  {
    name: 'keys are never removed',
    rule: '§3: the active master writes an expire record at the end of a lifetime',
    hunter: 'state',
    patches: [
      {
        file: 'node/lifetimes.ts',
        find: ".expired(logTimeMs, expireMax)\n        .map(({ key, ttlLsn }) => ({ kind: 'expire', key, ttlLsn }) as const);",
        replace:
          ".expired(logTimeMs, expireMax)\n        .map(() => ({ kind: 'tick' }) as const)\n        .slice(0, 1);",
      },
    ],
  },
];
