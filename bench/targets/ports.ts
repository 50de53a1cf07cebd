/** Free ports, for servers that must be told a number. */
import { type AddressInfo, createServer } from 'node:net';

/**
 * All are open at the same time while they are chosen, so they differ; a race with others remains.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.on('error', reject);
      server.listen(0, '127.0.0.1', resolve);
      await promise;
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
  return ports;
}
