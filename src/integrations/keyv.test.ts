import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import Keyv from 'keyv';
import * as vitest from 'vitest';
import { createTestStore, type TestStore } from '../testing.ts';
import { KeyvDsm } from './keyv.ts';

const { afterEach, beforeEach, describe, expect, it } = vitest;

let store: TestStore;
const keyvStore = () => new KeyvDsm({ client: store.client });
beforeEach(() => {
  store = createTestStore();
});
afterEach(() => store.close());

describe('the test suite of Keyv', () => {
  keyvTestSuite(vitest, Keyv, keyvStore);
  keyvIteratorTests(vitest, Keyv, keyvStore);
});

describe('the store for Keyv', () => {
  it('ends lifetimes in the cluster, not in the reader only', async () => {
    const keyv = new Keyv({ store: keyvStore(), namespace: 'n' });
    await keyv.set('short', 'v', 1500);
    await keyv.set('for-ever', 'v');
    const keys = async () => {
      const found = [];
      for await (const key of store.client.keys()) found.push(key);
      return found;
    };
    expect(await keys()).toEqual(['keyv/n:for-ever', 'keyv/n:short']);
    await store.advance(1600);
    expect(await keys()).toEqual(['keyv/n:for-ever']);
  });

  it('leaves alone what is not below its prefix', async () => {
    await store.client.put('other', 'v');
    const [a, b] = ['a/', 'b/'].map(
      (prefix) => new Keyv({ store: new KeyvDsm({ client: store.client, prefix }) }),
    );
    await a?.set('k', 1);
    await b?.set('k', 2);
    await a?.clear();
    expect([await a?.get('k'), await b?.get('k')]).toEqual([undefined, 2]);
    expect(await store.client.get('other')).not.toBeNull();
  });

  it('takes values as they are from a Keyv that does not serialize', async () => {
    const keyv = new Keyv({ store: keyvStore() });
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
    await keyv.set('object', { a: [1] });
    expect(await keyv.get('object')).toEqual({ a: [1] });
    expect(await keyv.get(['object', 'absent'])).toEqual([{ a: [1] }, undefined]);
  });

  it('deletes more than one request holds', async () => {
    const keys = Array.from({ length: 1001 }, (_, i) => String(i));
    const keyv = new Keyv({ store: keyvStore() });
    await keyv.set('0', 'v');
    await keyv.set('1000', 'v');
    expect(await keyv.deleteMany(keys)).toBe(true);
    expect(await keyv.has(['0', '1000'])).toEqual([false, false]);
  });

  it('says what fails, with its code', async () => {
    const refusing = async () => Promise.reject(new TypeError('fetch failed'));
    const options = { masters: ['http://127.0.0.1:1'], timeoutMs: 1, fetch: refusing };
    const keyv = new Keyv({ store: new KeyvDsm(options) });
    const errors: unknown[] = [];
    keyv.on('error', (error) => errors.push(error));
    expect(await keyv.set('k', 'v')).toBe(false);
    expect(errors).toEqual([expect.objectContaining({ name: 'DsmError' })]);
  });
});
