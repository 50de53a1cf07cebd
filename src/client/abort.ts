/** Waiting that ends early when a signal aborts, and leaves no listener behind when it does not. */
import type { Environment } from './environment.ts';

/**
 * Aborts `controller` as soon as one of `signals` aborts. The function returned ends that.
 * (`AbortSignal.any` would keep an entry per call on a signal that lives as long as the client.)
 */
export function follow(
  signals: readonly (AbortSignal | undefined)[],
  controller: AbortController,
): () => void {
  const undo: (() => void)[] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    const onAbort = () => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    undo.push(() => signal.removeEventListener('abort', onAbort));
  }
  return () => {
    for (const stop of undo) stop();
  };
}

/**
 * `work`, or the signal's reason as soon as it aborts: also where `work` does not listen to the
 * signal. What `work` does after that is ignored.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
export async function pause(
  environment: Environment,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let cancel = () => {};
  const over = new Promise<void>((resolve) => {
    cancel = environment.setTimer(ms, resolve);
  });
  try {
    await (signal === undefined ? over : orAborted(over, signal));
  } finally {
    cancel();
  }
}
