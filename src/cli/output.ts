/** Writing to standard streams so that nothing is cut off when the process ends. */
import process from 'node:process';
import type { Writable } from 'node:stream';

/** Resolves when the data has left; with false where the reader went away (`| head`). */
export function write(stream: Writable, data: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') resolve(false);
      else reject(error);
    };
    stream.once('error', onError);
    stream.write(data, (error) => {
      // An error event may follow its callback: the listener stays for it.
      if (error) return onError(error);
      stream.off('error', onError);
      resolve(true);
    });
  });
}

export const writeLine = (text: string) => write(process.stdout, `${text}\n`);
export const writeErrorLine = (text: string) => write(process.stderr, `${text}\n`);

/** Columns as wide as their widest cell, the first row as the head. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}
