/** What this machine lets itself be done to, and what it does not, with the reason. */
import { spawnSync } from 'node:child_process';
import { accessSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Place } from '../contract/cluster.ts';
import { Disk } from './disk.ts';
import type { Links } from './links.ts';
import { Network } from './network.ts';
import { Proxies } from './proxies.ts';
import { isInSandbox } from './sandbox.ts';

export const networkChoices = ['auto', 'namespaces', 'proxies'] as const;

/** How links are cut; `auto` is by namespaces, and by proxies where there are none. */
export type NetworkChoice = (typeof networkChoices)[number];

/** Names of the nodes of a cluster with `slaves` slaves and one backup. */
export const nodeNames = (slaves: number): string[] => [
  'master',
  'backup-1',
  ...Array.from({ length: slaves }, (_, index) => `slave-${index + 1}`),
];

export class Machine {
  /** null where links cannot be cut. */
  readonly links: Links | null;
  readonly canTrace: boolean;
  /** Faults that are left out, and why. */
  readonly skipped: readonly string[];
  readonly disks = new Map<string, Disk>();
  readonly #canCutPower: boolean;

  readonly #network: Network | null;
  readonly #proxies: Proxies | null;

  constructor(names: readonly string[], network: NetworkChoice) {
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
    this.#network =
      network === 'proxies'
        ? null
        : attempt('partitions by packets', 'Linux namespaces, ip, tc', () => createNetwork(names));
    this.#proxies =
      network === 'namespaces' || this.#network !== null
        ? null
        : attempt('partitions by proxies', 'Linux', createProxies);
    this.links = this.#network ?? this.#proxies;
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
  get place(): Place {
    const network = this.#network;
    return {
      hostOf: network === null ? undefined : (name) => network.hostOf(name),
      prefixOf: (name) => network?.prefixOf(name) ?? [],
      flagsOf: (url) => this.#proxies?.flagsOf(url) ?? [],
      prepare: async (cluster: Cluster) => {
        for (const { name } of cluster.masters) {
          this.disks.set(name, new Disk(join(cluster.dataDir, name), this.#canCutPower));
        }
        await this.#proxies?.open(cluster.nodes);
      },
      release: () => {
        this.#proxies?.close();
        for (const disk of this.disks.values()) disk.unmount();
        this.disks.clear();
      },
    };
  }
}

function expectSandbox(): void {
  if (!isInSandbox) throw new Error('unshare made none');
}

function createNetwork(names: readonly string[]): Network {
  expectSandbox();
  return new Network(names);
}

function createProxies(): Proxies {
  accessSync('/proc/net/tcp');
  return new Proxies();
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
