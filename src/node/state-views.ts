/**
 * The whole state at one revision, to be read piece by piece while records go on being applied: what
 * is saved to a file. A frozen state costs memory as the one that lives on departs from it, so only
 * a few are given at one time.
 */
import { DsmError } from '../core/errors.ts';
import type { Position } from '../core/messages.ts';
import { encodeSnapshot } from '../core/snapshot.ts';
import type { Voter } from '../core/voter.ts';
import { snapshotHeader } from './persistence.ts';

export interface StateView {
  /** The last record that it stands for. */
  readonly position: Position;
  /** As core/snapshot.ts writes them. */
  readonly chunks: Generator<Uint8Array, void, void>;
  /** Called when nothing more is read. Idempotent. */
  release(): void;
}

/** Views given at one time. */
export const viewsMax = 4;

export class StateViews {
  #open = 0;

  /** Throws `overloaded`. */
  open(voter: Voter): StateView {
    if (this.#open >= viewsMax) {
      const text = `${viewsMax} snapshots are read from this node already; ask another, or later`;
      throw new DsmError('overloaded', text, { retryAfterMs: 10_000 });
    }
    this.#open += 1;
    const header = snapshotHeader(voter);
    const chunks = encodeSnapshot(header, voter.store.freeze());
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      this.#open -= 1;
      // Lets go of the frozen state, also where somebody still holds this view.
      chunks.return();
    };
    return { position: header.position, chunks, release };
  }
}
