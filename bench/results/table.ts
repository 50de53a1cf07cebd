/**
 * Flat rows and their CSV: `.` decimals, LF, RFC 4180 quoting, an empty field for "not measured".
 * Plain TypeScript: the k6 scripts write the same files.
 */
export type Field = string | number | boolean | null;
export type Row = Readonly<Record<string, Field>>;

/** Every file of results begins with these, in this order. */
export const leadingColumns = [
  'timestamp',
  'client_count',
  'slave_count',
  'total_requests',
  'success_count',
  'error_count',
  'read_latency_us',
  'write_latency_us',
  'throughput_rps',
  'read_count',
  'write_count',
] as const;

const numberPattern = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/** A text that could be taken for something else is quoted, so that reading gives it back. */
function quote(field: Field): string {
  if (field === null) return '';
  const text = String(field);
  if (typeof field !== 'string') return text;
  const isPlain = !/[",\n\r]|^$|^true$|^false$/.test(text) && !numberPattern.test(text);
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}

/** All rows must have the columns of the first one. */
export function formatCsv(rows: readonly Row[], columns: readonly string[]): string {
  const lines = rows.map((row) => columns.map((column) => quote(row[column] ?? null)).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** Splits one CSV text into records of fields; quotes are undone. */
function splitCsv(text: string): { text: string; quoted: boolean }[][] {
  const records: { text: string; quoted: boolean }[][] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/gy;
  let record: { text: string; quoted: boolean }[] = [];
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw new Error(`the CSV is damaged near byte ${pattern.lastIndex}`);
    const quoted = match[1] !== undefined;
    record.push({ text: match[1]?.replaceAll('""', '"') ?? match[2] ?? '', quoted });
    if (match[3] === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}

function parseField({ text, quoted }: { text: string; quoted: boolean }): Field {
  if (quoted) return text;
  if (text === '') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return numberPattern.test(text) ? Number(text) : text;
}

/** The inverse of `formatCsv`. Throws where a line has another number of fields than the first. */
export function parseCsv(text: string): Row[] {
  const [header = [], ...records] = splitCsv(text);
  return records.map((record, index) => {
    if (record.length !== header.length) {
      throw new Error(`line ${index + 2} has ${record.length} fields, not ${header.length}`);
    }
    return Object.fromEntries(
      header.map((column, place) => [column.text, parseField(record[place]!)]),
    );
  });
}
