/**
 * The answers of one node. Every one of them says which node it is, in which role, epoch and
 * revision; these facts change rarely next to how often they are said, so their text is kept.
 */
import type { DsmError } from '../core/errors.ts';
import type { EntryView, NodeApi } from '../node/api.ts';
import { CheapBodies, cheapBody } from './cheap-body.ts';
import { tagOf } from './conditions.ts';
import { defaultContentType, headerNames } from './headers.ts';
import { type Problem, problemOf } from './problem.ts';
import { SharedHeaders } from './shared-headers.ts';

export type HeaderFields = Readonly<Record<string, string>>;

/**
 * A value that a client stored must not become a page of this origin. Browsers do not interpret
 * `application/octet-stream`, so the usual answer does without these headers: they cost 4 % of it.
 */
const guards: HeaderFields = Object.freeze({
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
});

export interface AnswerOptions {
  /** Set on Bun: answers from copied Headers and bytes, not from plain objects and short texts. */
  readonly sharesHeaders?: boolean;
  /**
   * Whether an empty answer to a PUT says its length. It must on Node, which would need a second write
   * otherwise. Deno says it by itself, and takes a fifth longer over the answer if it is told.
   */
  readonly announcesEmpty?: boolean;
}

export class Answers {
  readonly #node: NodeApi;
  readonly #announcesEmpty: boolean;
  readonly #bodies = new CheapBodies();
  /** Headers of values read, and of values stored; null where they are not shared. */
  readonly #readHeaders: SharedHeaders | null;
  readonly #storedHeaders: SharedHeaders | null;
  #role = '';
  #epoch = -1;
  #appliedLsn = -1;
  #epochText = '';
  #revisionText = '';

  constructor(node: NodeApi, { sharesHeaders = false, announcesEmpty = true }: AnswerOptions = {}) {
    this.#node = node;
    this.#announcesEmpty = announcesEmpty;
    this.#readHeaders = sharesHeaders ? new SharedHeaders() : null;
    this.#storedHeaders = sharesHeaders ? new SharedHeaders() : null;
  }

  #refresh(): void {
    const { state, epoch, appliedLsn } = this.#node;
    if (appliedLsn === this.#appliedLsn && state === this.#role && epoch === this.#epoch) return;
    this.#role = state;
    this.#epoch = epoch;
    this.#appliedLsn = appliedLsn;
    this.#epochText = String(epoch);
    this.#revisionText = String(appliedLsn);
    this.#readHeaders?.forget();
    this.#storedHeaders?.forget();
  }

  /** The facts of this node, now, and `more`. */
  fields(more: HeaderFields): HeaderFields {
    this.#refresh();
    return {
      ...more,
      'dsm-node': this.#node.nodeId,
      'dsm-role': this.#role,
      'dsm-epoch': this.#epochText,
      'dsm-revision': this.#revisionText,
    };
  }

  /**
   * 200 with a value: the hot answer. Or 201, where it was made by the request. `key` where it is
   * what is stored under this key.
   */
  entry(entry: EntryView, status: 200 | 201 = 200, key: string | null = null): Response {
    const body = this.#bodyOf(entry, key);
    if (entry.contentType !== defaultContentType || entry.expiresAtMs > 0) {
      return this.make(status, body, this.#entryFields(entry));
    }
    this.#refresh();
    // Written out: one object of one shape is what all three runtimes are fastest with.
    const headers = {
      'content-type': defaultContentType,
      etag: tagOf(entry.revision),
      'dsm-node': this.#node.nodeId,
      'dsm-role': this.#role,
      'dsm-epoch': this.#epochText,
      'dsm-revision': this.#revisionText,
    };
    const init = { status, headers: this.#readHeaders?.tagged(headers) ?? headers };
    return new Response(body as BodyInit, init);
  }

  #bodyOf(entry: EntryView, key: string | null): string | Uint8Array {
    if (this.#readHeaders !== null) return entry.value;
    return key === null ? cheapBody(entry.value) : this.#bodies.of(this.#node.epoch, key, entry);
  }

  /** 200 to a HEAD: everything but the bytes. */
  entryHead(entry: EntryView): Response {
    const length = { 'content-length': String(entry.value.length) };
    return this.make(200, null, { ...this.#entryFields(entry), ...length });
  }

  #entryFields(entry: EntryView): HeaderFields {
    const { contentType, revision, expiresAtMs } = entry;
    return {
      'content-type': contentType,
      etag: tagOf(revision),
      ...(contentType === defaultContentType ? {} : guards),
      ...(expiresAtMs > 0 ? { [headerNames.expiresIn]: this.#expiresIn(expiresAtMs) } : {}),
    };
  }

  /** Seconds, to the millisecond. */
  #expiresIn(expiresAtMs: number): string {
    return String(Math.max(0, expiresAtMs - this.#node.logTimeMs()) / 1000);
  }

  /** 304: the client holds this revision. */
  held(revision: number): Response {
    return this.make(304, null, { etag: tagOf(revision) });
  }

  /** 200 or 201 to a PUT. */
  stored(status: 200 | 201, revision: number, more?: HeaderFields): Response {
    const etag = tagOf(revision);
    if (more !== undefined)
      return this.make(status, null, { 'content-length': '0', etag, ...more });
    this.#refresh();
    const facts = {
      etag,
      'dsm-node': this.#node.nodeId,
      'dsm-role': this.#role,
      'dsm-epoch': this.#epochText,
      'dsm-revision': this.#revisionText,
    };
    const headers = this.#announcesEmpty ? { 'content-length': '0', ...facts } : facts;
    return new Response(null, {
      status,
      headers: this.#storedHeaders?.tagged(headers) ?? headers,
    });
  }

  empty(status: number, more: HeaderFields = {}): Response {
    return this.make(status, null, more);
  }

  json(status: number, value: object, more: HeaderFields = {}): Response {
    const fields = { 'content-type': 'application/json', ...more };
    return this.make(status, JSON.stringify(value), fields);
  }

  /** 200 with a body that comes bit by bit. */
  stream(body: ReadableStream<Uint8Array>, more: HeaderFields): Response {
    return new Response(body as BodyInit, { headers: this.fields(more) });
  }

  text(status: number, text: string, more: HeaderFields = {}): Response {
    return this.make(status, text, { 'content-type': 'text/plain; charset=utf-8', ...more });
  }

  /** A failure, as `application/problem+json` (RFC 9457). */
  problem(error: DsmError, more: HeaderFields = {}): Response {
    const problem = problemOf(error, error.retryable ? this.#node.activeUrl() : null);
    const body = JSON.stringify(problem);
    return this.make(problem.status, body, { ...problemFields(problem, error), ...more });
  }

  make(status: number, body: Uint8Array | string | null, more: HeaderFields): Response {
    const headers = this.fields(more);
    return new Response(body as BodyInit | null, { status, headers });
  }
}

function problemFields(problem: Problem, error: DsmError): HeaderFields {
  const fields: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (problem.master !== undefined) fields[headerNames.master] = problem.master;
  if (problem.status === 503 || problem.status === 423) {
    const waitMs = error.details.retryAfterMs ?? 1000;
    fields['retry-after'] = String(Math.max(1, Math.ceil(waitMs / 1000)));
  }
  // What is left of the request is not read: the connection is of no further use.
  if (problem.status === 408 || problem.status === 413) fields.connection = 'close';
  return fields;
}
