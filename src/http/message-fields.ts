/** Takes a JSON object apart, strictly: what a node acts on has the type that it believes in. */
import { DsmError } from '../core/errors.ts';
import type { Position } from '../core/messages.ts';

/** Longest text in a message: an id, a URL or a key. */
const textLengthMax = 4096;

/** Every method throws `invalid_request` that names the field. */
export class MessageFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #within: string;

  constructor(message: unknown, within = '') {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw invalid(within === '' ? 'it' : within, 'an object');
    }
    this.#fields = message as Readonly<Record<string, unknown>>;
    this.#within = within;
  }

  #path(name: string): string {
    return this.#within === '' ? name : `${this.#within}.${name}`;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value.length <= textLengthMax) return value;
    throw invalid(this.#path(name), 'a text');
  }

  /** A whole number from 0 on. */
  count(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw invalid(this.#path(name), 'a whole number from 0 on');
  }

  /** A time or a duration: finite and not negative. */
  ms(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw invalid(this.#path(name), 'a number from 0 on');
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    if (typeof value === 'boolean') return value;
    throw invalid(this.#path(name), 'true or false');
  }

  position(name: string): Position {
    const fields = new MessageFields(this.#fields[name], this.#path(name));
    return { epoch: fields.count('epoch'), lsn: fields.count('lsn') };
  }

  /** What `parse` makes of an object, or null. */
  optional<T>(name: string, parse: (fields: MessageFields) => T): T | null {
    const value = this.#fields[name];
    return value === null ? null : parse(new MessageFields(value, this.#path(name)));
  }

  /** A base URL: where another node will send messages and the cluster secret to. */
  baseUrl(name: string): string {
    const value = this.text(name);
    if (isBaseUrl(value)) return value;
    throw invalid(
      this.#path(name),
      'an http(s) base URL without a path, like http://10.0.0.1:12345',
    );
  }
}

/** The last one that was found to be one: messages that come often come from one master. */
let lastBaseUrl: string | null = null;

/** Scheme, host and port; no path, no slash at the end, nobody's name. */
function isBaseUrl(text: string): boolean {
  if (text === lastBaseUrl) return true;
  const isOne = /^https?:\/\/[^/?#@\\\s]+$/.test(text) && URL.canParse(text);
  if (isOne) lastBaseUrl = text;
  return isOne;
}

function invalid(path: string, expected: string): DsmError {
  return new DsmError('invalid_request', `In the message, ${path} must be ${expected}`);
}
