/** Bugs in taking records and acknowledging them (DESIGN.md §5 rules 1, 2 and 8). */
import type { Mutant } from './mutant.ts';

export const appendBugs: readonly Mutant[] = [
  {
    name: 'append of an old epoch is taken',
    rule: 'rule 1: a voter takes an append only if its epoch is not below the promised one',
    patches: [
      {
        file: 'core/voter.ts',
        find: "if (append.epoch < this.promised) return this.#refuse('epoch');",
        replace: '',
      },
    ],
  },
  {
    name: 'append is no promise',
    rule: 'rule 1: taking an append of an epoch is a promise of it (H2)',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (append.epoch > this.promised) this.promise(append.epoch, append.masterId);',
        replace: '',
      },
    ],
  },
  {
    name: 'a gap is accepted',
    rule: 'rule 1: the record before must be held with its epoch, not only some record at its lsn',
    patches: [
      {
        file: 'core/voter.ts',
        find: "if (!this.#holds(append.prev)) return this.#refuse('gap');",
        replace: "if (append.prev.lsn > this.log.lastLsn) return this.#refuse('gap');",
      },
    ],
  },
  {
    name: 'the tail is never cut',
    rule: 'rule 1: another record for an lsn replaces what is there',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (present !== undefined) this.#cut(lsn);',
        replace: 'if (present !== undefined) continue;',
      },
    ],
  },
  {
    name: 'cut without conflict',
    rule: 'rule 1: a record is cut only when another record for its lsn is taken',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'if (taken.length > 0) this.writes.push',
        replace:
          'if (lsn >= this.committedLsn && lsn < this.log.lastLsn) this.#cut(lsn + 1);\n' +
          '    if (taken.length > 0) this.writes.push',
      },
    ],
  },
  {
    name: 'ACK says lastLsn',
    rule: 'rule 2: an ACK names the last record of its append, not the end of the log (H1)',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'const ackedLsn = this.takeRecords(append.prev, records);',
        replace: 'this.takeRecords(append.prev, records);\n    const ackedLsn = this.log.lastLsn;',
      },
      {
        file: 'core/master.ts',
        find: 'ack.epoch !== this.epoch || ack.ackedLsn !== sent.lsn',
        replace: 'ack.epoch !== this.epoch',
      },
    ],
  },
  {
    name: 'an ACK of another epoch counts',
    rule: 'rule 2: an ACK repeats the epoch of the master; one that does not counts for nothing',
    patches: [
      {
        file: 'core/voter.ts',
        find: "if (append.epoch < this.promised) return this.#refuse('epoch');",
        replace:
          'if (append.epoch < this.promised) {\n' +
          '      return { nodeId: this.self.nodeId, epoch: append.epoch, appliedLsn: 0,\n' +
          '        ackedLsn: append.prev.lsn + records.length };\n' +
          '    }',
      },
    ],
  },
  {
    name: '409 cuts',
    rule: 'rule 8: a 409 only moves the place from which is polled (H4)',
    patches: [
      {
        file: 'node/poller.ts',
        find: 'this.#resumeAt = voter.positionAt(Math.min(voter.committedLsn, voter.durableLsn));',
        replace:
          'this.#resumeAt = voter.positionAt(Math.min(voter.committedLsn, voter.durableLsn));\n' +
          '    const lsn = voter.committedLsn + 1;\n' +
          '    if (lsn > voter.log.lastLsn) return;\n' +
          '    voter.log.cut(lsn);\n' +
          '    voter.durableLsn = Math.min(voter.durableLsn, lsn - 1);\n' +
          "    voter.writes.push({ kind: 'cut', lsn });",
      },
    ],
  },
  {
    name: '409 cuts what is of a lower epoch',
    rule: 'rule 8: a 409 cuts nothing, not even records older than the one who sent it (H4)',
    patches: [
      {
        file: 'node/poller.ts',
        find: 'this.#stepBack();\n      this.#free(false);',
        replace:
          'this.#stepBack();\n' +
          '      const { voter } = this.#context;\n' +
          '      const { promised } = answer.message as Refusal;\n' +
          '      const lsn = voter.committedLsn + 1;\n' +
          '      if (lsn <= voter.log.lastLsn && voter.log.last.epoch < promised) {\n' +
          '        voter.log.cut(lsn);\n' +
          '        voter.durableLsn = Math.min(voter.durableLsn, lsn - 1);\n' +
          "        voter.writes.push({ kind: 'cut', lsn });\n" +
          '      }\n' +
          '      this.#free(false);',
      },
    ],
  },
  {
    name: 'a refusal counts as an ACK',
    rule: 'rule 2: only a 2xx acknowledges; a 409 moves the place to send from, nothing else',
    patches: [
      {
        file: 'core/master.ts',
        find: 'peer.onGap(sent, resumeLsn, nowMs);',
        replace:
          'peer.onGap(sent, resumeLsn, nowMs);\n' +
          '      peer.matchLsn = Math.max(peer.matchLsn, sent.lsn);',
      },
    ],
  },
  {
    name: 'a poll without a promise acknowledges',
    rule: 'rules 1, 8: what a backup holds counts only once it has promised this epoch',
    patches: [
      {
        file: 'core/master.ts',
        find: 'if (poll.promised !== this.epoch) return;',
        replace: '',
      },
    ],
    harmless:
      'a commit needs a record of the own epoch on a majority, and whoever holds one has taken an ' +
      'append of that epoch, which is a promise',
  },
  {
    name: 'poll answer unchecked',
    rule: 'rule 8: a poll answer is taken like an append, and a poll says what is promised (H3)',
    patches: [
      {
        file: 'node/poller.ts',
        find: 'const taken = voter.onAppend(message, records, clock.monotonicMs());',
        replace:
          'const epoch = Math.max(message.epoch, voter.promised);\n' +
          '    const taken = voter.onAppend({ ...message, epoch }, records, clock.monotonicMs());',
      },
      {
        file: 'core/master.ts',
        find: "if (poll.promised > this.epoch) return { kind: 'deposed', epoch: poll.promised };",
        replace: '',
      },
      {
        file: 'core/master.ts',
        find: 'if (poll.promised !== this.epoch) return;',
        replace: '',
      },
    ],
  },
];
