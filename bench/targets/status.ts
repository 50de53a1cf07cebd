/** What the bench reads of `GET /v1/status`: the only place that knows the names. */
import { z } from 'zod';

const statusSchema = z.looseObject({
  nodeId: z.string(),
  role: z.string(),
  state: z.string().default(''),
  epoch: z.number().default(0),
  committedLsn: z.number().default(0),
  appliedLsn: z.number().default(0),
  counters: z.record(z.string(), z.number()).default({}),
});
export type Status = z.infer<typeof statusSchema>;

export interface Counters {
  /** READs of clients that this node answered, from its own map. */
  readonly reads: number | null;
  /** WRITEs of clients that this node took. */
  readonly writes: number | null;
  /** Messages with log records (and heartbeats) that this slave took. */
  readonly appends: number | null;
}

const statusMs = 5_000;

/** Rejects where the node does not answer within five seconds, or not with a status. */
export async function readStatus(url: string): Promise<Status> {
  const answer = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(statusMs) });
  if (!answer.ok) throw new Error(`${url}/v1/status answered ${answer.status}`);
  return statusSchema.parse(await answer.json());
}

export function countersOf({ counters }: Status): Counters {
  const pick = (name: string) => counters[name] ?? null;
  return { reads: pick('reads'), writes: pick('writes'), appends: pick('appendsTaken') };
}

/** Growth; null where either end is not known. */
export function growth(before: Counters, after: Counters): Counters {
  const minus = (b: number | null, a: number | null) => (a === null || b === null ? null : a - b);
  return {
    reads: minus(before.reads, after.reads),
    writes: minus(before.writes, after.writes),
    appends: minus(before.appends, after.appends),
  };
}
