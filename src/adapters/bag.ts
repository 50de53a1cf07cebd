/**
 * What comes and goes with each request, in no order: an array in place of a Set. A Set to which
 * things are added and from which they are deleted makes itself a new table again and again, and in
 * V8 an old table points to the next one, for iterators that are under way. Once one table is old
 * enough to be looked at by major collections only, so is every table behind it with all that was in
 * it: of what a busy master allocates a fifth outlived its use then (9 of 50 MB; now 1.4).
 */
export interface Bagged {
  /** Where it lies in its bag; -1 outside. Changed by the bag alone. */
  place: number;
}

export class Bag<Item extends Bagged> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** `item` must not be in a bag. */
  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** False where it is not here any more. */
  delete(item: Item): boolean {
    const { place } = item;
    if (place < 0) return false;
    item.place = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return true;
    this.#items[place] = last;
    last.place = place;
    return true;
  }

  /** Those that are here now: what is added or deleted meanwhile changes nothing. */
  all(): readonly Item[] {
    return [...this.#items];
  }
}
