/** Ports of this machine: which are free, and which are taken. */
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, which would take them at random. */
const freePortMin = 10_240;
const freePortMax = 30_000;
const triesMax = 100;

export const host = '127.0.0.1';

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** A function that never gives the same free port twice. Throws where it finds none. */
export function createFreePorts(taken: Iterable<number>): () => Promise<number> {
  const given = new Set(taken);
  return async () => {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const port = freePortMin + Math.floor(Math.random() * (freePortMax - freePortMin));
      if (given.has(port) || !(await isFree(port))) continue;
      given.add(port);
      return port;
    }
    throw new Error(`no free port was found in ${triesMax} tries; give --port-base`);
  };
}

/** Those of `ports` that are still taken after `waitMs`: nodes that stop may need a moment. */
export async function takenPorts(ports: readonly number[], waitMs: number): Promise<number[]> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const free = await Promise.all(ports.map(isFree));
    const taken = ports.filter((_, index) => free[index] !== true);
    if (taken.length === 0 || performance.now() >= deadlineMs) return taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
