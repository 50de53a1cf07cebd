/**
 * Puts a node together from its real parts and starts it: disk, log, clock, transport, HTTP server.
 * The only place that knows all adapters.
 */

import { lockDataDirectory } from '../adapters/data-lock.ts';
import { createFileLog } from '../adapters/file-log.ts';
import { createNodeDisk } from '../adapters/node-disk.ts';
import { createPinoLogger } from '../adapters/pino-logger.ts';
import { keepRecentEvents } from '../adapters/recent-events.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { createSystemRandom } from '../adapters/system-random.ts';
import type { Member } from '../core/record.ts';
import { createApp } from '../http/app.ts';
import { createPeers } from '../http/peer-client.ts';
import { MasterNode } from '../node/master-node.ts';
import type { DsmNode } from '../node/node.ts';
import { recoverState } from '../node/recovery.ts';
import { SlaveNode } from '../node/slave-node.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Peers } from '../ports/peers.ts';
import type { Random } from '../ports/random.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import { answerOptions } from './answer-options.ts';
import {
  type MasterConfig,
  mastersWithSelf,
  type NodeConfig,
  ownUrl,
  type RunningNode,
  type SlaveConfig,
} from './config.ts';
import { isLoopback } from './config-values.ts';
import { processFacts } from './process-facts.ts';
import { type Handler, type RunningServer, runtimeName, serve } from './serve.ts';
import { chooseTransport } from './transport.ts';

/** Rejects with one sentence for a person: a port in use, a directory that cannot be written, … */
export async function startMaster(config: MasterConfig): Promise<RunningNode> {
  const lock = lockDataDirectory(config.dataDir);
  try {
    return await start(config, config.verb, (parts) => {
      const { self, end, boundPort, ...ports } = parts;
      const storage = openLog(config, parts);
      const recovered = storage.recover();
      for (const repair of recovered.repairs) parts.logger.warn(repair);
      const node = new MasterNode({
        self: { ...self, nodeId: recovered.meta?.nodeId ?? self.nodeId, role: 'master' },
        limits: config.limits,
        ports,
        masterUrls: mastersWithSelf(config, boundPort),
        storage,
        recovered,
        ...recoverState(recovered),
        onFatal: end,
        placement: config.placement,
        readFrom: config.readFrom,
        newCluster: config.newCluster,
        mayFound: config.verb === 'master',
      });
      const close = () => {
        storage.close();
        lock.release();
      };
      return { node, close };
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** As `startMaster`; a slave has no disk and is a new node each time. */
export function startSlave(config: SlaveConfig): Promise<RunningNode> {
  return start(config, 'slave', ({ self, end, boundPort: _, ...ports }) => {
    const node = new SlaveNode({
      self: { ...self, role: 'slave' },
      limits: config.limits,
      ports,
      masterUrls: config.masters,
      onFatal: end,
    });
    return { node, close: () => {} };
  });
}

/** What a node is made of; `self` has a fresh nodeId. */
interface Parts {
  readonly self: Omit<Member, 'role'>;
  readonly boundPort: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly peers: Peers;
  /** The node cannot go on. */
  readonly end: (error: Error) => void;
}

interface Made {
  readonly node: DsmNode;
  readonly close: () => void;
}

/** The port is bound first: a node must know its own URL, and a port in use is no half-started node. */
async function start(
  config: NodeConfig,
  name: string,
  make: (parts: Parts) => Made,
): Promise<RunningNode> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const transport = await chooseTransport({ clock });
  let answer: Handler = () => new Response('starting', { status: 503 });
  const { host, port } = config;
  const server = await serve({ host, port, fetch: (request, env) => answer(request, env) });
  try {
    const url = ownUrl(config, server.port);
    const lines = createPinoLogger({
      level: config.logLevel,
      isPretty: config.logFormat === 'pretty' || (config.logFormat === 'auto' && isTerminal()),
      fields: { node: `${name} ${server.port}` },
    });
    const logger = keepRecentEvents(lines, clock);
    const ended = Promise.withResolvers<void>();
    const { node, close } = make({
      self: { nodeId: random.id(), url },
      boundPort: server.port,
      clock,
      random,
      logger,
      peers: createPeers({ transport, secret: config.secret }),
      end: ended.reject,
    });
    const app = createApp({
      node,
      transport,
      clock,
      random,
      logger,
      secret: config.secret,
      isLoopback: isLoopback(host),
      allowedHosts: config.allowedHosts,
      allowedOrigins: config.allowedOrigins,
      ...answerOptions(),
      processFacts,
      recentEvents: logger.recent,
    });
    answer = app.fetch as Handler;
    logger.info('listening', { url, nodeId: node.nodeId, runtime: runtimeName() });
    return running({ node, url, server, transport, close, ended });
  } catch (error) {
    await server.close();
    throw error;
  }
}

interface RunningParts extends Made {
  readonly url: string;
  readonly server: RunningServer;
  readonly transport: Transport;
  readonly ended: PromiseWithResolvers<void>;
}

function running({ node, url, server, transport, close, ended }: RunningParts): RunningNode {
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    node.stop();
    await server.close();
    transport.close();
    close();
    ended.resolve();
  };
  return {
    nodeId: node.nodeId,
    url,
    ended: ended.promise,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function openLog(config: MasterConfig, { logger, clock }: Parts): Storage {
  const disk = createNodeDisk(config.dataDir);
  return createFileLog({ disk, limits: config.limits, logger, clock });
}

function isTerminal(): boolean {
  return process.stderr.isTTY === true;
}
