import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ClusterPlan, planCluster, readPlan, writePlan } from './plan.ts';

const noFreePort = () => Promise.reject(new Error('no free port may be asked for'));
const counting = (from: number) => {
  let next = from;
  return () => Promise.resolve(next++);
};

const plan = (
  wanted: { slaves?: number; backups?: number; portBase?: number },
  previous: ClusterPlan | null = null,
  freePort = noFreePort as () => Promise<number>,
) => planCluster({ slaves: 1, backups: 1, portBase: null, ...wanted }, previous, freePort);

const placesOf = (nodes: readonly { name: string; port: number }[]) =>
  nodes.map(({ name, port }) => `${name}:${port}`);

describe('a new cluster', () => {
  it('has the usual ports', async () => {
    const { running, notes } = await plan({ slaves: 3 });
    const masters = ['master:12345', 'backup-1:12346'];
    const slaves = ['slave-1:20000', 'slave-2:20001', 'slave-3:20002'];
    expect(placesOf(running)).toEqual([...masters, ...slaves]);
    expect(notes).toEqual([]);
  });

  it('has other ports from another base, and free ones from 0', async () => {
    const shifted = await plan({ portBase: 13345 });
    expect(placesOf(shifted.running)).toEqual(['master:13345', 'backup-1:13346', 'slave-1:21000']);
    const free = await plan({ portBase: 0 }, null, counting(7));
    expect(placesOf(free.running)).toEqual(['master:7', 'backup-1:8', 'slave-1:9']);
  });

  it('may be a master alone', async () => {
    expect(placesOf((await plan({ slaves: 0, backups: 0 })).running)).toEqual(['master:12345']);
  });
});

describe('a cluster that is started again', () => {
  it('keeps its ports, and gives new nodes new ones', async () => {
    const first = await plan({ portBase: 0 }, null, counting(100));
    const again = await plan({ slaves: 2 }, first.plan, counting(200));
    const kept = ['master:100', 'backup-1:101', 'slave-1:102'];
    expect(placesOf(again.running)).toEqual([...kept, 'slave-2:200']);
  });

  it('remembers a slave that does not run now', async () => {
    const first = await plan({ slaves: 2 });
    const fewer = await plan({ slaves: 1 }, first.plan);
    expect(placesOf(fewer.running)).toEqual(['master:12345', 'backup-1:12346', 'slave-1:20000']);
    expect(placesOf((await plan({ slaves: 2 }, fewer.plan)).running)).toContain('slave-2:20001');
  });

  it('starts every backup that it knows, and says so: a quorum may need it', async () => {
    const first = await plan({ backups: 2 });
    const again = await plan({ backups: 0 }, first.plan);
    expect(placesOf(again.running)).toContain('backup-2:12347');
    expect(again.notes).toEqual([expect.stringContaining('2 backups')]);
  });

  it('is not moved to other ports', async () => {
    const first = await plan({ portBase: 13345 });
    await expect(plan({ portBase: 14345 }, first.plan)).rejects.toThrow('--port-base 13345');
    expect((await plan({ portBase: 13345 }, first.plan)).plan).toEqual(first.plan);
  });
});

describe('the file of a plan', () => {
  it('is read as it was written, and told apart from a damaged one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dsm-plan-'));
    try {
      expect(readPlan(folder)).toBeNull();
      const written = { ...(await plan({})).plan, runtime: 'bun' } as const;
      writePlan(folder, written);
      expect(readPlan(folder)).toEqual(written);
      for (const text of ['{', '{"version":2}', '{"version":1,"portBase":1,"nodes":[{}]}']) {
        writeFileSync(join(folder, 'cluster.json'), text);
        expect(() => readPlan(folder)).toThrow('cluster.json is damaged');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
