import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPlainKey, parseKey, targetOf } from './keys.ts';
import { jsonOf, setUp } from './testing/set-up.ts';

const keyBytesMax = 1024;
const attempt = (parseIt: () => string): string | null => {
  try {
    return parseIt();
  } catch {
    return null;
  }
};
const parse = (rawKey: string) => parseKey(rawKey, keyBytesMax);

describe('a key', () => {
  test.each([
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a%2fb', 'a/b'],
    ['a//b', 'a//b'],
    ['/', '/'],
    ['%25zz', '%zz'],
    ['%E0%A4%95', 'क'],
    ['%F0%9F%98%80', '😀'],
    ['%00', '\0'],
    ['%0A', '\n'],
    ['a.b', 'a.b'],
    ['...', '...'],
    ['.a/b..', '.a/b..'],
    ['a%2F..%2Fb', 'a/../b'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['__proto__', '__proto__'],
    ["!$&'()*,;=:@-_~", "!$&'()*,;=:@-_~"],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['%C3%A9'.repeat(512), 'é'.repeat(512)],
  ])('%s is %j', (rawKey, key) => {
    expect(parse(rawKey)).toBe(key);
  });

  test.each([
    ['', 'at least one byte'],
    ['x'.repeat(1025), 'this one has 1025'],
    ['%C3%A9'.repeat(513), 'this one has 1026'],
    ['%', 'percent sign'],
    ['%zz', 'percent sign'],
    ['a%2', 'percent sign'],
    ['%E0%A4', 'percent sign'],
    ['%C0%80', 'percent sign'],
    ['%ED%A0%80', 'percent sign'],
    ['%FF', 'percent sign'],
    ['é', 'percent-encoded'],
    ['a b', 'percent-encoded'],
    ['a\\b', 'percent-encoded'],
    ['a#b', 'percent-encoded'],
    ['\ud800', 'percent-encoded'],
    ['.', 'folders'],
    ['..', 'folders'],
    ['%2e', 'folders'],
    ['%2E%2e', 'folders'],
    ['.%2e', 'folders'],
    ['a/../b', 'folders'],
    ['a/.', 'folders'],
    ['../a', 'folders'],
  ])('%j is none: %s', (rawKey, reason) => {
    expect(() => parse(rawKey)).toThrow(reason);
  });

  test('every text of the right length but . and .. is a key, by its encoding', () => {
    const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(text !== '.' && text !== '..');
        expect(parse(encodeURIComponent(text))).toBe(text);
      }),
    );
  });

  test('a raw key is refused, or it is its decoded form; without a look only where they agree', () => {
    const rawKeys = fc.string({ unit: fc.constantFrom(...'a./%2e\\#é 0~'), maxLength: 8 });
    fc.assert(
      fc.property(rawKeys, (rawKey) => {
        const key = attempt(() => parse(rawKey));
        expect([null, attempt(() => decodeURIComponent(rawKey))]).toContain(key);
        if (isPlainKey(rawKey, keyBytesMax)) expect(key).toBe(rawKey);
      }),
    );
  });

  test('no two raw keys that a URL parser tells apart are mixed up', () => {
    const segment = fc.string({ unit: fc.constantFrom('a', '.', '%2e', '%2F', '/'), maxLength: 6 });
    fc.assert(
      fc.property(segment, (rawKey) => {
        const seen = targetOf(new URL(`http://h/v1/kv/x${rawKey}`).href).rawKey;
        fc.pre(seen !== `x${rawKey}`);
        // The parser has removed dots: then the raw key must not have been a key by itself.
        expect(() => parse(`x${rawKey}`)).toThrow('folders');
      }),
    );
  });
});

test('the target of a URL is its raw key and its query', () => {
  expect(targetOf('http://h:1/v1/kv/a/b?x=/v1/kv/')).toEqual({ rawKey: 'a/b', query: 'x=/v1/kv/' });
  expect(targetOf('http://h:1/v1/kv/')).toEqual({ rawKey: '', query: '' });
});

test('a bad key is 400 for every method, and nothing happens', async () => {
  const { app, node } = setUp();
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const response = await app.request('/v1/kv/%zz', { method });
    expect(response.status).toBe(400);
    const problem = { code: 'invalid_key', outcome: 'not-applied', retryable: false };
    expect(await jsonOf(response)).toMatchObject(problem);
    expect(response.headers.get('dsm-node')).toBe('node-a');
  }
  expect(node.writes).toEqual([]);
});
