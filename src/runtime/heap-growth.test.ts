import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { heapGrowthFlag, letHeapGrow } from './heap-growth.ts';

const setFlagsFromString = vi.hoisted(() => vi.fn());
vi.mock('node:v8', () => ({ setFlagsFromString }));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

describe('the growth of the heap', () => {
  it('is a flag that V8 knows: it says so of one that it does not', () => {
    const flags = (...words: string[]) => spawnSync(process.execPath, [...words, '-e', '0']).status;
    expect(flags(heapGrowthFlag)).toBe(0);
    expect(flags('--heap-growing-nonsense=300')).not.toBe(0);
  });

  it('is set where the flag can be set while the program runs', () => {
    letHeapGrow();
    expect(setFlagsFromString).toHaveBeenCalledExactlyOnceWith(heapGrowthFlag);
  });

  it.each(['Bun', 'Deno'])('is not set on %s', (name) => {
    vi.stubGlobal(name, {});
    letHeapGrow();
    expect(setFlagsFromString).not.toHaveBeenCalled();
  });
});
