/**
 * Keys as unstorage names them, `users:alice`, and as they stand in this store, `users/alice`: what
 * one program stores through unstorage another one finds under `/v1/kv/users/alice`. Needs no
 * runtime: the driver of the client library shares it.
 */

/** The key in the store; '' for none. `:`, `/` and `\` divide it, and empty parts are left out. */
export function storedKeyOf(name: string): string {
  return name.replace(/[:/\\]+/g, '/').replace(/^\/|\/$/g, '');
}

/** What the stored keys below a base begin with; '' for all. */
export function storedPrefixOf(base: string): string {
  const key = storedKeyOf(base);
  return key === '' ? '' : `${key}/`;
}

/** False for a key, written by other means, that unstorage has no name for: `a:b`, `a//b`, `/a`. */
export function isNameable(key: string): boolean {
  return key !== '' && storedKeyOf(key) === key;
}
