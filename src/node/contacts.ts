/**
 * Says once, in words for a person, what keeps a node from the masters that it was told of: a wrong
 * secret at once, silence after a while, since masters and slaves of one cluster start together.
 */
import type { Limits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { TransportFailure } from '../ports/transport.ts';

interface Contact {
  readonly failingSinceMs: number;
  isTold: boolean;
}

const reasons: Readonly<Record<TransportFailure, string>> = {
  refused: 'nothing listens there',
  broken: 'the connection broke',
  timeout: 'it does not answer',
};

export class Contacts {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #patienceMs: number;
  /** By URL, of those that fail now. */
  readonly #failing = new Map<string, Contact>();

  constructor(clock: Clock, logger: Logger, limits: Limits) {
    this.#clock = clock;
    this.#logger = logger;
    this.#patienceMs = 2 * limits.failoverMs;
  }

  /** What a call to the master at `url` ended with; `status` is null where nothing was answered. */
  note(url: string, failure: TransportFailure | null, status: number | null): void {
    const isRefused = status === 401;
    if (failure === null && !isRefused) {
      this.#onReached(url);
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    const contact = this.#failing.get(url) ?? { failingSinceMs: nowMs, isTold: false };
    this.#failing.set(url, contact);
    const isDue = isRefused || nowMs - contact.failingSinceMs >= this.#patienceMs;
    if (contact.isTold || !isDue) return;
    contact.isTold = true;
    if (isRefused) {
      this.#logger.error(
        'the cluster secret of this node is missing or wrong: give every node the same ' +
          '--cluster-secret-file',
        { master: url },
      );
    } else {
      const reason = reasons[failure ?? 'timeout'];
      this.#logger.warn(`cannot reach the master at ${url}: ${reason}; see --masters`);
    }
  }

  #onReached(url: string): void {
    const wasTold = this.#failing.get(url)?.isTold === true;
    this.#failing.delete(url);
    if (wasTold) this.#logger.info('the master is reached again', { master: url });
  }
}
