/**
 * May this empty master found a cluster? Only if every master it was told of *answers* that it knows
 * none, and no slave that registers has one (DESIGN.md §5 rule 12). Silence is not a no: data that is
 * merely unreachable must not be forked.
 */
import { assert } from '../core/errors.ts';
import type { HelloAnswer } from '../core/messages.ts';
import { encodeBatch, type Member, type Record } from '../core/record.ts';
import type { NodeContext } from './context.ts';

export interface BirthOptions {
  readonly others: readonly string[];
  readonly mayFound: boolean;
  /** An operator said `--new-cluster`. */
  readonly mustNotAsk: boolean;
  readonly onFounded: () => void;
}

export class Birth {
  readonly #context: NodeContext;
  readonly #options: BirthOptions;
  readonly #saidNone = new Set<string>();
  /** Slaves of an older cluster get this long to say so. */
  readonly #notBeforeMs: number;
  #askAtMs = 0;
  #isForbidden = false;
  #hasToldWaiting = false;
  #hasToldOfSlave = false;

  constructor(context: NodeContext, options: BirthOptions) {
    this.#context = context;
    this.#options = options;
    const { clock, limits } = context;
    this.#notBeforeMs =
      clock.monotonicMs() + (options.mustNotAsk ? 0 : limits.failoverMs + limits.heartbeatMs);
  }

  step(nowMs: number): void {
    const { voter } = this.#context;
    if (!this.#options.mayFound || this.#isForbidden || voter.clusterId !== '') return;
    const everyoneSaidNone = this.#options.others.every((url) => this.#saidNone.has(url));
    if (nowMs >= this.#notBeforeMs && (everyoneSaidNone || this.#options.mustNotAsk)) {
      this.#options.onFounded();
    } else {
      if (nowMs >= this.#notBeforeMs) this.#tellWaiting();
      if (nowMs >= this.#askAtMs) this.#ask(nowMs);
    }
  }

  /** Whoever starts nodes by hand sees one that listens, and must know why it serves nobody. */
  #tellWaiting(): void {
    if (this.#hasToldWaiting) return;
    this.#hasToldWaiting = true;
    this.#context.logger.warn(
      'waiting to found a cluster until every other master has answered that it knows of none: ' +
        'start them (or, where there never was a cluster, give --new-cluster)',
      { silent: this.#options.others.filter((url) => !this.#saidNone.has(url)) },
    );
  }

  #ask(nowMs: number): void {
    const { peers, limits } = this.#context;
    this.#askAtMs = nowMs + limits.heartbeatMs;
    for (const url of this.#options.others) {
      const call = { name: 'hello', message: {}, timeoutMs: limits.suspectMs } as const;
      peers.call(url, call, (failure, answer) => {
        if (failure !== null || answer?.status !== 200) return;
        const { clusterId } = answer.message as HelloAnswer;
        if (clusterId === '') this.#saidNone.add(url);
        else this.#onKnown(clusterId, url);
        this.#context.changed();
      });
    }
  }

  /** A cluster exists already: this master joins it as a standby. */
  #onKnown(clusterId: string, url: string): void {
    if (!this.#isForbidden) this.#context.logger.info('joining a cluster', { clusterId, url });
    this.#isForbidden = true;
  }

  /** A slave holds the data of a cluster that this empty master does not know. */
  onForeignSlave(clusterId: string, url: string): void {
    if (!this.#options.mayFound) return;
    this.#isForbidden = true;
    if (this.#hasToldOfSlave) return;
    this.#hasToldOfSlave = true;
    this.#context.logger.error(
      'a slave still holds the data of another cluster, so none is founded here; start this ' +
        'master with its old data directory, or stop the slaves, or say --new-cluster',
      { clusterId, slave: url },
    );
  }
}

/** Founds a cluster whose only voter is this master. */
export function foundCluster({ voter, self, random, logger }: NodeContext): void {
  const clusterId = random.id();
  voter.giveBirth(clusterId, firstRecord(self));
  logger.info('founded a new cluster', { clusterId });
}

/** The epoch of a cluster's first record; its founder wins the next one. */
const birthEpoch = 1;

/** The same each time. */
export function firstRecord(founder: Member): Record {
  const members = [founder];
  const command = { kind: 'config', before: members, after: members } as const;
  const [record] = encodeBatch([command], 1, birthEpoch, 0).records;
  assert(record !== undefined, 'one command is one record');
  return record;
}
