/**
 * The history format of dsm: newline-delimited JSON. The first line names the format,
 *
 *     {"format":"dsm-history","version":1}
 *
 * and each other line is one call of one client, in any order:
 *
 *     {"process":1,"op":"put","key":"a","value":"x","callUs":10,"returnUs":25,"outcome":"ok","revision":7}
 *     {"process":2,"op":"get","key":"a","value":"x","revision":7,"callUs":30,"returnUs":41,"outcome":"ok"}
 *     {"process":2,"op":"get","key":"b","value":null,"nodeRevision":7,"callUs":50,"returnUs":61,"outcome":"ok"}
 *     {"process":1,"op":"put","key":"a","value":"y","condition":6,"callUs":30,"returnUs":44,"outcome":"not-applied","currentRevision":7}
 *     {"process":3,"op":"delete","key":"a","callUs":30,"returnUs":null,"outcome":"unknown"}
 *
 * - `op`: get, put, delete, increment (with `by`), get-and-delete.
 * - `callUs`, `returnUs`: integer µs on one monotonic clock; `returnUs` is null where no answer came.
 *   A process makes one call at a time, and none after one that never returned.
 * - `outcome`: `ok`; `not-applied`, with `currentRevision` (0 is absent) where the key's state was the
 *   reason (412, 404) and without it otherwise; `unknown`.
 * - `value`: what was written, or what was read (null is absent), or the result of an increment as a
 *   decimal integer. Values that are not text must be written so that equal bytes stay equal.
 * - `revision`: lsn of the write, or of the value that was read; `nodeRevision`: the answering node's
 *   appliedLsn; `condition`: absent, present or a revision; `consistency`, `minRevision`: of a get.
 *
 * The store is empty when the history begins, and nothing in it has a lifetime.
 */
import { z } from 'zod';
import { ascending, type HistoryOperation } from '../history.ts';
import { numberedLines } from './event-log.ts';
import { ParseError } from './parse-error.ts';

const headerSchema = z.strictObject({
  format: z.literal('dsm-history'),
  version: z.literal(1),
});

/** The first line of a file. */
export const dsmHistoryHeader = '{"format":"dsm-history","version":1}\n';

const whole = z.int();
const revision = z.int().min(1);
const common = {
  process: z.union([z.int().min(0), z.string().min(1)]),
  key: z.string().min(1),
  callUs: whole,
  returnUs: z.nullable(whole),
  outcome: z.enum(['ok', 'not-applied', 'unknown']),
  nodeRevision: z.int().min(0).exactOptional(),
};
const writing = {
  ...common,
  revision: revision.exactOptional(),
  currentRevision: z.int().min(0).exactOptional(),
};
const condition = z.union([z.enum(['none', 'absent', 'present']), revision]).exactOptional();
const decimal = z.string().regex(/^-?\d+$/, 'must be a decimal integer');

const lineSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('get'),
    ...common,
    value: z.nullable(z.string()).exactOptional(),
    revision: revision.exactOptional(),
    consistency: z.enum(['linearizable', 'quorum', 'stale']).exactOptional(),
    minRevision: z.int().min(0).exactOptional(),
  }),
  z.strictObject({ op: z.literal('put'), ...writing, value: z.string(), condition }),
  z.strictObject({ op: z.literal('delete'), ...writing, condition }),
  z.strictObject({
    op: z.literal('increment'),
    ...writing,
    by: whole,
    value: decimal.exactOptional(),
  }),
  z.strictObject({
    op: z.literal('get-and-delete'),
    ...writing,
    value: z.string().exactOptional(),
  }),
]);

/** What is wrong with an operation that has all its fields; null where nothing is. */
function faultOf(operation: HistoryOperation): string | null {
  const { op, outcome, callUs, returnUs, value, revision, currentRevision } = operation;
  if (returnUs < callUs) return `returnUs ${returnUs} is before callUs ${callUs}`;
  if (outcome !== 'unknown' && returnUs === Number.POSITIVE_INFINITY) {
    return `the outcome ${outcome} needs a returnUs`;
  }
  if (outcome !== 'ok' && revision !== undefined) return `the outcome ${outcome} has no revision`;
  if (outcome !== 'not-applied' && currentRevision !== undefined) {
    return `the outcome ${outcome} has no currentRevision`;
  }
  const answersValue = op === 'get' || op === 'increment' || op === 'get-and-delete';
  if (answersValue && outcome === 'ok' && value === undefined)
    return `${op} that is ok needs a value`;
  if (op === 'get' && value === null && revision !== undefined) {
    return 'an absent key has no revision; give the nodeRevision';
  }
  return null;
}

function messageOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : `${error}`;
  return error.issues
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
    .join('; ');
}

function parseLine(content: string): HistoryOperation {
  const { returnUs, ...rest } = lineSchema.parse(JSON.parse(content));
  const operation = { ...rest, returnUs: returnUs ?? Number.POSITIVE_INFINITY };
  const fault = faultOf(operation);
  if (fault !== null) throw new Error(fault);
  return operation;
}

/** Throws a ParseError where one process makes two calls at one time. */
function checkProcesses(
  numbered: readonly { line: number; operation: HistoryOperation }[],
  file: string,
): void {
  const byProcess = Map.groupBy(numbered, ({ operation }) => operation.process);
  for (const [process, calls] of byProcess) {
    calls.sort((a, b) => ascending(a.operation.callUs, b.operation.callUs));
    for (const [place, { line, operation }] of calls.entries()) {
      const before = calls[place - 1];
      if (before !== undefined && before.operation.returnUs > operation.callUs) {
        throw new ParseError(
          file,
          line,
          `process ${process} is still in its call of line ${before.line}`,
        );
      }
    }
  }
}

/** Throws a ParseError where the text does not begin with the header. */
function checkHeader(content: string, file: string, line: number): void {
  try {
    headerSchema.parse(JSON.parse(content));
  } catch {
    const expected = dsmHistoryHeader.trim();
    throw new ParseError(file, line, `expected the line ${expected}; is it another --format?`);
  }
}

/** Throws a ParseError that names the file and the line. */
export function parseDsmHistory(text: string, file: string): HistoryOperation[] {
  const [first, ...lines] = numberedLines(text);
  checkHeader(first?.content ?? '', file, first?.line ?? 1);
  const numbered = lines.map(({ line, content }) => {
    try {
      return { line, operation: parseLine(content) };
    } catch (error) {
      throw new ParseError(file, line, messageOf(error));
    }
  });
  checkProcesses(numbered, file);
  return numbered.map(({ operation }) => operation);
}

/** One line of a file. */
export function formatDsmOperation(operation: HistoryOperation): string {
  const { returnUs, ...rest } = operation;
  const end = returnUs === Number.POSITIVE_INFINITY ? null : returnUs;
  return `${JSON.stringify({ ...rest, returnUs: end })}\n`;
}

export function formatDsmHistory(history: readonly HistoryOperation[]): string {
  return dsmHistoryHeader + history.map(formatDsmOperation).join('');
}
