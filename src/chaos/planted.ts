/**
 * `npm run chaos:planted [-- WORD]`: proves that chaos sees what it is there to see. Each bug is planted in a
 * temporary copy of the sources by replacing some of their text, and chaos must object to it.
 * Production code has no switch for them. With a word: only those with this word in their titles.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { FaultKind } from './fault.ts';

interface Edit {
  /** Relative to src/. */
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
}

interface PlantedBug {
  readonly title: string;
  readonly faults: readonly FaultKind[];
  readonly edits: readonly Edit[];
}

const bugs: readonly PlantedBug[] = [
  {
    title: 'the log is written, but never synced',
    faults: ['poweroff'],
    edits: [
      {
        file: 'adapters/node-disk.ts',
        text: "    this.#run('Syncing', done, (next) => {\n",
        replacement:
          "    this.#run('Syncing', done, (next) => {\n      if (next) return next(null);\n",
      },
    ],
  },
  {
    title: 'a write is acknowledged when the active master alone has it',
    faults: ['partition'],
    edits: [
      {
        file: 'core/master.ts',
        text: 'Math.min(durableLsn, majorityValue(configs, this.#heldLsn))',
        replacement: 'durableLsn',
      },
      {
        file: 'core/master.ts',
        text: 'const heldLsn = majorityValue([voter.members], this.#heldLsn);',
        replacement: 'const heldLsn = voter.durableLsn;',
      },
    ],
  },
  {
    title: 'the active master answers reads without asking whether its lease is over',
    faults: ['pause', 'partition'],
    edits: [
      {
        file: 'core/master.ts',
        text: 'this.isServing && this.lease.holds(this.voter.configs, nowMs, wallMs)',
        replacement: 'this.isServing',
      },
    ],
  },
  {
    title: 'a request runs each time that it is sent',
    faults: ['kill', 'pause'],
    edits: [
      {
        file: 'core/store.ts',
        text: 'if (answer !== null) return answer;',
        replacement: "if (answer?.status === 'request-mismatch') return answer;",
      },
    ],
  },
  {
    title: 'a failed transaction leaves its first half',
    faults: ['kill'],
    edits: [
      {
        file: 'core/transaction.ts',
        text: 'failedAt }, writes: none, changes: [] };',
        replacement: 'failedAt }, writes: this.#writes, changes: this.#changes };',
      },
    ],
  },
  {
    title: 'a takeover shortens lifetimes',
    faults: ['kill'],
    edits: [
      {
        file: 'core/master.ts',
        text: 'this.#startLogTimeMs = Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);',
        replacement:
          'this.#startLogTimeMs = 3000 + Math.max(last?.logTimeMs ?? 0, voter.store.logTimeMs);',
      },
    ],
  },
  {
    title: 'a lock has two holders',
    faults: ['kill'],
    edits: [
      {
        file: 'core/sessions.ts',
        text: "if (lock.queue[0] === id) return { status: 'acquired', revision: lock.token };",
        replacement:
          "if (lock.queue.includes(id)) return { status: 'acquired', revision: lock.token };",
      },
      {
        file: 'node/lock-waits.ts',
        text: 'lock?.queue[0] === wait.session',
        replacement: 'lock?.queue.includes(wait.session) === true',
      },
    ],
  },
  {
    title: 'a watch that goes on elsewhere misses what lies between',
    faults: ['kill'],
    edits: [
      {
        file: 'node/watcher.ts',
        text: 'this.#toldLsn = needsSnapshot ? voter.store.appliedLsn : from;',
        replacement: 'this.#toldLsn = voter.store.appliedLsn;',
      },
    ],
  },
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const seeds = [1, 2, 3];
const minutes = 1;
const answerBytesMax = 64 * 1024 * 1024;

/** What chaos says of the copy. */
interface Finding {
  readonly passed: boolean;
  /** Where the cluster did not come back: then nothing else is known. */
  readonly trouble?: string;
  readonly lost: number;
  readonly stale: number;
  readonly broken: number;
  readonly verdict: string;
}

function plant(directory: string, edits: readonly Edit[]): void {
  cpSync(join(root, 'src'), join(directory, 'src'), { recursive: true });
  cpSync(join(root, 'package.json'), join(directory, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  for (const { file, text, replacement } of edits) {
    const path = join(directory, 'src', file);
    const parts = readFileSync(path, 'utf8').split(text);
    if (parts.length !== 2) {
      throw new Error(`${file} has ${parts.length - 1} times, not once: ${text}`);
    }
    writeFileSync(path, parts.join(replacement));
  }
}

function runCopy(directory: string, faults: readonly FaultKind[], seed: number): Finding {
  const script = join(directory, 'src/chaos/main.ts');
  const out = ['--json', '--out', join(directory, `out-${seed}`)];
  const words = [
    '--minutes',
    String(minutes),
    '--faults',
    faults.join(','),
    '--seed',
    String(seed),
  ];
  const { stdout, stderr } = spawnSync(process.execPath, [script, ...words, ...out], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: answerBytesMax,
  });
  if (!stdout.startsWith('{')) throw new Error(`chaos said nothing of its run:\n${stderr}`);
  return JSON.parse(stdout) as Finding;
}

/** Answers how it was caught; null where it was not. */
function hunt({ faults, edits }: PlantedBug): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-planted-'));
  try {
    plant(directory, edits);
    for (const seed of seeds) {
      const finding = runCopy(directory, faults, seed);
      if (finding.passed) continue;
      const { lost, stale, broken, verdict, trouble } = finding;
      const figures = `${lost} lost, ${stale} stale, ${broken} broken promises, ${verdict}`;
      if (trouble === undefined) return `seed ${seed}: ${figures}`;
      const lines = trouble.split('\n');
      const told = lines.filter((line, index) => index === 0 || line.startsWith('the history is'));
      return `seed ${seed}: ${told.join('; ')}`;
    }
    return null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [, , word = ''] = process.argv;
const wanted = bugs.filter(({ title }) => title.includes(word));
let survivors = 0;
for (const bug of wanted) {
  const caught = hunt(bug);
  if (caught === null) survivors += 1;
  process.stdout.write(`${caught === null ? 'SURVIVED' : 'caught  '} ${bug.title}`);
  process.stdout.write(caught === null ? '\n' : `\n         ${caught}\n`);
}
process.exit(survivors === 0 && wanted.length > 0 ? 0 : 1);
