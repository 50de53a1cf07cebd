/** Bugs in leases, vows and reads (DESIGN.md §5 rules 6 and 7). */
import type { Mutant } from './mutant.ts';

export const leaseBugs: readonly Mutant[] = [
  {
    name: 'read without a lease',
    rule: 'rule 6: a READ is answered from memory only under a valid lease',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return this.isServing && this.lease.holds(this.voter.configs, nowMs, wallMs);',
        replace: 'return this.isServing || this.lease.holds(this.voter.configs, nowMs, wallMs);',
      },
    ],
  },
  {
    name: 'vow shorter than the lease',
    rule: 'rule 7: a voter promises nothing to others until leaseMs has passed',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'const untilMs = Math.max(nowMs + append.leaseMs,',
        replace: 'const untilMs = Math.max(nowMs + append.leaseMs / 3,',
      },
    ],
  },
  {
    name: 'poll as lease',
    rule: 'rule 7: a poll is a vow only by the echo of an answer, from when that was sent (H7)',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/master.ts',
        find: 'this.#countEcho(peer, poll);',
        replace: 'this.#countEcho(peer, poll);\n    this.lease.addVow(poll.nodeId, nowMs);',
      },
    ],
  },
  {
    name: 'older read round',
    rule: 'rule 6: a round counts for a read only if it was sent after the read arrived (M4)',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return this.#nextSeq;',
        replace: 'return Math.max(0, this.#nextSeq - 4);',
      },
    ],
  },
  {
    name: 'read index without a round',
    rule: 'rule 6: the active master checks its lease or does a round before it names its index',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'node/active-role.ts',
        find: 'if (!forceRound && this.master.mayRead(nowMs, clock.wallMs())) {',
        replace: 'if (this.master.isServing) {',
      },
    ],
  },
  {
    name: 'read before the index is applied',
    rule: 'rule 6: a node answers once it has applied what the read index names',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'node/read-index.ts',
        find: 'this.#applying.add(committed.lsn, deadlineMs, done);',
        replace: 'this.#applying.add(0, deadlineMs, done);',
      },
    ],
  },
  {
    name: 'a slave reads what it has',
    rule: 'rule 6: a node that is not active asks for the read index, whatever it holds itself',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'node/reads.ts',
        find: "if (consistency === 'stale') return done(",
        replace:
          "if (this.#context.self.role === 'slave' && notYet === null) return done(null);\n" +
          "    if (consistency === 'stale') return done(",
      },
    ],
  },
  {
    name: 'lease from the receive time',
    rule: 'rule 7: a vow counts from the moment its append was sent',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/master.ts',
        find: 'peer.noteAckTime(nowMs - sent.sentAtMs);\n      this.lease.addVow(peer.nodeId, sent.sentAtMs);',
        replace:
          'peer.noteAckTime(nowMs - sent.sentAtMs);\n' +
          '      this.lease.addVow(peer.nodeId, nowMs);',
      },
    ],
  },
  {
    name: 'no lease wait after a restart',
    rule: 'rule 7: a restarted master waits the longest lease that it ever granted',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'node/node.ts',
        find: 'quietUntilMs: nowMs + leaseGrantedMs * (1 + limits.clockDriftShare),',
        replace: 'quietUntilMs: 0,',
      },
    ],
  },
  {
    name: 'own vow ignored',
    rule: 'rule 7: a vow binds its giver, too: no candidacy while it runs (H7)',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/election.ts',
        find: 'if (this.ownVowRemainingMs(nowMs) > 0) return false;',
        replace: 'void nowMs;',
      },
      // Its patience alone, longer than any vow, would keep it from standing.
      {
        file: 'node/patience.ts',
        find: 'return failoverMs + this.#jitterMs +',
        replace: 'return failoverMs / 8 + this.#jitterMs +',
      },
    ],
  },
  {
    name: 'the longest lease is not kept',
    rule: 'rule 7: the longest lease ever granted is on disk (M12)',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (append.leaseMs > this.leaseGrantedMs) {',
        replace: 'if (append.leaseMs > 1e9) {',
      },
    ],
  },
  {
    name: 'lease without a drift allowance',
    rule: 'rule 7: the lease is shorter than the vow by the drift allowance',
    hunter: 'lease-edge',
    patches: [
      {
        file: 'core/lease.ts',
        find: 'this.#leaseMs * (1 - this.#driftShare)',
        replace: 'this.#leaseMs * (1 + 0 * this.#driftShare)',
      },
    ],
  },
];
