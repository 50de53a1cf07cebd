/** What clients and administrators do on a walk, and what they must find. */
import type { DsmNode } from '../../node/node.ts';
import { InvariantError } from '../invariants.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { WalkRules } from './walk-rules.ts';
import type { WalkWorld } from './walk-world.ts';

/** All write and read the same one: what a read must find is then a matter of its revision alone. */
const key = 'k';

export class WalkClients {
  readonly #world: WalkWorld;
  readonly #rules: WalkRules;
  readonly #random: SeededRandom;
  /** Leases mean something, so reads may trust them. */
  readonly #isTimed: boolean;
  #values = 0;

  constructor(world: WalkWorld, rules: WalkRules, random: SeededRandom, isTimed: boolean) {
    this.#world = world;
    this.#rules = rules;
    this.#random = random;
    this.#isTimed = isTimed;
  }

  /** One of those that believe to be active. */
  #active(): DsmNode | undefined {
    const nodes = this.#world.running.flatMap(({ node }) => (node?.isActive() ? [node] : []));
    return nodes.length === 0 ? undefined : this.#random.pick(nodes);
  }

  write(node = this.#active()): void {
    if (node === undefined) return;
    for (let i = this.#random.integer(1, 3); i > 0; i -= 1) this.#put(node);
  }

  #put(node: DsmNode): void {
    this.#values += 1;
    const write = {
      kind: 'put',
      key,
      value: new TextEncoder().encode(`v${this.#values}`),
      contentType: 'text/plain',
      ttlMs: 0,
      condition: 'none',
      request: null,
    } as const;
    node.write(write, (error, result) => {
      if (error !== null || result === null) return;
      this.#rules.onDone(this.#world.seats, node, result.revision);
    });
  }

  /** At any node; without leases only a round tells who is the master. */
  read(): void {
    const { running } = this.#world;
    if (running.length === 0) return;
    const { node } = this.#random.pick(running);
    const consistency = this.#isTimed && this.#random.chance(0.7) ? 'linearizable' : 'quorum';
    const doneLsn = this.#rules.highestDoneLsn;
    node?.read(key, { consistency, minRevision: 0 }, (error, entry) => {
      if (error === null) this.#onRead(entry?.revision ?? 0, doneLsn);
    });
  }

  #onRead(revision: number, doneLsn: number): void {
    this.#rules.check(this.#world.seats, false);
    if (revision < doneLsn) {
      throw new InvariantError('I7', `read revision ${revision}, and ${doneLsn} was done`);
    }
    if (revision > this.#rules.highestCommittedLsn) {
      throw new InvariantError('I6', `read revision ${revision}, which is not committed`);
    }
  }

  administer(): void {
    if (this.#random.chance(0.5)) this.#active()?.handoff('', () => {});
    else this.removeSomebody();
  }

  removeSomebody(node = this.#active()): void {
    if (node === undefined) return;
    const others = node.inspect().members.filter(({ nodeId }) => nodeId !== node.nodeId);
    if (others.length > 0) node.removeMember(this.#random.pick(others).nodeId, () => {});
  }
}
