/** What adapters take: a client that exists, or what one is made of. */
import { type Client, createClient } from '../client/client.ts';
import type { ClientOptions } from '../client/types.ts';

export type ClientOrOptions =
  | { /** To share with the rest of the program. */ readonly client: Client }
  | ClientOptions;

/** Throws a DsmError `invalid_request` where there are neither a client nor usable masters. */
export function clientOf(options: ClientOrOptions): Client {
  return 'client' in options ? options.client : createClient(options);
}

/** Whether there is such a key, without its value. */
export async function hasKey(client: Client, key: string): Promise<boolean> {
  // From the key to the next one that there can be.
  for await (const _ of client.keys({ start: key, end: `${key}\0`, limit: 1 })) return true;
  return false;
}
