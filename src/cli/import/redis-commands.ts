/**
 * Commands of Redis, as an append-only file holds them and `redis-cli --pipe` takes them: arrays of
 * RESP, or one command a line. Which keys they leave is known only at the end, so they are run on a
 * map in memory, and the strings that are there then are found. A command that is not known may have
 * changed the keys that it names to anything: they are left out rather than stored wrong.
 */
import { Buffer } from 'node:buffer';
import { type ByteReader, wrong } from './byte-reader.ts';
import { type Found, foundOf, shownKey } from './items.ts';
import { RedisDatabases } from './redis-databases.ts';

export interface CommandOptions {
  /** The one whose keys are taken. */
  readonly database: number;
  /** Lifetimes like those of EXPIRE begin then. */
  readonly nowMs: number;
}

const argumentsMax = 1024 * 1024;
const argumentBytesMax = 512 * 1024 * 1024;
const lineBytesMax = 64 * 1024 * 1024;

export async function* readRedisCommands(
  reader: ByteReader,
  { database, nowMs }: CommandOptions,
): AsyncGenerator<Found, void, void> {
  const databases = new RedisDatabases(nowMs);
  for (;;) {
    const command = await readCommand(reader);
    if (command === null) break;
    databases.run(command, reader.offset);
  }
  for (const [number, keys] of databases) {
    for (const [name, key] of keys) {
      if (key.kind === 'maybe') continue;
      if (number !== database) {
        yield { kind: 'left-out', what: `keys of database ${number}`, key: name };
      } else if (key.kind === 'other') {
        yield { kind: 'left-out', what: key.what, key: name };
      } else {
        const value = Buffer.concat(key.parts);
        yield foundOf(Buffer.from(name, 'latin1'), value, key.expiresAtMs);
      }
    }
  }
  if (!databases.isInTransaction) return;
  yield {
    kind: 'left-out',
    what: 'transactions that the file ends in: MULTI without EXEC',
    key: '',
  };
}

/** Null at the end. Throws `invalid_request` for what is no command. */
async function readCommand(reader: ByteReader): Promise<Uint8Array[] | null> {
  for (;;) {
    const first = await reader.peek();
    if (first === null) return null;
    if (first === 0x2a) return readArray(reader);
    const line = await reader.line(lineBytesMax);
    // A comment: Redis writes times into its files.
    if (line === null || first === 0x23) continue;
    const words = wordsOf(line, reader.offset);
    if (words.length > 0) return words;
  }
}

/** `*2\r\n$3\r\nGET\r\n$1\r\na\r\n` */
async function readArray(reader: ByteReader): Promise<Uint8Array[]> {
  const count = await readCount(reader, '*', argumentsMax);
  const words: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1) {
    const length = await readCount(reader, '$', argumentBytesMax);
    words.push((await reader.take(length)).slice());
    await reader.skip(2);
  }
  return words;
}

async function readCount(reader: ByteReader, sign: string, max: number): Promise<number> {
  const { offset } = reader;
  const line = shownKey((await reader.line(64)) ?? new Uint8Array(0));
  const count = /^\d{1,10}$/.test(line.slice(1)) ? Number(line.slice(1)) : Number.NaN;
  if (line.startsWith(sign) && count <= max) return count;
  throw wrong(`${JSON.stringify(line)} stands where ${sign} and a number should`, offset);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** As redis-cli splits a line: words, 'words' and "words", the last ones with escapes. */
function wordsOf(line: Uint8Array, offset: number): Uint8Array[] {
  // One unit for each byte, so that nothing is lost of what is no UTF-8.
  const text = Buffer.from(line).toString('latin1');
  const words = text.match(/"(?:[^"\\]|\\.)*"(?!\S)|'(?:[^'\\]|\\.)*'(?!\S)|[^\s"']\S*|\S+/g) ?? [];
  return words.map((word) => {
    if (/^[^"']/.test(word)) return Buffer.from(word, 'latin1');
    if (word.length < 2 || word.at(-1) !== word[0]) {
      throw wrong(`a quote is not closed in ${JSON.stringify(text.slice(0, 80))}`, offset);
    }
    return Buffer.from(unquoted(word.slice(1, -1), word[0] === '"'), 'latin1');
  });
}

function unquoted(text: string, isDouble: boolean): string {
  if (!isDouble) return text.replaceAll("\\'", "'");
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex?: string, one = '') =>
    hex === undefined ? (escapes[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
