/** Bugs in counting, committing and answering (DESIGN.md §4, §5 rule 4). */
import type { Mutant } from './mutant.ts';

export const commitBugs: readonly Mutant[] = [
  {
    name: 'half is a majority',
    rule: '§4: a majority is more than half of the voters',
    patches: [
      {
        file: 'core/quorum.ts',
        find: 'return Math.floor(voters / 2) + 1;',
        replace: 'return Math.max(1, Math.floor((voters + 1) / 2));',
      },
    ],
  },
  {
    name: 'one master is every master',
    rule: '§4: a quorum is a majority, or every master',
    patches: [
      {
        file: 'core/quorum.ts',
        find: 'return Math.min(...masters.map(',
        replace: 'return Math.max(...masters.map(',
      },
    ],
  },
  {
    name: 'done without a majority of the newest',
    rule: '§4: "done" needs a majority of the newest configuration, however it was committed (M1)',
    patches: [
      {
        file: 'core/master.ts',
        find: 'this.doneLsn = Math.max(this.doneLsn, Math.min(voter.committedLsn, heldLsn));',
        replace: 'this.doneLsn = Math.max(voter.committedLsn, Math.min(0, heldLsn));',
      },
    ],
  },
  {
    name: 'own unsynced log counted',
    rule: '§4: the own log of the active master counts as far as it is synced',
    patches: [
      {
        file: 'core/master.ts',
        find: '? this.voter.durableLsn',
        replace: '? this.voter.log.lastLsn',
      },
      {
        file: 'core/master.ts',
        find: 'const byMajority = Math.min(durableLsn, majorityValue(configs, this.#heldLsn));',
        replace: 'const byMajority = majorityValue(configs, this.#heldLsn);',
      },
      {
        file: 'core/master.ts',
        find: 'const byQuorum = Math.min(durableLsn, quorumValue(configs, this.#heldLsn));',
        replace: 'const byQuorum = quorumValue(configs, this.#heldLsn);',
      },
    ],
  },
  {
    name: "commit without the master's own log",
    rule: '§4: a commit needs the own synced log of the active master beside the others',
    patches: [
      {
        file: 'core/master.ts',
        find: 'const byMajority = Math.min(durableLsn, majorityValue(configs, this.#heldLsn));',
        replace: 'const byMajority = majorityValue(configs, this.#heldLsn);',
      },
      {
        file: 'core/quorum.ts',
        find: 'return Math.min(values[majorityOf(voters.length) - 1] ?? -Infinity, bestMaster);',
        replace: 'return values[majorityOf(voters.length) - 1] ?? bestMaster;',
      },
    ],
  },
  {
    name: 'learner counted',
    rule: 'rule 2: an ACK from a nodeId that is no voter counts for nothing',
    patches: [
      {
        file: 'core/master.ts',
        find: ': (this.peers.get(nodeId)?.matchLsn ?? 0);',
        replace:
          ': Math.max(this.peers.get(nodeId)?.matchLsn ?? 0,\n' +
          '          ...[...this.peers.values()].map((p) => (p.isVoter ? 0 : p.matchLsn)));',
      },
    ],
  },
  {
    name: 'apply before commit',
    rule: 'rule 4: a record is applied, and readable, only once it is committed',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'this.#commit(Math.min(append.committedLsn, ackedLsn));',
        replace: 'this.#commit(ackedLsn);',
      },
    ],
  },
  {
    name: 'commit beyond what was confirmed',
    rule: 'rules 1, 4: an append commits only up to the last record that it confirms',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'this.#commit(Math.min(append.committedLsn, ackedLsn));',
        replace: 'this.#commit(append.committedLsn);',
      },
    ],
  },
  {
    name: 'a hint commits another record',
    rule: 'rule 2: a read index commits here only where exactly its record (epoch, lsn) is held',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (position.lsn > this.committedLsn && this.log.holds(position)) {\n      this.advanceCommitted',
        replace: 'if (position.lsn > this.committedLsn) {\n      this.advanceCommitted',
      },
    ],
  },
  {
    name: 'write answered when it is proposed',
    rule: 'I1: "done" is said only of what is committed',
    patches: [
      {
        file: 'node/active-role.ts',
        find: 'this.#writes.add(firstWriteLsn + index, nowMs, done);',
        replace: "done(null, { status: 'updated', revision: firstWriteLsn + index });",
      },
    ],
  },
  {
    name: 'every master commits a client write',
    rule: '§4: a client write needs a majority; every master is enough only for control records',
    patches: [
      {
        file: 'core/master.ts',
        find: 'const byMajority = Math.min(durableLsn, majorityValue(configs, this.#heldLsn));',
        replace: 'const byMajority = Math.min(durableLsn, quorumValue(configs, this.#heldLsn));',
      },
      {
        file: 'core/master.ts',
        find: 'const heldLsn = majorityValue([voter.members], this.#heldLsn);',
        replace: 'const heldLsn = quorumValue([voter.members], this.#heldLsn);',
      },
    ],
  },
  {
    name: "an old epoch's record commits by counting",
    rule: 'rule 4: what is committed by counting is of the own epoch',
    hunter: 'tails',
    patches: [
      {
        file: 'core/master.ts',
        find: 'Math.max(byMajority >= this.startLsn ? byMajority : 0, control)',
        replace: 'Math.max(byMajority, control)',
      },
    ],
  },
];
