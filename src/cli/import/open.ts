/** Which kind of file it is, by how it begins, and its reader. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { ByteReader } from './byte-reader.ts';
import type { Found } from './items.ts';
import { readJsonLines } from './json-lines.ts';
import { type CommandOptions, readRedisCommands } from './redis-commands.ts';
import { readRedisDump } from './redis-dump.ts';

export const formats = ['auto', 'json', 'redis-dump', 'redis-commands'] as const;
export type Format = (typeof formats)[number];

/** Standard input where `file` is `-` or not given. */
export async function* openImport(
  file: string | undefined,
  format: Format,
  options: CommandOptions,
): AsyncGenerator<Found, void, void> {
  const reader = new ByteReader(bytesOf(file));
  const kind = format === 'auto' ? kindOf(await reader.peek()) : format;
  if (kind === 'redis-dump') {
    await expectSound(file, options);
    yield* readRedisDump(reader, options);
  } else if (kind === 'redis-commands') yield* readRedisCommands(reader, options);
  else yield* readJsonLines(reader);
}

/**
 * The checksum of a dump is at its end: a file is read once before anything of it is stored. A pipe
 * cannot be read twice, whatever name it has (`<(redis-cli --rdb -)`).
 */
async function expectSound(file: string | undefined, options: CommandOptions): Promise<void> {
  if (isStdin(file) || !(await stat(file)).isFile()) return;
  for await (const _ of readRedisDump(new ByteReader(bytesOf(file)), options));
}

function isStdin(file: string | undefined): file is '-' | undefined {
  return file === undefined || file === '-';
}

/** A dump begins with REDIS, an append-only file with an array or the time of one. */
function kindOf(first: number | null): Exclude<Format, 'auto'> {
  const sign = String.fromCharCode(first ?? 0);
  if (sign === 'R') return 'redis-dump';
  return sign === '*' || sign === '#' ? 'redis-commands' : 'json';
}

async function* bytesOf(file: string | undefined): AsyncGenerator<Uint8Array, void, void> {
  if (isStdin(file)) {
    yield* process.stdin;
    return;
  }
  yield* createReadStream(file, { highWaterMark: 1024 * 1024 });
}
