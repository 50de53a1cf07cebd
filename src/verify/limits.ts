/** The bounds of the checkers. */

export interface SearchLimits {
  /** Steps (questions to the model) after which the verdict is `unknown`. */
  readonly stepsMax: number;
  /** Words of 4 bytes that the memory of the search may take. */
  readonly memoryWordsMax: number;
}

/** Some ten seconds and 256 MiB at most. */
export const defaultSearchLimits: SearchLimits = Object.freeze({
  stepsMax: 20_000_000,
  memoryWordsMax: 1 << 26,
});
