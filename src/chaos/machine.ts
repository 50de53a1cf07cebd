/** What this machine lets itself be done to, and what it does not, with the reason. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Place } from '../contract/cluster.ts';
import { Disk } from './disk.ts';
import { Network } from './network.ts';
import { isInSandbox } from './sandbox.ts';

/** Names of the nodes of a cluster with `slaves` slaves and one backup. */
export const nodeNames = (slaves: number): string[] => [
  'master',
  'backup-1',
  ...Array.from({ length: slaves }, (_, index) => `slave-${index + 1}`),
];

export class Machine {
  /** null where links cannot be cut. */
  readonly network: Network | null;
  readonly canTrace: boolean;
  /** Faults that are left out, and why. */
  readonly skipped: readonly string[];
  readonly disks = new Map<string, Disk>();
  readonly #canCutPower: boolean;

  constructor(names: readonly string[]) {
    const skipped: string[] = [];
    const attempt = <T>(what: string, needs: string, make: () => T): T | null => {
      try {
        return make();
      } catch (error) {
        const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
        skipped.push(`${what}: needs ${needs} (${reason})`);
        return null;
      }
    };
    this.network = attempt('partitions, slow links', 'Linux namespaces, ip, tc', () =>
      createNetwork(names),
    );
    this.canTrace =
      attempt('failing and slow syncs, no space', 'strace and the right to use it', tryStrace) !==
      null;
    this.#canCutPower =
      attempt('loss of what was not synced', 'Linux namespaces, root, ext4 on a loop device', () =>
        tryDisk(),
      ) !== null;
    this.skipped = skipped;
  }

  /** Of every node of the cluster. */
  readonly place: Place = {
    hostOf: (name) => this.network?.hostOf(name) ?? '127.0.0.1',
    prefixOf: (name) => this.network?.prefixOf(name) ?? [],
    prepare: (cluster: Cluster) => {
      this.disks.clear();
      for (const { name } of cluster.masters) {
        this.disks.set(name, new Disk(join(cluster.dataDir, name), this.#canCutPower));
      }
    },
  };
}

function expectSandbox(): void {
  if (!isInSandbox) throw new Error('unshare made none');
}

function createNetwork(names: readonly string[]): Network {
  expectSandbox();
  return new Network(names);
}

function tryStrace(): void {
  const words = ['-qq', '-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO', 'true'];
  const { error, status, stderr } = spawnSync('strace', words, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr);
}

function tryDisk(): void {
  expectSandbox();
  const directory = mkdtempSync(join(tmpdir(), 'disk-'));
  const disk = new Disk(join(directory, 'try'), true);
  disk.cutPower();
  disk.unmount();
  rmSync(directory, { recursive: true });
}
