/** Redis that syncs every write, alone and behind Webdis, which speaks HTTP for it. */
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Promises } from '../results/schema.ts';
import { ProcessGroup, startedOrStopped } from './group.ts';
import { freePorts } from './ports.ts';
import type { ServerProcess } from './processes.ts';
import type { StartTarget, TargetKind } from './target.ts';

const readyMs = 15_000;

const redisPromises: Promises = {
  replication: 'none',
  durableOnAck: 'yes: appendfsync always',
  readConsistency: 'linearizable, in one process',
  protocol: 'RESP',
};

const webdisKind: TargetKind = {
  name: 'webdis',
  dialect: 'webdis',
  promises: { ...redisPromises, protocol: 'HTTP/1.1, Webdis' },
  verifiable: true,
  linearizable: true,
  hasStatus: false,
};

export const redisNativePromises = redisPromises;

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export async function startRedis(group: ProcessGroup, port: number): Promise<ServerProcess> {
  const redis = group.start('redis-server', [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', group.folder, '--save', ''],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--loglevel', 'warning'],
  ]);
  await group.waitFor('redis-server', () => accepts(port), readyMs);
  return redis;
}

function webdisConfig(redisPort: number, httpPort: number, folder: string): string {
  return JSON.stringify({
    redis_host: '127.0.0.1',
    redis_port: redisPort,
    http_host: '127.0.0.1',
    http_port: httpPort,
    threads: 2,
    pool_size: 8,
    daemonize: false,
    websockets: false,
    database: 0,
    verbosity: 1,
    logfile: join(folder, 'webdis.log'),
  });
}

export const startWebdis: StartTarget = async (_config, dataRoot, stop) => {
  const group = await ProcessGroup.create(dataRoot, 'webdis', stop);
  return await startedOrStopped(group, async () => {
    const [redisPort = 0, httpPort = 0] = await freePorts(2);
    const redis = await startRedis(group, redisPort);
    const configPath = join(group.folder, 'webdis.json');
    await writeFile(configPath, webdisConfig(redisPort, httpPort, group.folder));
    const webdis = group.start('webdis', [configPath]);
    await group.waitFor('webdis', () => accepts(httpPort), readyMs);
    const url = `http://127.0.0.1:${httpPort}`;
    return {
      ...webdisKind,
      nodes: [
        { nodeId: 'webdis', role: 'server', url, pid: webdis.pid },
        { nodeId: 'redis', role: 'server', url, pid: redis.pid },
      ],
      entries: [url],
      stop: () => group.stop(),
    };
  });
};
