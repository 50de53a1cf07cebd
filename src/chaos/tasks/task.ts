/** A client of chaos with a task of its own, which it does again and again until it is stopped. */
import { type Client, createClient } from '../../client/client.ts';
import { pause } from '../../contract/until.ts';
import { DsmError } from '../../core/errors.ts';

/** Time for one call with all its attempts: longer than any takeover. */
const timeoutMs = 15_000;
/** Longest pause between two turns. */
const thinkMs = 60;

export interface TaskOptions {
  readonly name: string;
  /** In the order in which the client tries them. */
  readonly nodeUrls: readonly string[];
}

/** How a call failed; anything but a DsmError is a bug, and thrown on. */
export type Failure = Pick<DsmError, 'code' | 'outcome'>;

export abstract class Task {
  /** Made so far. */
  calls = 0;
  protected readonly client: Client;
  protected readonly name: string;
  /** What was seen that cannot be, in words. */
  protected readonly seen: string[] = [];
  protected isStopped = false;

  constructor({ name, nodeUrls }: TaskOptions) {
    this.name = name;
    this.client = createClient({ masters: nodeUrls, timeoutMs });
  }

  stop(): void {
    this.isStopped = true;
  }

  /** Resolves after `stop`, when the last call has ended. */
  async run(): Promise<void> {
    while (!this.isStopped) {
      await this.turn();
      await pause(Math.random() * thinkMs);
    }
  }

  /** Runs a call; `onFailure` is told where it failed, and then the answer is null. */
  protected async call<T>(
    run: () => Promise<T>,
    onFailure: (failure: Failure) => void = () => {},
  ): Promise<T | null> {
    this.calls += 1;
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DsmError)) throw error;
      onFailure(error);
      return null;
    }
  }

  protected abstract turn(): Promise<void>;

  /** After `run`, on a cluster that is whole again: everything that is wrong, in words. */
  async faults(): Promise<readonly string[]> {
    return this.seen;
  }
}
