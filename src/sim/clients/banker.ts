/**
 * Moves amounts between accounts, as all bankers of a run do, in transactions that hold only if
 * nobody moved anything meanwhile. Whoever reads the accounts in one transaction finds that nothing
 * was lost or made; a transaction that fails in its middle leaves nothing.
 */
import { InvariantError } from '../invariant-error.ts';
import { Caller } from './caller.ts';
import { revisionOf, type Txn, textOf } from './calls.ts';
import { type ClientsContext, TurnClient } from './context.ts';

const accounts = ['account-1', 'account-2', 'account-3'];
/** Changed by every move: its revision says whether there was one. */
const ledger = 'ledger';
/** Holds no number. */
const sign = 'sign';

const increment = (key: string, by: number) => ({ kind: 'increment', key, by, ttlMs: 0 }) as const;
const get = (key: string) => ({ kind: 'get', key }) as const;
const put = (key: string, text: string) =>
  ({
    kind: 'put',
    key,
    value: new TextEncoder().encode(text),
    contentType: 'text/plain',
    ttlMs: 0,
    session: 0,
  }) as const;

export class Banker extends TurnClient {
  readonly #caller: Caller;
  readonly #name: string;
  /** Of the ledger, as it was last told. */
  #revision = 0;
  #moves = 0;
  /** What was looked at, for a test that it is. */
  readonly looks = { moved: 0, refused: 0, broken: 0, read: 0 };

  constructor(context: ClientsContext, name: string) {
    super(context);
    this.#name = name;
    this.#caller = new Caller(context, name);
  }

  protected turn(): void {
    const roll = this.context.random.next();
    if (roll < 0.5) this.#move();
    else if (roll < 0.6) this.#fail();
    else this.#read();
  }

  #move(): void {
    const { random } = this.context;
    this.#moves += 1;
    const [from, to] = [random.pick(accounts), random.pick(accounts)];
    const amount = random.integer(1, 100);
    // One change of a key in a transaction: of one account to itself there is nothing to move.
    const moves = from === to ? [] : [increment(from, -amount), increment(to, amount)];
    const condition = this.#revision === 0 ? ('absent' as const) : this.#revision;
    const txn: Partial<Txn> = {
      compares: [{ key: ledger, condition, value: null }],
      operations: [...moves, put(ledger, `${this.#name} ${this.#moves}`)],
      otherwise: [increment('refused', 1)],
    };
    this.#caller.transact(txn, (answer) => {
      if (answer?.status === 'committed') this.looks.moved += 1;
      if (answer?.status === 'otherwise') this.looks.refused += 1;
      if (answer?.status === 'committed') this.#revision = answer.revision ?? 0;
      this.next();
    });
  }

  /** The second of its operations cannot be done, so the first must not be. */
  #fail(): void {
    const first = { operations: [put(sign, 'no number')] };
    this.#caller.transact(first, (written) => {
      if (written === null) return this.next();
      const operations = [increment(this.context.random.pick(accounts), 1000), increment(sign, 1)];
      this.#caller.transact({ operations }, (answer) => {
        if (answer?.status === 'not-a-number') this.looks.broken += 1;
        else if (answer !== null) this.#caller.violate(`a text was counted up: ${answer.status}`);
        this.next();
      });
    });
  }

  #read(): void {
    const compares = [{ key: ledger, condition: 'present', value: null } as const];
    const operations = [...accounts, ledger].map(get);
    this.#caller.transact({ compares, operations }, (answer) => {
      if (answer?.status === 'committed') this.#onRead(answer.results);
      else this.#revision = 0;
      this.next();
    });
  }

  #onRead(results: readonly string[]): void {
    this.looks.read += 1;
    const amounts = results.slice(0, accounts.length).map((shown) => Number(textOf(shown)));
    this.#revision = revisionOf(results.at(-1));
    const sum = amounts.reduce((a, b) => a + b, 0);
    if (sum !== 0) this.#caller.violate(`the accounts ${amounts.join(', ')} do not add up to 0`);
  }

  check(name: string): void {
    const { store } = this.context.world.node(name).inspect();
    const amounts = accounts.map((key) => {
      const entry = store.get(key);
      return entry === undefined ? 0 : Number(new TextDecoder().decode(entry.value));
    });
    if (amounts.reduce((a, b) => a + b, 0) === 0) return;
    throw new InvariantError('I7', `the accounts ${amounts.join(', ')} do not add up to 0`);
  }
}
