/**
 * Ctrl+C: the first one ends the run in order (the cell under way is dropped, everything measured
 * before is kept, no process is left); the second one ends it at once.
 */
export interface Interruption {
  readonly signal: AbortSignal;
  release(): void;
}

export const exitCodes = Object.freeze({
  valid: 0,
  usage: 1,
  invalid: 2,
  unfit: 3,
  interrupted: 130,
});

export function watchInterrupts(onFirst: () => void): Interruption {
  const stop = new AbortController();
  const onSignal = () => {
    // Server processes are killed by the exit handler of `processes.ts`.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    onFirst();
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: stop.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
