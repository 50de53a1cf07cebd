/** The two one-process peers: a server that does nothing, and one that keeps a Map. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runtimeCommand, startProcess } from './processes.ts';
import type { StartTarget, TargetKind } from './target.ts';

const serverPath = fileURLToPath(new URL('./kv-server.ts', import.meta.url));
const readyMs = 20_000;

const noopKind: TargetKind = {
  name: 'noop',
  dialect: 'noop',
  promises: {
    replication: 'none',
    durableOnAck: 'no',
    readConsistency: 'none: it stores nothing',
    protocol: 'HTTP/1.1',
  },
  verifiable: false,
  linearizable: false,
  hasStatus: false,
};

const honoMapKind: TargetKind = {
  name: 'hono-map',
  dialect: 'dsm',
  promises: {
    replication: 'none',
    durableOnAck: 'no',
    readConsistency: 'linearizable, in one process',
    protocol: 'HTTP/1.1',
  },
  verifiable: true,
  linearizable: true,
  hasStatus: true,
};

const readyLine = z.object({
  nodes: z.array(z.object({ url: z.string(), pid: z.int() })).length(1),
});

function starter(kind: TargetKind, ...flags: string[]): StartTarget {
  return async (config, _dataRoot, interrupted) => {
    const [command, ...leading] = runtimeCommand(config.runtime);
    const server = startProcess(command, [...leading, serverPath, ...flags]);
    try {
      const { nodes } = readyLine.parse(JSON.parse(await server.firstLine(readyMs, interrupted)));
      return {
        ...kind,
        nodes: nodes.map((node) => ({ ...node, nodeId: kind.name, role: 'server' })),
        entries: nodes.map(({ url }) => url),
        stop: () => server.stop(),
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  };
}

export const startNoop = starter(noopKind, '--noop');
export const startHonoMap = starter(honoMapKind);
