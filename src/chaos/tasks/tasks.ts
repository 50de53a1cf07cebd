/**
 * The clients of chaos that do more than read and write keys: they count, move amounts, put keys that
 * end, take locks and watch. What each has seen is judged by itself, beside the history.
 */
import type { Cluster } from '../../contract/cluster.ts';
import { LockBook } from '../../verify/lock-book.ts';
import { Tally } from '../../verify/tally.ts';
import { Banker } from './banker.ts';
import { Counter } from './counter.ts';
import { Author, Follower } from './follower.ts';
import { Locker } from './locker.ts';
import { Lodger } from './lodger.ts';
import type { Task, TaskOptions } from './task.ts';

const counts = { counters: 3, bankers: 2, lodgers: 2, lockers: 3, followers: 2 } as const;

export interface TaskReport {
  readonly calls: number;
  /** What was promised and is not so, in words. */
  readonly faults: readonly string[];
}

export class Tasks {
  readonly #tasks: readonly Task[];
  readonly #runs: Promise<unknown>;

  constructor({ masterUrls, slaves }: Cluster) {
    // In turn by the masters, and by a slave that sends calls on.
    const optionsOf = (kind: string, index: number): TaskOptions => {
      const entry = index % 2 === 0 ? undefined : slaves[index % slaves.length];
      const nodeUrls = entry === undefined ? masterUrls : [entry.url, ...masterUrls];
      return { name: `${kind}-${index}`, nodeUrls };
    };
    const make = <T>(kind: keyof typeof counts, create: (options: TaskOptions) => T): T[] =>
      Array.from({ length: counts[kind] }, (_, index) => create(optionsOf(kind, index)));
    const [tally, book] = [new Tally(), new LockBook()];
    const author = new Author(optionsOf('author', 0));
    this.#tasks = [
      author,
      ...make('counters', (options) => new Counter(options, tally)),
      ...make('bankers', (options) => new Banker(options)),
      ...make('lodgers', (options) => new Lodger(options)),
      ...make('lockers', (options) => new Locker(options, book)),
      ...make('followers', (options) => new Follower(options, author)),
    ];
    this.#runs = Promise.all(this.#tasks.map((task) => task.run()));
    // Whoever stops the tasks hears of a failure; until then it is nobody's.
    this.#runs.catch(() => {});
  }

  /** Resolves when every client has ended its last call. Idempotent. */
  async stop(): Promise<void> {
    for (const task of this.#tasks) task.stop();
    await this.#runs;
  }

  /** Stops, and looks at what must be true then. Needs a cluster that is whole. */
  async judge(): Promise<TaskReport> {
    await this.stop();
    const faults = new Set<string>();
    for (const task of this.#tasks) for (const fault of await task.faults()) faults.add(fault);
    return { calls: this.#tasks.reduce((sum, { calls }) => sum + calls, 0), faults: [...faults] };
  }
}
