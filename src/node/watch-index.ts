/**
 * Finds who watches a key, among thousands of keys and prefixes. Prefixes are told apart by their
 * length: a key has one prefix of each length, so a record costs one look for each length that is
 * watched, which are few, and not one for each prefix.
 */
import type { WatchScope } from './watcher.ts';

type ByName<Watcher> = Map<string, Set<Watcher>>;

export class WatchIndex<Watcher extends { readonly scope: WatchScope }> {
  readonly #byKey: ByName<Watcher> = new Map();
  readonly #byPrefix = new Map<number, ByName<Watcher>>();

  add(watcher: Watcher): void {
    const { scope } = watcher;
    if (scope.kind === 'key') return addTo(this.#byKey, scope.key, watcher);
    const { prefix } = scope;
    const group = this.#byPrefix.get(prefix.length) ?? new Map();
    this.#byPrefix.set(prefix.length, group);
    addTo(group, prefix, watcher);
  }

  remove(watcher: Watcher): void {
    const { scope } = watcher;
    if (scope.kind === 'key') return removeFrom(this.#byKey, scope.key, watcher);
    const { prefix } = scope;
    const group = this.#byPrefix.get(prefix.length);
    if (group === undefined) return;
    removeFrom(group, prefix, watcher);
    if (group.size === 0) this.#byPrefix.delete(prefix.length);
  }

  /** Calls `visit` for each that has `key` in its scope, once. Returns how many names were looked up. */
  visit(key: string, visit: (watcher: Watcher) => void): number {
    let lookups = 1;
    for (const watcher of this.#byKey.get(key) ?? []) visit(watcher);
    for (const [length, group] of this.#byPrefix) {
      if (length > key.length) continue;
      lookups += 1;
      for (const watcher of group.get(key.slice(0, length)) ?? []) visit(watcher);
    }
    return lookups;
  }
}

function addTo<Watcher>(group: ByName<Watcher>, name: string, watcher: Watcher): void {
  const watchers = group.get(name) ?? new Set();
  group.set(name, watchers.add(watcher));
}

function removeFrom<Watcher>(group: ByName<Watcher>, name: string, watcher: Watcher): void {
  const watchers = group.get(name);
  watchers?.delete(watcher);
  if (watchers?.size === 0) group.delete(name);
}
