/** Bugs in promising, adopting, winning and stepping down (DESIGN.md §5 rules 7, 9, 10). */
import type { Mutant } from './mutant.ts';

export const electionBugs: readonly Mutant[] = [
  {
    name: 'resume the old epoch',
    rule: 'rule 9: a restarted active master never resumes an epoch',
    patches: [
      {
        file: 'node/master-node.ts',
        find: 'this.start();',
        replace:
          'const { promised, promisedTo, log, isBirthUnfinished } = this.voter;\n' +
          '    const isMine = promisedTo === this.nodeId && log.last.epoch === promised;\n' +
          '    if (promised > 1 && isMine && !isBirthUnfinished) this.#takeOver();\n' +
          '    this.start();',
      },
    ],
  },
  {
    name: 'an epoch is promised twice',
    rule: 'rule 9: a node promises an epoch at most once, to one candidate',
    patches: [
      {
        file: 'core/voter.ts',
        find: 'const lower = request.epoch <= this.promised && !repeats;',
        replace: 'const lower = request.epoch < this.promised && !repeats;',
      },
    ],
  },
  {
    name: 'late promise of a higher log counts',
    rule: 'rule 9: a promise counts only while the adopted log is at least its giver’s (H5)',
    patches: [
      {
        file: 'core/election.ts',
        find: 'return grant !== undefined && this.#voter.log.isAtLeast(grant.last);',
        replace: 'return grant !== undefined;',
      },
    ],
  },
  {
    name: 'unreadable best log',
    rule: 'rule 9: a promise whose log is higher and cannot be read does not count (H5)',
    patches: [
      {
        file: 'core/election.ts',
        find: 'if (grant !== undefined) this.#urls.set(grant.url, nowMs + retryMs);\n    this.#grants.delete(nodeId);',
        replace:
          'if (grant === undefined) return;\n' +
          '    void nowMs;\n' +
          '    this.#grants.set(nodeId, { ...grant, last: { epoch: 0, lsn: 0 } });',
      },
    ],
  },
  {
    name: 'logs are compared by length',
    rule: 'rule 9: the highest log is that of the highest last epoch, then of the highest lsn',
    patches: [
      {
        file: 'core/messages.ts',
        find: 'return a.epoch - b.epoch || a.lsn - b.lsn;',
        replace: 'return a.lsn - b.lsn || a.epoch - b.epoch;',
      },
    ],
  },
  {
    name: 'a yes to a probe is a promise',
    rule: 'rules 8, 9: a probe claims nothing; only a promise of the epoch counts',
    patches: [
      {
        file: 'core/election.ts',
        find: 'this.#grants.clear();',
        replace: '',
      },
    ],
  },
  {
    name: 'promise not synced',
    rule: 'rule 9, §3: a promise is synced before it is given',
    patches: [
      {
        file: 'node/voter-calls.ts',
        find: 'persistence.flush(() => reply({ status: promiseStatus(answer), message: answer }));',
        replace:
          'persistence.flush();\n' +
          '    reply({ status: promiseStatus(answer), message: answer });',
      },
    ],
  },
  {
    name: "candidate's own promise not synced",
    rule: 'rule 9: the candidate syncs its own promise before it counts',
    patches: [
      {
        file: 'node/candidate.ts',
        find: 'persistence.flush(() => {\n      this.election.isOwnPromiseSynced = true;',
        replace: 'this.election.isOwnPromiseSynced = true;\n    persistence.flush(() => {',
      },
    ],
  },
  {
    name: 'handoff without stepping down',
    rule: 'rule 7: the lease is released only by a master that has stepped down',
    hunter: 'lease-walk',
    seedsMax: 6000,
    patches: [
      {
        file: 'node/handoff.ts',
        find: 'const { epoch } = active.master;\n    onReady();',
        replace:
          'const { epoch } = active.master;\n    clock.setTimer(limits.hedgeMs * 8, onReady);',
      },
    ],
  },
  {
    name: 'serves before its epoch has begun',
    rule: 'rule 9: the winner serves when its epoch-start is committed',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return this.voter.committedLsn >= this.startLsn;',
        replace: 'return true;',
      },
    ],
  },
  {
    name: 'adopted config not re-evaluated',
    rule: '§4: winning needs a quorum in the adopted log, not in the log that the candidate had',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/election.ts',
        find: "this.phase = 'claiming';",
        replace: "this.phase = 'claiming';\n    this.configsAtClaim = this.#voter.configs;",
      },
      {
        file: 'core/election.ts',
        find: 'const inForce = voter.log.configsInForce(this.countedCommittedLsn);',
        replace: 'const inForce = this.configsAtClaim;',
      },
      {
        file: 'core/election.ts',
        find: 'isOwnPromiseSynced = false;',
        replace: 'isOwnPromiseSynced = false;\n  configsAtClaim: Configs = [];',
      },
    ],
  },
  {
    name: 'a granted promise deposes nobody',
    rule: 'rule 7: granting a promise is stepping down, in the same synchronous step (H10)',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'node/voter-calls.ts',
        find: 'if (voter.promised > before) {',
        replace: 'if (voter.promised > before && !this.#host.isActive()) {',
      },
    ],
  },
];
