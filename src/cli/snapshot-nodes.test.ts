import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestStore } from '../testing.ts';
import { callCli } from './testing/call-cli.ts';

interface Node {
  readonly role?: 'master' | 'slave';
  readonly state?: string;
  readonly voter?: boolean;
  readonly suspect?: boolean;
  /** Has a name of its own, but is this node. */
  readonly alias?: string;
}

const urlOf = (name: string) => `http://${name}.test`;

let directory: string;
let whole: Uint8Array<ArrayBuffer>;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dsm-nodes-'));
  await using store = createTestStore();
  await store.client.put('a', 'b');
  const answer = await store.fetch(new Request('http://dsm.test/v1/admin/snapshot'));
  whole = new Uint8Array(await answer.arrayBuffer());
});
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(directory, { recursive: true });
});

/** A cluster of these, of which `giver` gives snapshots; who is not among them does not answer. */
class Cluster {
  /** Whom a snapshot was asked for. */
  readonly asked: string[] = [];
  readonly #nodes: Readonly<Record<string, Node>>;
  readonly #giver: string;

  constructor(nodes: Readonly<Record<string, Node>>, giver = '') {
    this.#nodes = nodes;
    this.#giver = giver;
    vi.stubGlobal('fetch', async (url: string) => this.#answer(new URL(url)));
  }

  #answer({ hostname, pathname }: URL): Response {
    const name = hostname.replace('.test', '');
    const node = this.#nodes[name];
    if (pathname === '/v1/admin/snapshot') this.asked.push(name);
    if (node === undefined) throw new TypeError('fetch failed');
    const headers = { 'dsm-node': name };
    if (pathname === '/v1/status') return Response.json(this.#statusOf(name, node), { headers });
    if (name === this.#giver) return new Response(whole, { headers });
    return Response.json(
      { code: 'overloaded', detail: `${name} is busy` },
      { status: 503, headers },
    );
  }

  #statusOf(name: string, { state = 'standby', alias = name }: Node): object {
    const own = Object.entries(this.#nodes).filter(([, node]) => node.alias === undefined);
    const members = own.map(([nodeId, { role = 'master', voter = true, suspect = false }]) => {
      return { nodeId, url: urlOf(nodeId), role, voter, suspect };
    });
    // As slaves and standbys do, all but the active master know nothing of the others' silence.
    const known = members.map((each) => (state === 'active' ? each : { ...each, suspect: null }));
    return { nodeId: alias, url: urlOf(alias), state, epoch: 1, master: null, members: known };
  }

  save(masters: readonly string[], more = '') {
    const file = join(directory, 'a.snapshot');
    return callCli(`snapshot save ${file} --masters ${masters.map(urlOf).join(',')} ${more}`);
  }
}

const slave = { role: 'slave', state: 'voter' } as const;
const nodes = {
  m1: { state: 'active' },
  m2: {},
  m3: { suspect: true },
  s1: { ...slave, suspect: true },
  s2: slave,
  s3: { ...slave, voter: false, state: 'learner' },
  s4: slave,
};

describe('dsm snapshot save asks', () => {
  it('a slave, although the active master was named', async () => {
    const cluster = new Cluster(nodes, 's2');
    const { code, stdout } = await cluster.save(['m1', 'm2']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 keys')]);
    expect(cluster.asked).toEqual(['s2']);
    expect(readFileSync(join(directory, 'a.snapshot'))).toEqual(Buffer.from(whole));
  });

  it('slaves, standbys, the active master, each once and none that may be unable to', async () => {
    const also = { alias: { ...nodes.m1, alias: 'm1' } };
    const cluster = new Cluster({ ...nodes, ...also });
    const { code, stderr } = await cluster.save(['gone', 'm1', 'alias', 'm2']);
    expect(cluster.asked).toEqual(['s2', 's4', 'm2', 'm1']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('m1 is busy')]);
  });

  it('the nodes that are named, in their order, for what may be stale', async () => {
    const cluster = new Cluster(nodes);
    await cluster.save(['m1', 's3', 'gone'], '--consistency stale');
    expect(cluster.asked).toEqual(['m1', 's3', 'gone']);
  });

  it('the nodes that are named, in their order, where no master is active', async () => {
    const cluster = new Cluster({ m2: nodes.m2, s2: slave });
    await cluster.save(['m1', 'm2', 's2']);
    expect(cluster.asked).toEqual(['m1', 'm2', 's2']);
  });
});
