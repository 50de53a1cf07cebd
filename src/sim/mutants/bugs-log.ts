/** Bugs in the file log: what is synced when, and what a restart makes of it (DESIGN.md §5 rule 13). */
import type { Mutant } from './mutant.ts';

export const logBugs: readonly Mutant[] = [
  {
    name: 'records are read without their checksum',
    rule: 'rule 13: no damaged record is ever used',
    hunter: 'log-damage',
    patches: [
      {
        file: 'core/frame.ts',
        find: 'crc32(bytes.subarray(bodyStart, end), bodyBytes) !== this.#view.getUint32(offset + 4, true)',
        replace: 'this.#view === undefined',
      },
    ],
  },
  {
    name: 'damage is cut as a torn end is',
    rule: 'rule 13: what was synced is never cut, the node refuses to start',
    hunter: 'log-damage',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'if (provenLsn < where.nextLsn) return;',
        replace: 'if (provenLsn < Infinity) return;',
      },
    ],
  },
  {
    name: 'marks of later writes prove nothing',
    rule: 'rule 13: a write says that all before it were synced',
    hunter: 'log-damage',
    patches: [
      {
        file: 'adapters/log-scan.ts',
        find: 'Math.max(first.lsn - 1, highestMark(bytes, offset + 1))',
        replace: '(highestMark(bytes, offset + 1), first.lsn - 1)',
      },
      // Which the watermark proves in a quiet log.
      {
        file: 'adapters/log-recovery.ts',
        find: 'watermark !== null && isCurrent(watermark) ? watermark.lsn : 0;',
        replace: 'watermark !== null && isCurrent(watermark) ? 0 : 0;',
      },
    ],
  },
  {
    name: 'the watermark proves nothing',
    rule: 'rule 13: damage to the last write is told from a torn one by the watermark',
    hunter: 'log-damage',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'watermark !== null && isCurrent(watermark) ? watermark.lsn : 0;',
        replace: 'watermark !== null && isCurrent(watermark) ? 0 : 0;',
      },
    ],
  },
  {
    name: 'a lost segment is not missed',
    rule: 'rule 13: the log goes on from its base without a gap',
    hunter: 'log-damage',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'if (place.lsn !== nextLsn) {',
        replace: 'if (place.lsn < nextLsn) {',
      },
    ],
  },
  {
    name: 'a write is not synced',
    rule: 'rule 2: a record is durable when it is synced',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-segments.ts',
        find: 'const steps: Step[] = [(next) => file.write(offset, chunks, next), (next) => file.sync(next)];',
        replace: 'const steps: Step[] = [(next) => file.write(offset, chunks, next)];',
      },
    ],
  },
  {
    name: 'the directory of a new segment is not synced',
    rule: 'rule 13: a file is durable when its name is',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-segments.ts',
        find: 'if (isNew) steps.push((next) => this.#disk.syncDirectory(next));',
        replace: '',
      },
    ],
  },
  {
    name: 'a file is renamed before it is synced',
    rule: 'rule 13: after a crash either the old content is there or the new one, whole',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-steps.ts',
        find: 'else inOrder([(next) => write(file, next), (next) => file.sync(next)], filled);',
        replace: 'else write(file, filled);',
      },
    ],
  },
  {
    name: 'a replaced file is forgotten by the directory',
    rule: 'rule 13: a rename is durable when the directory is synced',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-steps.ts',
        find: '(next) => disk.rename(temp, name, next),\n      (next) => disk.syncDirectory(next),',
        replace: '(next) => disk.rename(temp, name, next),',
      },
    ],
  },
  {
    name: 'the repair cuts one record too many',
    rule: 'rule 13: only the torn end is cut',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-scan.ts',
        find: 'return { records, offsets, goodBytes: offset, hasStrayMark: false, fault: error, provenLsn };',
        replace:
          'records.pop();\n' +
          '    return { records, offsets, goodBytes: offsets.pop() ?? offset, hasStrayMark: false, fault: error, provenLsn };',
      },
    ],
  },
  {
    name: 'a torn end stays where it is',
    rule: 'rule 13: what was torn is cleared away before anything is written behind it',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'rewrite = isSure ? null : { name, bytes: bytes.subarray(0, sizeBytes) };',
        replace: 'rewrite = isSure ? null : null;',
      },
    ],
  },
  {
    name: 'the watermark is not lowered before a cut',
    rule: 'rule 13: a watermark never names what is not there',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/file-log.ts',
        find: 'inOrder([(n) => watermark.lower(lowered, n), (n) => segments.cut(lsn, n)], (error) => {',
        replace: 'inOrder([(n) => n(void lowered), (n) => segments.cut(lsn, n)], (error) => {',
      },
    ],
  },
  {
    name: 'a cut whose sync failed is taken for done',
    rule: 'rule 13: what was found at a start stays found',
    hunter: 'log-crashes',
    seedsMax: 120_000,
    patches: [
      {
        file: 'adapters/file-log.ts',
        find: 'lsn: Math.max(0, lsn - 2), series',
        replace: 'lsn: lsn - 1, series',
      },
    ],
  },
  {
    name: 'zeros end the log whatever follows them',
    rule: 'rule 13: what was torn is cleared away before anything is written behind it',
    hunter: 'log-crashes',
    seedsMax: 120_000,
    patches: [
      {
        file: 'adapters/log-scan.ts',
        find: 'if (isBlank(bytes, offset)) break;',
        replace: 'if (isBlank(bytes.subarray(0, offset + 8), offset)) break;',
      },
    ],
  },
  {
    name: 'zeros take the place of what was synced',
    rule: 'rule 13: what was synced is never cut, the node refuses to start',
    hunter: 'log-damage',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'if (tail.lastLsn >= provenLsn) return tail;',
        replace: 'if (tail.lastLsn >= provenLsn || tail.rewrite === null) return tail;',
      },
    ],
  },
  {
    name: 'the zeros of a file that is kept are forgotten',
    rule: 'rule 13: a log goes on where it ended',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-recovery.ts',
        find: 'fileBytes: bytes.length,',
        replace: 'fileBytes: sizeBytes,',
      },
    ],
  },
  {
    name: 'segments are cut oldest first',
    rule: 'rule 13: a crash within a cut leaves a log without a gap',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/log-segments.ts',
        find: 'const removed = this.#segments.splice(keptCount).reverse();',
        replace: 'const removed = this.#segments.splice(keptCount);',
      },
    ],
  },
  {
    name: 'segments go before their snapshot is there',
    rule: 'rule 13: a snapshot is durable before what it stands for is dropped',
    hunter: 'log-crashes',
    patches: [
      {
        file: 'adapters/file-log.ts',
        find:
          '(next) => writeSnapshot(this.#disk, place, chunks, next),\n' +
          '      (next) => inOrder(this.#dropReplaced(place), next),',
        replace:
          '(next) => inOrder(this.#dropReplaced(place), next),\n' +
          '      (next) => writeSnapshot(this.#disk, place, chunks, next),',
      },
    ],
  },
];
