/**
 * How long a standby bears the silence of the active master before it stands for election (DESIGN.md
 * §5 rule 8): by its place in the list of masters, with jitter, so that two seldom stand at once.
 */
import type { NodeContext } from './context.ts';

export class Patience {
  readonly #context: NodeContext;
  #jitterMs = 0;
  /** After a lost election: no other one before this. */
  #notBeforeMs = 0;

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** It waits anew. */
  renew(): void {
    const { random, limits } = this.#context;
    this.#jitterMs = random.next() * limits.failoverJitterMs;
  }

  onLost(): void {
    const { random, limits, clock } = this.#context;
    this.#notBeforeMs = clock.monotonicMs() + random.next() * limits.failoverJitterMs * 2;
  }

  /** When it is at its end, if nothing is heard until then. */
  get endMs(): number {
    const { voter } = this.#context;
    // Nobody else could be active: no reason to wait.
    const isAlone = this.#isOnlyMaster() && voter.master === null;
    const silentMs = isAlone ? -Infinity : voter.masterHeardMs + this.#silenceMs();
    return Math.max(silentMs, this.#notBeforeMs);
  }

  #silenceMs(): number {
    const { failoverMs, failoverStaggerMs } = this.#context.limits;
    return failoverMs + this.#jitterMs + this.#place() * failoverStaggerMs;
  }

  /** The last active master does not count: it is the one that failed. */
  #place(): number {
    const { voter, self } = this.#context;
    const { lastMasterId, members } = voter;
    const masters = members.filter((m) => m.role === 'master' && m.nodeId !== lastMasterId);
    return Math.max(
      0,
      masters.findIndex(({ nodeId }) => nodeId === self.nodeId),
    );
  }

  #isOnlyMaster(): boolean {
    const { voter, self } = this.#context;
    const masters = voter.configs.flat().filter(({ role }) => role === 'master');
    return masters.length > 0 && masters.every(({ nodeId }) => nodeId === self.nodeId);
  }
}
