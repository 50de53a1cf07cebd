/** The write quorum of clusters of several sizes, as `/v1/status` says it. */
import { startCluster } from '../../src/contract/cluster.ts';
import type { ContractRuntime } from '../../src/contract/runtimes.ts';
import type { Finding } from './finding.ts';

const sizes = [
  { slaves: 1, backups: 0 },
  { slaves: 1, backups: 1 },
  { slaves: 3, backups: 1 },
  { slaves: 10, backups: 1 },
  { slaves: 3, backups: 3 },
] as const;

export async function compareQuorums(runtime: ContractRuntime): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { slaves, backups } of sizes) {
    const startMs = performance.now();
    const cluster = await startCluster({ runtime, slaves, backups });
    const readyMs = performance.now() - startMs;
    try {
      const { voters = 0, writeQuorumAcks = 0 } = (await (await cluster.active()).status()) ?? {};
      const wanted = Math.floor((1 + backups + slaves) / 2);
      const alike = backups === 1 ? `, ⌈(n+1)/2⌉ = ${Math.ceil((slaves + 1) / 2)}` : '';
      findings.push({
        title: `${slaves} slaves, ${backups} backups: ACKs beside the master's own log`,
        figure: `${writeQuorumAcks} of ${voters} voters, ready in ${readyMs.toFixed(0)} ms`,
        goal: `⌊V/2⌋ = ${wanted}${alike}`,
        isMet: writeQuorumAcks === wanted && voters === 1 + backups + slaves,
      });
    } finally {
      await cluster.close();
    }
  }
  return findings;
}
