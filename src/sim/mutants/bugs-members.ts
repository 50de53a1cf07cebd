/** Bugs in who is who, and in changing members (DESIGN.md §3, §4, §5 rules 11 and 12). */
import type { Mutant } from './mutant.ts';

export const memberBugs: readonly Mutant[] = [
  {
    name: 'reborn keeps its id',
    rule: '§3: a slave is born anew at each start, under a fresh nodeId',
    patches: [
      {
        file: 'node/slave-node.ts',
        find: 'super({ ...options, storage: null, recovered: null });',
        replace:
          'const self = { ...options.self, nodeId: options.self.url };\n' +
          '    super({ ...options, self, storage: null, recovered: null });',
      },
    ],
  },
  {
    name: "reborn's ack booked on the old id",
    rule: 'rule 2: an ACK counts for the nodeId that it names, not for the URL it came from',
    patches: [
      {
        file: 'core/master.ts',
        find: 'if (ack.nodeId !== peer.nodeId) {',
        replace: "if (ack.nodeId === '') {",
      },
    ],
  },
  {
    name: 'wiped master keeps its id',
    rule: '§3: a master whose disk was lost is a new node (H9)',
    patches: [
      {
        file: 'node/master-node.ts',
        find: 'super(options);',
        replace: 'super({ ...options, self: { ...options.self, nodeId: options.self.url } });',
      },
    ],
  },
  {
    name: 'only the new configuration counts',
    rule: '§4: until a config record is known to be committed, both configurations are in force',
    patches: [
      {
        file: 'core/log.ts',
        find: 'return config.lsn > committedLsn ? [config.before, config.after] : [config.after];',
        replace: 'return config.lsn > committedLsn ? [config.after] : [config.after];',
      },
    ],
  },
  {
    name: 'joint commit but election by New only',
    rule: '§4: winning needs a quorum of both configurations in force',
    patches: [
      {
        file: 'core/election.ts',
        find: 'return isQuorum(configs, ',
        replace: 'return isQuorum(configs.slice(-1), ',
      },
    ],
  },
  {
    name: 'a config commits by the new configuration',
    rule: '§4: committing needs both configurations in force (C2: adding a master by majority)',
    patches: [
      {
        file: 'core/master.ts',
        find: 'const { configs, durableLsn, committedLsn } = this.voter;',
        replace:
          'const { durableLsn, committedLsn } = this.voter;\n' +
          '    const configs = this.voter.configs.slice(-1);',
      },
    ],
  },
  {
    name: 'config upon an uncommitted config',
    rule: '§4: one change at a time: the last one must be committed before the next',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return this.isServing && this.voter.log.configLsn <= this.voter.committedLsn;',
        replace: 'return this.isServing;',
      },
    ],
  },
  {
    name: 'config without own-epoch commit',
    rule: '§4: a change of members needs a committed record of the own epoch',
    patches: [
      {
        file: 'core/master.ts',
        find: 'return this.isServing && this.voter.log.configLsn <= this.voter.committedLsn;',
        replace: 'return this.voter.log.configLsn <= this.voter.committedLsn;',
      },
    ],
    harmless:
      'as both configurations count until the change is known to be committed, the rule is not ' +
      'needed for safety (29 782 runs of the first model); it is kept as a second net',
  },
  {
    name: 'silence is a no at birth',
    rule: 'rule 12: a master founds a cluster only if every other one answers that it knows none (H8)',
    patches: [
      {
        file: 'node/birth.ts',
        find: 'if (failure !== null || answer?.status !== 200) return;',
        replace:
          'if (failure !== null) this.#saidNone.add(url);\n' +
          '        if (failure !== null || answer?.status !== 200) return;',
      },
    ],
  },
  {
    name: 'a cut leaves its configuration',
    rule: '§4: a config record is in force while it is in the log, and no longer',
    hunter: 'lease-walk',
    patches: [
      {
        file: 'core/log.ts',
        find: 'while ((this.#configs.at(-1)?.lsn ?? 0) >= lsn) this.#configs.pop();',
        replace: '',
      },
    ],
  },
];
