/** Clusters for the tests of vitest: started for them, ended after them, described where they fail. */
import process from 'node:process';
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest';
import { Cluster, type ClusterOptions, startCluster } from './cluster.ts';

/**
 * Flags of a cluster whose active master must stay: a busy machine can hold it up for longer than
 * the second after which another one takes over.
 */
export const steadyMaster: readonly string[] = ['--failover-ms', '3000', '--step-down-ms', '3000'];

/** A cluster for one test. */
export async function clusterForTest(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster(options);
  onTestFinished(async ({ task }) => {
    const hasFailed = task.result?.state === 'fail';
    if (hasFailed) report(task.name, cluster);
    await cluster.close(hasFailed);
  });
  return cluster;
}

/** One cluster for all tests of a file or of a `describe`. */
export function sharedCluster(options: ClusterOptions = {}): () => Cluster {
  let cluster: Cluster | null = null;
  let hasFailed = false;
  beforeAll(async () => {
    cluster = await startCluster(options);
  });
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail' || cluster === null) return;
    hasFailed = true;
    report(task.name, cluster);
  });
  afterAll(async () => {
    await cluster?.close(hasFailed);
  });
  return () => {
    if (cluster instanceof Cluster) return cluster;
    throw new Error('the cluster is not started yet');
  };
}

function report(test: string, cluster: Cluster): void {
  const head = `\n=== "${test}" has failed; the files of its cluster are in ${cluster.dataDir}`;
  process.stderr.write(`${head}\n${cluster.describe()}\n`);
}
