/** Small pieces of the page. Everything that comes from data is escaped here. */
import type { Field } from '../results/table.ts';

export const escapeHtml = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** JSON that cannot end the script element it stands in. */
export const scriptJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll('<', '\\u003c');

export interface Column<T> {
  readonly title: string;
  /** What is sorted by; empty sorts last. */
  readonly value: (item: T) => Field;
  /** What is shown; the value itself by default. */
  readonly text?: (item: T) => string;
  readonly isText?: boolean;
}

const shown = (field: Field): string =>
  field === null ? '–' : typeof field === 'number' ? field.toLocaleString('en') : String(field);

export function table<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  rowClass: (item: T) => string = () => '',
): string {
  const align = (column: Column<T>) => (column.isText ? ' class="text"' : '');
  const head = columns
    .map((column) => {
      const title = escapeHtml(column.title);
      return `<th scope="col"${align(column)}><button type="button">${title}</button></th>`;
    })
    .join('');
  const rows = items.map((item) => {
    const cells = columns.map((column) => {
      const value = column.value(item);
      const text = escapeHtml(column.text?.(item) ?? shown(value));
      return `<td${align(column)} data-value="${escapeHtml(String(value ?? ''))}">${text}</td>`;
    });
    return `<tr class="${rowClass(item)}">${cells.join('')}</tr>`;
  });
  const body = rows.join('\n');
  const whole = `<thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody>`;
  return `<div class="scroll"><table>${whole}</table></div>`;
}

export function definitions(entries: Readonly<Record<string, string>>): string {
  const items = Object.entries(entries).map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return `<dl>${items.join('\n')}</dl>`;
}
