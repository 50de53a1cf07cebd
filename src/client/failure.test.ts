import { describe, expect, it } from 'vitest';
import { noteAnswer, silenceOf } from './failure.ts';

const node = (cause: Error) => new TypeError('fetch failed', { cause });
const coded = (message: string, facts: object) => Object.assign(new Error(message), facts);

/** Errors as the runtimes throw them, seen on Node 24, Bun 1.4 and Deno 2.9. */
const errors = {
  nodeRefused: node(coded('connect', { code: 'ECONNREFUSED', syscall: 'connect' })),
  nodeNoSuchHost: node(coded('getaddrinfo', { code: 'ENOTFOUND', syscall: 'getaddrinfo' })),
  nodeBothStacks: node(
    new AggregateError([
      coded('connect ::1', { code: 'ECONNREFUSED', syscall: 'connect' }),
      coded('connect 127.0.0.1', { code: 'ECONNREFUSED', syscall: 'connect' }),
    ]),
  ),
  nodeClosed: node(coded('other side closed', { code: 'UND_ERR_SOCKET' })),
  nodeReset: node(coded('read ECONNRESET', { code: 'ECONNRESET', syscall: 'read' })),
  bunRefused: Object.assign(new TypeError('Unable to connect.'), { code: 'ECONNREFUSED' }),
  bunReset: Object.assign(new TypeError('closed unexpectedly'), { code: 'ECONNRESET' }),
  denoRefused: node(new Error('error sending request: client error (Connect): tcp connect error')),
  denoClosed: node(new Error('error sending request: client error (SendRequest): closed')),
  browser: new TypeError('Failed to fetch'),
};

describe('an error of fetch', () => {
  it.each([
    'nodeRefused',
    'nodeNoSuchHost',
    'nodeBothStacks',
    'bunRefused',
    'denoRefused',
  ] as const)('%s: nothing was sent to an address that never answered', (name) => {
    expect(silenceOf(errors[name], 'http://fresh:1')).toBe('refused');
  });

  it.each(['nodeClosed', 'nodeReset', 'bunReset', 'denoClosed', 'browser'] as const)(
    '%s: the request may have been applied',
    (name) => {
      expect(silenceOf(errors[name], 'http://fresh:1')).toBe('broken');
    },
  );

  it('of Bun and Deno proves nothing once the address has answered: they send again', () => {
    noteAnswer('http://used:1');
    expect(silenceOf(errors.bunRefused, 'http://used:1')).toBe('broken');
    expect(silenceOf(errors.denoRefused, 'http://used:1')).toBe('broken');
    expect(silenceOf(errors.nodeRefused, 'http://used:1')).toBe('refused');
  });
});
