/** Bugs in what is synced, and when that is said (DESIGN.md §5 rules 2 and 13). */
import type { Mutant } from './mutant.ts';

export const diskBugs: readonly Mutant[] = [
  {
    name: 'a sync is skipped',
    rule: 'rule 2: nothing is answered before the writes that it depends on are synced',
    patches: [
      {
        file: 'node/persistence.ts',
        find: 'if (this.#finished === this.#begun) done();\n    else this.#waiting.push({ after: this.#begun, run: done });',
        replace: 'done();',
      },
    ],
  },
  {
    name: 'written is durable',
    rule: '§2: durableLsn is what is synced, not what is written',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (!this.hasDisk) this.durableLsn = this.log.lastLsn;',
        replace: 'this.durableLsn = this.log.lastLsn;',
      },
    ],
  },
  {
    name: 'a cut does not reach the disk',
    rule: 'rule 1: what is cut is cut on the disk, too, before what replaces it',
    patches: [
      {
        file: 'core/voter.ts',
        find: "this.writes.push({ kind: 'cut', lsn });",
        replace: '',
      },
    ],
  },
];
