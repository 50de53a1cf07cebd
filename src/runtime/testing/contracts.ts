/**
 * Runs the contracts on the runtime that runs this file, and says on standard output what failed:
 * `bun src/runtime/testing/contracts.ts`. Exit code 1 where something did.
 */
import { createFetchTransport } from '../../adapters/fetch-transport.ts';
import { transportContract } from '../../adapters/transport-contract.ts';
import { runtimeName } from '../serve.ts';
import { chooseTransport } from '../transport.ts';
import { serveContract } from './serve-contract.ts';

const transports = [
  ['chosen transport', chooseTransport],
  ['transport over fetch', createFetchTransport],
] as const;

const cases = [
  ...transports.flatMap(([title, create]) =>
    transportContract.map(({ name, run }) => ({
      name: `${title}: ${name}`,
      run: () => run(create),
    })),
  ),
  ...serveContract.map(({ name, run }) => ({ name: `server: ${name}`, run })),
];

let failures = 0;
for (const { name, run } of cases) {
  try {
    await run();
  } catch (error) {
    failures += 1;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stdout.write(`failed on ${runtimeName()}: ${name}\n${text}\n\n`);
  }
}
process.stdout.write(`${runtimeName()}: ${cases.length - failures} of ${cases.length} passed\n`);
process.exit(failures === 0 ? 0 : 1);
