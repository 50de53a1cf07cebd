/** Waiting by asking again: a test never sleeps and hopes. */

const pauseMs = 25;

/** Generous: on a machine that is busy with other things everything takes longer. */
export const untilTimeoutMs = 40_000;

/**
 * What `probe` answers as soon as that is neither null nor false. A probe that throws is asked
 * again. Rejects after `timeoutMs` with `what` and the last error.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | false> | T | null | false,
  timeoutMs = untilTimeoutMs,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== null && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadlineMs) {
      const reason = cause instanceof Error ? `: ${cause.message}` : '';
      throw new Error(`not within ${timeoutMs} ms: ${what}${reason}`, { cause });
    }
    await pause(pauseMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
