/**
 * Two kinds of tests: those beside the code, and the contract suite, which starts clusters of real
 * processes. Such a cluster keeps time, so few of them run at once.
 */
import { configDefaults, defineConfig } from 'vitest/config';

const contractFiles = ['src/contract/**/*.test.ts', 'src/chaos/leftovers.test.ts'];

/** The suite is run again for other runtimes, with clusters of those: chaos itself is always on Node. */
const { DSM_CONTRACT_RUNTIME: contractRuntime = 'node' } = process.env;
const runtimeFiles = contractRuntime === 'node' ? contractFiles : contractFiles.slice(0, 1);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          exclude: [...configDefaults.exclude, ...contractFiles],
          maxWorkers: '100%',
          // Nothing here asserts real time: this only ends what hangs, on the slowest machine too.
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: runtimeFiles,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
