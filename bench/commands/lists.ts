/** Lists on the command line: `1,3,5`, `1..10`, `node,bun`. */
import { InvalidArgumentError } from 'commander';

const listMax = 1000;

/** Numbers in [low, high], as given, without repetitions. */
export function numberList(low: number, high: number): (text: string) => number[] {
  return (text) => {
    const numbers = text.split(',').flatMap((part) => {
      const range = /^(\d+)\.\.(\d+)$/.exec(part);
      if (range === null) return [part === '' ? Number.NaN : Number(part)];
      const [from, to] = [Number(range[1]), Number(range[2])];
      return Array.from({ length: Math.min(listMax, to - from + 1) }, (_, step) => from + step);
    });
    if (numbers.length === 0 || numbers.some((value) => !(value >= low && value <= high))) {
      throw new InvalidArgumentError(
        `It must be like 1,3,5 or 1..10, each from ${low} to ${high}.`,
      );
    }
    return [...new Set(numbers)];
  };
}

export function wordList<const T extends string>(words: readonly T[]): (text: string) => T[] {
  return (text) => {
    const found = text.split(',').map((part) => words.find((word) => word === part));
    if (found.includes(undefined)) {
      throw new InvalidArgumentError(`It must be one or more of ${words.join(', ')}.`);
    }
    return [...new Set(found as T[])];
  };
}

/** One number in [low, high]. */
export function oneNumber(low: number, high: number): (text: string) => number {
  const parse = numberList(low, high);
  return (text) => {
    const [value, ...more] = parse(text);
    if (value === undefined || more.length > 0) {
      throw new InvalidArgumentError(`It must be one number from ${low} to ${high}.`);
    }
    return value;
  };
}

export function oneWord<const T extends string>(words: readonly T[]): (text: string) => T {
  const parse = wordList(words);
  return (text) => {
    const [word, ...more] = parse(text);
    if (word === undefined || more.length > 0) {
      throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
    }
    return word;
  };
}
