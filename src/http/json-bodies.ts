/** JSON that clients send: decoded strictly, and checked against a schema with an error for people. */
import type { z } from 'zod';
import { DsmError } from '../core/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

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

/** Throws `invalid_request`; `path` stands before the names of fields. */
export function checked<T extends z.ZodType>(schema: T, json: unknown, path = ''): z.output<T> {
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
