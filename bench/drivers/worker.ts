/**
 * The generator's own process: its CPU is measured apart from the runner's, and nothing the runner
 * does (progress, files) delays a request. Started by `child.ts`; speaks over the IPC channel.
 */
import type { Driver, LoadPlan } from '../measure/plan.ts';
import { driveAutocannon } from './autocannon.ts';
import { driveNative } from './native.ts';
import type { ToParent, ToWorker } from './protocol.ts';

const drivers: Readonly<Record<string, Driver>> = {
  autocannon: driveAutocannon,
  native: driveNative,
};
const stop = new AbortController();

/** Resolves when the message is written: what is under way when the channel closes is lost. */
function send(message: ToParent): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}

async function run(driverName: string, plan: LoadPlan): Promise<void> {
  const driver = drivers[driverName];
  if (driver === undefined) throw new Error(`there is no driver "${driverName}" in this process`);
  const onEvent = (event: ToParent) => void send(event);
  const measurement = await driver(plan, onEvent, stop.signal);
  await send({ type: 'done', measurement });
}

// Ctrl+C reaches the whole process group; the runner decides what it means.
process.on('SIGINT', () => {});
// A runner that died must not leave a generator behind.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') return stop.abort();
  run(message.driver, message.plan)
    .catch((error: Error) => send({ type: 'failed', message: error.stack ?? error.message }))
    .finally(() => process.disconnect());
});
