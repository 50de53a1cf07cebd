/** The runner's side of a generator process: one plan, one process, one measurement. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Driver } from '../measure/plan.ts';
import type { Measurement } from '../results/schema.ts';
import type { ToParent, ToWorker } from './protocol.ts';

const workerPath = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** Beyond the plan's own times, for starting, encoding and ending. */
const graceMs = 15_000;

export function driveInChild(driverName: 'autocannon' | 'native'): Driver {
  return (plan, onEvent, stop) => {
    const child = fork(workerPath, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ended = Promise.withResolvers<Measurement>();
    const tell = (message: ToWorker) => {
      if (child.connected) child.send(message);
    };
    const onStop = () => tell({ type: 'stop' });
    stop.addEventListener('abort', onStop);
    const limitMs = plan.warmupMs + plan.measureMs + plan.drainMs + plan.timeoutMs + graceMs;
    const overdue = setTimeout(() => {
      child.kill('SIGKILL');
      ended.reject(new Error(`the generator did not end within ${limitMs} ms`));
    }, limitMs);
    child.on('message', (message: ToParent) => {
      if (message.type === 'done') ended.resolve(message.measurement);
      else if (message.type === 'failed') ended.reject(new Error(message.message));
      else onEvent(message);
    });
    child.on('error', ended.reject);
    // Not `exit`, which may come before the last message.
    child.on('close', (code, signal) => {
      ended.reject(new Error(`the generator ended with ${signal ?? code} and no measurement`));
    });
    tell({ type: 'run', driver: driverName, plan });
    if (stop.aborted) onStop();
    return ended.promise.finally(() => {
      clearTimeout(overdue);
      stop.removeEventListener('abort', onStop);
    });
  };
}
