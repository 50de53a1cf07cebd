/** Deleting ranges of keys, as many records as that takes. */
import { fieldsOf, strange } from './json-values.ts';
import type { Mutator } from './mutator.ts';
import { queryOf } from './query.ts';
import { parseObject } from './reply.ts';
import type { CallOptions, KeyRange } from './types.ts';

/** The most that nodes delete in one record. */
const limit = 10_000;

/** How many were deleted. Throws a DsmError. */
export async function deleteRange(
  mutator: Mutator,
  { prefix, start, end }: KeyRange,
  options: CallOptions,
): Promise<number> {
  const title = `DELETE ${JSON.stringify(`${prefix}…`)}`;
  const path = `/v1/kv${queryOf({ prefix, start, end, limit })}`;
  for (let total = 0; ; ) {
    const reply = await mutator.run({ title, method: 'DELETE', path }, options);
    const { deleted, hasMore } = fieldsOf(parseObject(reply.body));
    if (typeof deleted !== 'number' || typeof hasMore !== 'boolean') throw strange(reply.url);
    total += deleted;
    if (!hasMore) return total;
  }
}
