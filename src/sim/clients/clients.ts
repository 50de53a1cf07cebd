/**
 * The clients of one run that do more than read and write plain keys. A seed draws some of the kinds;
 * each has checks of its own (at the end: `check`), and all tell the oracle what they were told.
 */
import { LockBook } from '../../verify/lock-book.ts';
import { Tally } from '../../verify/tally.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { Banker } from './banker.ts';
import type { Client, ClientsContext } from './context.ts';
import { Counter } from './counter.ts';
import { Follower } from './follower.ts';
import { Locker } from './locker.ts';
import { Lodger } from './lodger.ts';

export const clientKinds = ['counters', 'bankers', 'lodgers', 'lockers', 'followers'] as const;

export type ClientKind = (typeof clientKinds)[number];

/** How many of each kind; none where nothing is said. */
export type ClientCounts = Partial<Readonly<Record<ClientKind, number>>>;

/** Some kinds of the five, with one or two clients each. */
export function drawCounts(random: SeededRandom, kinds: number): ClientCounts {
  const left = [...clientKinds];
  const counts: { -readonly [kind in ClientKind]?: number } = {};
  for (let i = 0; i < kinds; i += 1) {
    const [kind] = left.splice(random.integer(0, left.length - 1), 1);
    if (kind !== undefined) counts[kind] = random.integer(1, 2);
  }
  return counts;
}

export class Clients {
  readonly all: readonly Client[];
  readonly #context: ClientsContext;

  constructor(context: ClientsContext, counts: ClientCounts) {
    this.#context = context;
    const tally = new Tally();
    const book = new LockBook();
    const make: Record<ClientKind, (name: string, index: number) => Client> = {
      counters: (name) => new Counter(context, name, tally),
      bankers: (name) => new Banker(context, name),
      lodgers: (name) => new Lodger(context, name),
      lockers: (name) => new Locker(context, name, book),
      // One of everything, one of what is changed in many ways.
      followers: (name, index) => new Follower(context, name, index % 2 === 0 ? '' : 'account'),
    };
    this.all = clientKinds.flatMap((kind) =>
      Array.from({ length: counts[kind] ?? 0 }, (_, index) => make[kind](`${kind}${index}`, index)),
    );
  }

  start(): void {
    for (const client of this.all) client.start();
  }

  stop(): void {
    for (const client of this.all) client.stop();
  }

  /** At the end, of a healed cluster whose active master is `name`: throws what cannot be. */
  check(name: string): void {
    for (const client of this.all) client.check(name);
    const [first] = this.#context.violations;
    if (first !== undefined) throw first;
  }
}
