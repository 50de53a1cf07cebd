/** What comes on standard input, or stands in a file. */
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import process from 'node:process';

/** More than any node takes by default: an endless pipe must not fill the memory. */
const stdinBytesMax = 64 * 1024 * 1024;

export async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > stdinBytesMax) throw new Error(`it is longer than ${stdinBytesMax} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** A whole text; of standard input where `file` is `-` or not given. */
export async function readText(file: string | undefined): Promise<string> {
  const bytes = file === undefined || file === '-' ? await readStdin() : await readFile(file);
  return Buffer.from(bytes).toString('utf8');
}
