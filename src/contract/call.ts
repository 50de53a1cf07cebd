/** Calls of the HTTP API for tests, with every answer read to its end, and what is true of all. */
import { expect } from 'vitest';
import { headerNames } from '../http/headers.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** `bytes` as UTF-8. */
  readonly text: string;
}

/** What `fetch` takes beside the URL; `duplex` belongs to a body that is a stream. */
export type CallInit = RequestInit & { readonly duplex?: 'half' };

export async function call(url: string, init: CallInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const { status, headers } = response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status, headers, bytes, text: new TextDecoder().decode(bytes) };
}

export const keyUrl = (url: string, key: string) => `${url}/v1/kv/${encodeURIComponent(key)}`;

export type Headings = Readonly<Record<string, string>>;

export function put(
  url: string,
  key: string,
  value: string | Uint8Array<ArrayBuffer>,
  headers: Headings = {},
): Promise<Answer> {
  return call(keyUrl(url, key), { method: 'PUT', body: value, headers });
}

export function get(url: string, key: string, query = '', headers: Headings = {}): Promise<Answer> {
  return call(keyUrl(url, key) + query, { headers });
}

export function remove(url: string, key: string, headers: Headings = {}): Promise<Answer> {
  return call(keyUrl(url, key), { method: 'DELETE', headers });
}

/** The value; throws where there is none. */
export async function textOf(url: string, key: string, query = ''): Promise<string> {
  const { status, text } = await get(url, key, query);
  if (status !== 200) throw new Error(`READ ${key} at ${url}: ${status} ${text}`);
  return text;
}

/** The revision of a write that is there. */
export function expectWritten(answer: Answer): number {
  expect([200, 201], answer.text).toContain(answer.status);
  return revisionOf(answer);
}

/** Of an ETag as this store makes it. */
export function revisionOf(answer: Answer): number {
  const revision = Number(/^"(\d+)"$/.exec(answer.headers.get('etag') ?? '')?.[1]);
  expect(revision).toBeGreaterThan(0);
  return revision;
}

/** A failure as DESIGN.md §6 promises it; returns the problem. */
export function expectProblem(
  answer: Answer,
  status: number,
  code: string,
): Readonly<Record<string, unknown>> {
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`"${code}"`)]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = JSON.parse(answer.text);
  expect(problem).toMatchObject({
    type: `urn:dsm:problem:${code}`,
    title: expect.any(String),
    detail: expect.any(String),
    status,
    code,
    outcome: expect.stringMatching(/^(not-applied|unknown)$/),
    retryable: expect.any(Boolean),
  });
  expectFacts(answer);
  return problem;
}

/** Every answer says who answered, in which role, epoch and revision. */
export function expectFacts({ headers }: Answer): void {
  const { node, role, epoch, revision } = headerNames;
  expect(headers.get(node)).toMatch(/^[0-9a-z]{20}$/);
  expect(headers.get(role)).toMatch(/^[a-z]+$/);
  expect(headers.get(epoch)).toMatch(/^\d+$/);
  expect(headers.get(revision)).toMatch(/^\d+$/);
}
