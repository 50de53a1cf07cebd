/**
 * How far V8 lets the heap of a node grow before it marks all of it.
 *
 * Of its own accord V8 gives a heap that hardly grows 8 MiB beyond what survived the last time, and
 * counts in the bytes of buffers. A node under load passes on several MiB of records per second and
 * keeps few objects: each of the five of a cluster marked its whole heap about once a second, for
 * 10 to 30 ms of two threads, and a batch waits for the slowest of those it needs.
 *
 * Source: `MemoryController` in V8's `heap/heap-controller.cc`, where the factor of growth is
 * between 1.1 and 4 by how fast the program allocates, and this flag replaces it.
 */
import { setFlagsFromString } from 'node:v8';
import { runtimeName } from './serve.ts';

/**
 * On top of what survived: a factor of 3. More is not needed, since 64 MB of new buffers make V8 mark
 * the heap anyway, and a node with millions of keys would waste it. V8's limit for the whole heap stays.
 */
export const heapGrowthFlag = '--heap-growing-percent=200';

/**
 * For a process that is a node, at its start; V8 reads the flag after each marking. Deno takes it on
 * its command line only, and Bun has no V8.
 */
export function letHeapGrow(): void {
  if (runtimeName() === 'node') setFlagsFromString(heapGrowthFlag);
}
