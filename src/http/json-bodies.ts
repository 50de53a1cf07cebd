/** JSON that clients send: decoded strictly, and checked against a schema with an error for people. */
import type { z } from 'zod';
import { DsmError } from '../core/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Of a transaction or a batch, as JSON. */
export const jsonBytesMax = 4 * 1024 * 1024;

/** Issues named in one message. */
const shownMax = 3;

/** Throws `invalid_request`. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new DsmError('invalid_request', 'The body is not UTF-8');
  }
}

/** Throws `invalid_request`. */
export function jsonOf(text: string, what = 'The body'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : '';
    throw new DsmError('invalid_request', `${what} is not JSON: ${reason}`);
  }
}

/**
 * A schema looks at all that there is, and says what is wrong with each part of it, before anybody
 * hears that it is too much. More parts than this no valid body has.
 */
const partsMax = 10_000;

/** Throws `too_large`. Looks at no more than `partsMax` elements and fields. */
function expectModest(json: unknown): void {
  const open = [json];
  let parts = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    for (const name in next) {
      parts += 1;
      if (parts > partsMax) {
        const text = `The body has more than ${partsMax} elements and fields; send less at once`;
        throw new DsmError('too_large', text);
      }
      open.push((next as { readonly [name: string]: unknown })[name] ?? null);
    }
  }
}

/** Throws `invalid_request` or `too_large`; `path` stands before the names of fields. */
export function checked<T extends z.ZodType>(schema: T, json: unknown, path = ''): z.output<T> {
  expectModest(json);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const shown = issues.slice(0, shownMax).map((issue) => {
    const at = pathOf(path, issue.path);
    return at === '' ? issue.message : `${at}: ${issue.message}`;
  });
  const more = issues.length > shownMax ? ` (and ${issues.length - shownMax} more)` : '';
  throw new DsmError('invalid_request', `${shown.join('; ').slice(0, 1000)}${more}`);
}

function pathOf(start: string, path: readonly PropertyKey[]): string {
  let text = start;
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}
